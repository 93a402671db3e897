"""What OKD's API server refuses of its own kinds although their definitions let it pass."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from afspec.verify.cluster import names
from afspec.verify.cluster.pods import mapped
from afspec.verify.cluster.schemas import Fault

if TYPE_CHECKING:
    from collections.abc import Iterator

_ANY, _MUST = "RunAsAny", "MustRunAs"
# OKD documentation, Managing security context constraints.
_STRATEGIES = {
    "runAsUser": (_MUST, "MustRunAsRange", "MustRunAsNonRoot", _ANY),
    "seLinuxContext": (_MUST, _ANY),
    "fsGroup": (_MUST, _ANY),
    "supplementalGroups": (_MUST, _ANY),
}


def route_faults(data: dict[str, Any]) -> Iterator[Fault]:
    """A Route."""
    spec = mapped(data.get("spec"))
    host, tls = spec.get("host"), mapped(spec.get("tls"))
    if host is not None and not names.is_host(host):
        yield Fault(("spec", "host"), f"{host!r} is no name of a host")
    if tls.get("termination") != "passthrough":
        return
    if spec.get("path"):
        yield Fault(("spec", "path"), "a Route that passes TLS through has no path: the router cannot see it")
    if tls.get("insecureEdgeTerminationPolicy") == "Allow":
        at = ("spec", "tls", "insecureEdgeTerminationPolicy")
        yield Fault(at, "'Allow' is not for a Route that passes TLS through: None or Redirect")


def constraint_faults(data: dict[str, Any]) -> Iterator[Fault]:
    """A SecurityContextConstraints."""
    for key, known in _STRATEGIES.items():
        kind = mapped(data.get(key)).get("type")
        if kind is not None and kind not in known:
            yield Fault((key, "type"), f"{kind!r} is none of {', '.join(known)}")

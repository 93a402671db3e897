"""AF391: services whose addresses the cluster could not publish, or not both."""

from __future__ import annotations

import re
from itertools import combinations
from typing import TYPE_CHECKING, ClassVar

from afspec.diagnostics import Severity
from afspec.facility.orchestration import Orchestrator
from afspec.rules.base import Context, Finding, Rule
from afspec.rules.onsite import Address, addresses, below, hub_pointers, told

if TYPE_CHECKING:
    from collections.abc import Iterator

    from afspec.facility import Facility
    from afspec.facility.urls import Location

# What JupyterHub's proxy serves itself, below the hub's own path (JupyterHub documentation, URL scheme).
_HUBS_OWN = ("/hub", "/user", "/services")
_NUMERIC = re.compile(r"[0-9.]+\Z")
# Kubernetes' API refuses these in an Ingress' path (Kubernetes documentation, Ingress, Path types).
_BAD_PATH = re.compile(r"//|/\.\.?(?:/|\Z)|%2[fF]|<")
_USUAL_PORTS = {"http": 80, "https": 443}
_LONGEST_HOST = 253


class AF3911(Rule):
    """Two services have one address.

    The cluster refuses the second Ingress, or its router serves one of the two to everybody: which of them depends on
    who was there first.
    """

    def check(self, facility: Facility, _: Context) -> Iterator[Finding]:
        """Give each a host or a path of its own; below a hub, /hub, /user and /services are the hub's."""
        found, hubs = addresses(facility), hub_pointers(facility)
        for one, other in combinations(found, 2):
            if one.at.host != other.at.host:
                continue
            if one.at.path == other.at.path:
                yield Finding(other.pointer, f"`{other.url}` is that of `{one.component.pointer}`, too")
                continue
            for hub, service in ((one, other), (other, one)):
                if hub.component.pointer in hubs and self._taken(facility, hub, service):
                    yield Finding(service.pointer, f"`{service.at.path}` is served by `{hub.component.pointer}`")

    @staticmethod
    def _taken(facility: Facility, hub: Address, service: Address) -> bool:
        """Whether the hub serves the path itself and nobody told it to pass it on."""
        own = next((own for own in _HUBS_OWN if below(service.at.path, hub.at.path + own)), None)
        if own is None or (own == "/services" and service.component.pointer == "/dask/gateway"):
            return False
        return not told(facility, hub, service)


class AF3912(Rule):
    """Two namespaces publish under one host.

    OKD's router gives a host to the namespace that claimed it first, and refuses Routes of others for it
    ("HostAlreadyClaimed"), unless its administrator allowed that.
    """

    severity: ClassVar[Severity] = Severity.WARNING

    def check(self, facility: Facility, _: Context) -> Iterator[Finding]:
        """Give each a host of its own or both one namespace, or set the router's `namespaceOwnership`."""
        if not _is_okd(facility):
            return
        owners: dict[str, Address] = {}
        for address in addresses(facility):
            owner = owners.setdefault(address.at.host, address)
            # What has the same address is AF3911's, and a gateway below a hub is the hub's to pass on.
            behind = address.component.pointer == "/dask/gateway" and below(address.at.path, owner.at.path)
            if address.made and owner.component.namespace != address.component.namespace and not behind:
                if owner.at.path == address.at.path:
                    continue
                detail = (
                    f"`{address.at.host}` from `{address.component.namespace}`, `{owner.component.namespace}` has it"
                )
                yield Finding(address.pointer, detail)


class AF3913(Rule):
    """Path cannot be told where TLS passes through the router.

    The router does not see what it passes on: OKD refuses a Route with a path and `termination: passthrough`.
    """

    def check(self, facility: Facility, _: Context) -> Iterator[Finding]:
        """Let TLS end at the router (`edge`, `reencrypt`), or give the service a host of its own, without a path."""
        cluster = facility.orchestration
        if not _is_okd(facility) or not cluster or not cluster.ingress or cluster.ingress.termination != "passthrough":
            return
        for address in addresses(facility):
            if address.made and address.at.path:
                yield Finding(address.pointer, f"`{address.at.path}` on `{address.at.host}`")


def _is_okd(facility: Facility) -> bool:
    return facility.orchestration is not None and facility.orchestration.kind is Orchestrator.OKD


def _unfit(url: str, at: Location) -> str:
    """Why no Ingress or Route can have an address; "" if one can."""
    if "<" in at.host or "<" in url.partition("://")[2].partition("/")[0]:
        return "its host is not one name"
    if _NUMERIC.match(at.host):
        return "its host is a number, not a name"
    if len(at.host) > _LONGEST_HOST:
        return f"its host has more than {_LONGEST_HOST} characters"
    if _BAD_PATH.search(at.path) or any(mark in url for mark in "?#"):
        return "its path is more than a path"
    return ""


class AF3914(Rule):
    """Address is none that the cluster could publish.

    An Ingress or a Route has a host, which is a DNS name, and a plain path. Kubernetes refuses an IP address there, a
    placeholder, and paths with `//`, `..` or an encoded slash.
    """

    def check(self, facility: Facility, _: Context) -> Iterator[Finding]:
        """Write the service's own address as users type it: https://host/path, without a query."""
        for address in addresses(facility):
            if address.made and (why := _unfit(address.url, address.at)):
                yield Finding(address.pointer, f"`{address.url}`: {why}")


class AF3915(Rule):
    """Address has a port that no Ingress or Route listens on.

    They have no port of their own: the cluster's router listens on 80 and 443. Users go to the port that they were
    told, and nobody answers.
    """

    severity: ClassVar[Severity] = Severity.WARNING

    def check(self, facility: Facility, _: Context) -> Iterator[Finding]:
        """Leave the port out, unless something in front of the router takes it there."""
        for address in addresses(facility):
            port = address.at.port
            if address.made and port is not None and port != _USUAL_PORTS.get(address.at.scheme):
                yield Finding(address.pointer, f"port {port}")

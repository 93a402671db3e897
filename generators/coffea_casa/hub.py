"""The hub: who signs in, where it is found, when sessions end, and what must be there before."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from afspec.facility.jupyter import Limits
from afspec.generators import hub_chart
from afspec.generators.cluster import secret

from .certificates import KEYS
from .plan import GID
from .sessions import sessions

if TYPE_CHECKING:
    from collections.abc import Iterator

    from afspec.facility.common import SecretRef
    from afspec.generators.cluster import Required

    from .plan import Plan


def chart_values(plan: Plan) -> tuple[dict[str, Any], list[Required], bool]:
    """The chart's values, what must be there first, and whether nobody can sign in."""
    url = plan.casa.url.rstrip("/") if plan.casa.url and plan.at else None
    entry = hub_chart.authentication(plan.login, f"{url}/hub/oauth_callback" if url else None, plan.casa.admins)
    data = {
        "hub": _hub(plan, entry, url),
        "proxy": {"service": {"type": "ClusterIP"}},
        "ingress": hub_chart.ingress(plan.at, plan.own),
        "cull": _cull(plan.casa.limits or Limits()),
        "singleuser": sessions(plan),
        **hub_chart.on_a_sites_cluster(),
    }
    return data, list(_needs(plan, entry.secrets)), plan.login is None


def _hub(plan: Plan, entry: hub_chart.Authentication, url: str | None) -> dict[str, Any]:
    config = entry.config | {"KubeSpawner": {"gid": GID}}
    if url:
        config["JupyterHub"] = {**config["JupyterHub"], "public_url": f"{url}/"}
    found: dict[str, Any] = {"config": config}
    if plan.at and plan.at.path:
        found["baseUrl"] = f"{plan.at.path}/"
    if variables := hub_chart.from_secrets(entry.secrets, plan.own):
        found["extraEnv"] = variables
    cluster = plan.facility.orchestration
    volume = {"pvc": {"storageClassName": cluster.storage_class}} if cluster and cluster.storage_class else {}
    found["db"] = {"type": "sqlite-pvc", **volume}
    if entry.code:
        found["extraConfig"] = {"10-login": entry.code}
    return found


def _cull(limits: Limits) -> dict[str, Any]:
    """When sessions end; where the spec says nothing of it, by the chart."""
    timeout = limits.idle or limits.duration
    found: dict[str, Any] = {"enabled": True}
    if timeout:
        found |= {"timeout": timeout, "every": max(1, min(600, timeout // 2))}
    if limits.duration:
        found["maxAge"] = limits.duration
    return found


def _needs(plan: Plan, secrets: dict[str, SecretRef]) -> Iterator[Required]:
    keys: dict[str, dict[str, str]] = {}
    for reference in secrets.values():
        if at := hub_chart.in_secret(reference, plan.own):
            keys.setdefault(at.name, {})[at.key] = "the hub's client at its issuer"
    if plan.pool:
        why = "the token by which sessions send jobs to HTCondor (condor_token_create(1))"
        keys.setdefault(plan.token.name, {})[plan.token.key] = why
    if plan.casa.certificate:
        keys.setdefault(plan.casa.certificate, {}).update(dict.fromkeys(KEYS, "TLS between sessions and workers"))
    for name, found in keys.items():
        yield secret(plan.namespace, name, tuple(found), "; ".join(dict.fromkeys(found.values())))
    yield from hub_chart.ingress_needs(plan.at, plan.own, plan.namespace)

"""What is asked of a site: one question for each promise that can be put without an account.

A promise that fails is critical, best effort a warning; what is given on request may be nobody's today, and what is
only planned is nobody's, so neither is asked. Nothing is asked at an address that the spec does not have, and of
nobody who only keeps the same login as others do (CILogon, Globus).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, Literal, NamedTuple

from afspec.facility import Stance
from afspec.facility.urls import locate

if TYPE_CHECKING:
    from collections.abc import Iterator

    from afspec.facility import Capability, Facility

_SEVERITY: Final = {Stance.PROMISED: "critical", Stance.BEST_EFFORT: "warning"}
_PORTS: Final = {"http": 80, "https": 443, "dav": 80, "davs": 443}
_XROOTD: Final = re.compile(r"x?roots?")
_XROOTD_PORT: Final = 1094
# Of a page behind a login: it, the way to the login, or that one is wanted.
ANSWERS: Final = (200, 301, 302, 303, 307, 308, 401, 403)
# Of what tells how it is: nothing else.
FINE: Final = (200,)
# Names that only pods can look up (Kubernetes, DNS for Services and Pods).
_IN_CLUSTER: Final = re.compile(r"\.svc(\.|\Z)")


class Probe(NamedTuple):
    """A question.

    Attributes:
        name: unique in the site; a word.
        kind: `ssh` and `tcp` connect, `ssh` reads the server's greeting, `answers` and `fine` ask for a page.
        host, port: whom.
        url: the page's address, "" for ssh and tcp.
        severity: of a failure: critical, or warning.
        title: what it is, for people.
        pointer: the promise in the spec.
        inside: only pods of the site's cluster can ask.
    """

    name: str
    kind: Literal["ssh", "tcp", "answers", "fine"]
    host: str
    port: int
    url: str
    severity: str
    title: str
    pointer: str
    inside: bool = False

    @property
    def encrypted(self) -> bool:
        """Whether there is a certificate that may expire."""
        return self.url.startswith("https:")


def probes(facility: Facility) -> tuple[Probe, ...]:
    """Every question, in the order of the spec; an address is asked once."""
    found: dict[tuple[str, int, str], Probe] = {}
    for each in (*_ssh(facility), *_sessions(facility), *_dask(facility), *_storage(facility), *_services(facility)):
        found.setdefault((each.host, each.port, each.url), each)
    # Pages of logins come last: where one is a service's own page, the service is asked already.
    pages = {each.url.rstrip("/") for each in found.values() if each.url}
    for each in _logins(facility):
        if each.url.rstrip("/") not in pages:
            found.setdefault((each.host, each.port, each.url), each)
    return tuple(found.values())


def _page(
    capability: Capability,
    kind: Literal["answers", "fine"],
    name: str,
    url: str | None,
    *words: str,
    inside: bool = False,
) -> Iterator[Probe]:
    severity = _severity(capability)
    if severity is None or not url or "<" in url:
        return
    title, pointer = words
    place = locate(url)
    if place.scheme not in {"http", "https"}:
        return
    inside = inside or bool(_IN_CLUSTER.search(place.host))
    port = place.port or _PORTS[place.scheme]
    yield Probe(name, kind, place.host, port, url, severity, title, pointer, inside)


def _severity(capability: Capability) -> str | None:
    return _SEVERITY.get(capability.stance) if capability.stance else None


def _ssh(facility: Facility) -> Iterator[Probe]:
    """The bastion, and the hosts that are not behind it: the others cannot be seen from outside."""
    ssh = facility.access.ssh
    severity = _severity(ssh) if ssh else None
    if ssh is None or severity is None:
        return
    if gate := ssh.bastion:
        yield Probe(
            "ssh-bastion", "ssh", gate.host, gate.port, "", severity, f"SSH gateway {gate.host}", "/access/ssh/bastion"
        )
    for item in ssh.hosts:
        if item.via_bastion is True or (item.via_bastion is None and ssh.bastion):
            continue
        for host in item.hosts:
            name = f"ssh-{item.name}" if len(item.hosts) == 1 else f"ssh-{host.split('.')[0]}"
            yield Probe(name, "ssh", host, item.port, "", severity, f"SSH to {host}", f"/access/ssh/hosts/{item.name}")


def _sessions(facility: Facility) -> Iterator[Probe]:
    """Ways to a notebook: a hub that runs by the compiled files tells how it is, of others the page is asked for."""
    for item in facility.jupyter:
        title, pointer = item.title or item.name, f"/jupyter/{item.name}"
        if item.hub and item.url:
            yield from _page(item, "fine", f"jupyter-{item.name}", f"{item.url.rstrip('/')}/hub/health", title, pointer)
        else:
            yield from _page(item, "answers", f"jupyter-{item.name}", item.url, title, pointer)
    if casa := facility.services.coffea_casa:
        yield from _page(casa, "answers", "coffea-casa", casa.url, "coffea-casa", "/services/coffea_casa")


def _dask(facility: Facility) -> Iterator[Probe]:
    gateway = facility.dask.gateway if facility.dask else None
    if gateway and (url := gateway.url or gateway.internal_url):
        health, pointer = f"{url.rstrip('/')}/api/health", "/dask/gateway"
        yield from _page(gateway, "fine", "dask-gateway", health, "dask-gateway", pointer, inside=not gateway.url)


def _storage(facility: Facility) -> Iterator[Probe]:
    """Doors of caches and areas: whether somebody is there; a file is read by conformance runs, and by probe.sh."""
    storage = facility.storage
    for cache in storage.xcache if storage else ():
        yield from _door(
            cache, f"xcache-{cache.name}", cache.door, f"XCache {cache.name}", f"/storage/xcache/{cache.name}"
        )
    for area in storage.areas if storage else ():
        for side, door in (("inside", area.inside), ("outside", area.outside)):
            title, pointer = f"door of {area.name} from {side}", f"/storage/areas/{area.name}/{side}"
            yield from _door(area, f"storage-{area.name}-{side}", door, title, pointer)


def _door(capability: Capability, name: str, url: str | None, title: str, pointer: str) -> Iterator[Probe]:
    severity = _severity(capability)
    if severity is None or not url:
        return
    place = locate(url)
    port = place.port or (_XROOTD_PORT if _XROOTD.fullmatch(place.scheme) else _PORTS.get(place.scheme))
    if port and place.host:
        yield Probe(name, "tcp", place.host, port, "", severity, title, pointer)


def _services(facility: Facility) -> Iterator[Probe]:
    """Each by the page that tells how it is and wants no account."""
    services = facility.services
    for item in services.servicex:
        if item.url:
            url, pointer = f"{item.url.rstrip('/')}/servicex", f"/services/servicex/{item.name}"
            yield from _page(item, "fine", f"servicex-{item.name}", url, f"ServiceX {item.name}", pointer)
    yield from _triton(facility)
    if (reana := services.reana) and reana.url:
        yield from _page(reana, "fine", "reana", f"{reana.url.rstrip('/')}/api/ping", "REANA", "/services/reana")


def _triton(facility: Facility) -> Iterator[Probe]:
    """The server, and each model that is named: one that fails to load must not hide behind a server that is ready."""
    triton, pointer = facility.services.triton, "/services/triton"
    severity = _severity(triton) if triton else None
    if triton is None or severity is None:
        return
    if triton.http:
        url = triton.http.rstrip("/")
        yield from _page(triton, "fine", "triton", f"{url}/v2/health/ready", "Triton", pointer)
        for model in facility.monitoring.models:
            ready = f"{url}/v2/models/{model}/ready"
            yield from _page(triton, "fine", f"triton-{model}", ready, f"Triton's model {model}", pointer)
    elif triton.grpc and (found := re.fullmatch(r"([A-Za-z0-9.-]+):([0-9]{1,5})", triton.grpc)):
        inside = bool(_IN_CLUSTER.search(found[1]))
        yield Probe("triton", "tcp", found[1], int(found[2]), "", severity, "Triton (gRPC)", pointer, inside)


def _logins(facility: Facility) -> Iterator[Probe]:
    for login in facility.logins:
        title = f"page of the login {login.name}"
        yield from _page(login, "answers", f"login-{login.name}", login.url, title, f"/logins/{login.name}")

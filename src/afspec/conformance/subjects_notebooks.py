"""Selectors of logins to notebooks, of notebooks, and of Dask; those of everything else are in `subjects`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from afspec.conformance.clients.kinds import HUBS
from afspec.conformance.subjects import Subject, at, logins, selector
from afspec.facility.access import Door
from afspec.facility.quantities import format_bytes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from afspec.facility import Facility
    from afspec.facility.jupyter import Jupyter, Profile


@selector
def issuers(facility: Facility) -> Iterator[Subject]:
    """The logins whose issuer of OpenID Connect is known."""
    for subject in logins(facility):
        if issuer := subject.value.issuer_url:
            yield Subject(subject.item, subject.pointer, subject.promise, issuer, subject.keys, subject.value)


def first_hub(facility: Facility) -> Jupyter | None:
    """The hub that the logins open: the first that is offered."""
    return next((item for item in facility.jupyter if item.kind in HUBS and item.offered and item.url), None)


@selector
def hub_logins(facility: Facility) -> Iterator[Subject]:
    """The logins that open a JupyterHub, by a provider that a program can ask."""
    hub = first_hub(facility)
    for subject in logins(facility):
        login = subject.value
        if hub and Door.JUPYTER in login.opens and login.method not in {"active-directory", "ssh-key"}:
            rule = f"{login.username_claim or 'name'} without @{login.strip_domain}" if login.strip_domain else ""
            declared = rule or login.username_claim or login.method
            keys = {**subject.keys, "jupyter": hub.name}
            yield Subject(subject.item, subject.pointer, subject.promise, declared, keys, login)


@selector
def idp_logins(facility: Facility) -> Iterator[Subject]:
    """The logins to a JupyterHub that accept some identity providers, and no others."""
    for subject in hub_logins(facility):
        if accepted := subject.value.entity_ids:
            declared = ", ".join(accepted)
            yield Subject(subject.item, subject.pointer, subject.promise, declared, subject.keys, subject.value)


def pool_of_sessions(facility: Facility, jupyter: Jupyter) -> str:
    """The batch pool that sessions are jobs of: the one that is named, else the first of its scheduler; "" for none."""
    fitting = (pool.name for pool in facility.batch if pool.offered and pool.scheduler == jupyter.spawner)
    return jupyter.pool or next(fitting, "")


@selector
def jupyters(facility: Facility) -> Iterator[Subject]:
    """The ways to a notebook."""
    for item in facility.jupyter:
        # Named also where it is none: such sessions rest on no pool.
        keys = {"jupyter": item.name, "pool": pool_of_sessions(facility, item)}
        yield at(facility, f"/jupyter/{item.name}", item, item=item.name, declared=item.kind.value, **keys)


@selector
def jupyter_doors(facility: Facility) -> Iterator[Subject]:
    """What users open to get a notebook: the hub, or the page of a portal.

    A session of a portal's is asked for without its page: it does not rest on it.
    """
    for item in facility.jupyter:
        if item.url:
            key = item.name if item.kind in HUBS else f"{item.name}'s page"
            yield at(facility, f"/jupyter/{item.name}", item, item=item.name, declared=item.url, jupyter=key)


@selector
def hubs(facility: Facility) -> Iterator[Subject]:
    """The JupyterHubs."""
    for subject in jupyters(facility):
        if subject.value.kind in HUBS:
            yield subject


@selector
def image_sessions(facility: Facility) -> Iterator[Subject]:
    """The ways to a notebook in which the site's default image, and its kernel, can be used."""
    image = facility.default_image
    if image is None or image.kernel is None:
        return
    for subject in jupyters(facility):
        if subject.value.custom_image:
            declared = f"{image.kernel.name} of {image.name}"
            yield Subject(subject.item, subject.pointer, subject.promise, declared, subject.keys, subject.value)


def usual_profile(jupyter: Jupyter) -> Profile | None:
    """The session that is asked for where users have a choice: the first."""
    return jupyter.profiles[0] if jupyter.profiles else None


@selector
def session_limits(facility: Facility) -> Iterator[Subject]:
    """The ways to a notebook that say what a session may use."""
    for subject in jupyters(facility):
        limits = usual_profile(subject.value) or subject.value.limits
        if limits is not None and (limits.cpu or limits.memory):
            cores = f"{limits.cpu} cores" if limits.cpu else ""
            declared = ", ".join(filter(None, [cores, format_bytes(limits.memory) if limits.memory else ""]))
            yield Subject(subject.item, subject.pointer, subject.promise, declared, subject.keys, subject.value)


@selector
def jobqueue(facility: Facility) -> Iterator[Subject]:
    """Dask's workers as batch jobs."""
    part = facility.dask.jobqueue if facility.dask else None
    if part is None:
        return
    pool = part.pool or next((each.name for each in facility.batch if each.offered), "")
    keys = {"dask": "jobqueue"} | ({"pool": pool} if pool else {})
    keys |= {"slots": f"{pool}/{part.slots}"} if part.slots else {}
    yield at(facility, "/dask/jobqueue", part, item="jobqueue", declared=part.slots or pool, **keys)


@selector
def gateway(facility: Facility) -> Iterator[Subject]:
    """dask-gateway; its users are a hub's where it knows them by the hub."""
    part = facility.dask.gateway if facility.dask else None
    if part is None:
        return
    hub = first_hub(facility)
    keys = {"dask": "gateway", "jupyter": hub.name if hub else ""}
    yield at(facility, "/dask/gateway", part, item="gateway", declared=part.url or part.internal_url or "", **keys)


@selector
def dask_clusters(facility: Facility) -> Iterator[Subject]:
    """The ways to a Dask cluster that a program can ask for one."""
    yield from jobqueue(facility)
    yield from gateway(facility)

"""Notebooks: a session starts for the user, a kernel in it computes, it has what was declared, and it ends."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

from afspec.conformance.checks import check
from afspec.conformance.clients.hub import base_of
from afspec.conformance.clients.kinds import HUBS
from afspec.conformance.clients.pages import object_of, said
from afspec.conformance.clients.session import visit
from afspec.conformance.subjects_notebooks import usual_profile
from afspec.facility.quantities import format_bytes
from afspec.verdict import Reason

if TYPE_CHECKING:
    from afspec.conformance.probe import Probe
    from afspec.facility.jupyter import Jupyter

# A scheduler rounds up what it gives: HTCondor to 128 MB, hubs and cgroups to pages.
_ROUNDED = 256 * 1024**2


@check("AF-JUPYTER-001", "answers")
def test_answers(probe: Probe) -> None:
    """The hub's version; of a portal, the page that users open."""
    jupyter: Jupyter = probe.value
    if jupyter.kind in HUBS:
        found = object_of(probe.web(f"{base_of(jupyter)}/hub/api").get("/"), "the hub's API")
        version = str(found.get("version", ""))
        probe.expect(version, "the hub says its version", found)
        probe.note("JupyterHub", version)
        return
    if probe.run.request.twin:
        text = "the miniature renders the app and submits it, and plays no web server of the portal's"
        probe.unverified(Reason.PREREQUISITE_ABSENT, text)
    page = probe.web().get(jupyter.url or "", follow=True)
    # 401: the portal is there, and asks who comes.
    probe.expect(page.is_success or page.status_code == 401, "the page opens", f"{page.status_code} {said(page)}")  # noqa: PLR2004


@check("AF-JUPYTER-002", "computes")
def test_session_computes(probe: Probe) -> None:
    """A session of this run's, and a kernel in it that computes from a nonce."""
    jupyter: Jupyter = probe.value
    seen = visit(probe, jupyter)
    facts = seen["facts"]
    wanted = hashlib.sha256(seen["nonce"].encode()).hexdigest()
    probe.expect(facts.get("answer") == wanted, "a kernel computes from the nonce", facts.get("answer"))
    own = jupyter.hub is None or jupyter.hub.runs_as == "user"
    if own:
        probe.expect(facts.get("user") == probe.user, "it runs as the user", facts.get("user"))
    spawner = jupyter.spawner or ""
    if spawner in {"slurm", "htcondor"}:
        number = (facts.get("slurm") or facts.get("condor") or {}).get("job", "")
        probe.expect(number, "it runs in a job of the batch pool")
        probe.note("job", number)
    if not seen["own"]:
        probe.note("session", "the user's own, which ran before; it was left running")


@check("AF-JUPYTER-003", "kernel")
def test_kernel_of_the_image_is_found(probe: Probe) -> None:
    """By the session's server where that runs in the image, else by the link that the compiled setup makes there."""
    image = probe.facility.default_image
    kernel = image.kernel.name if image and image.kernel else ""
    prefix = image.prefix if image and image.prefix else "/"
    seen = visit(probe, probe.value)
    setup = seen["setup"]
    if not setup:
        probe.unverified(Reason.PREREQUISITE_ABSENT, "no user setup was compiled for this facility")
    probe.expect(setup["listed"], "Jupyter in the image lists its kernels", setup["errors"])
    names = ", ".join(sorted(setup["found"])) or "none"
    probe.expect(kernel in setup["found"], f"{kernel} is among the kernels that Jupyter finds in the image", names)
    python = str((setup["found"][kernel] or [""])[0])
    probe.expect(python.startswith(f"{prefix}/"), "it starts the image's own Python, by its whole path", python)
    if container := seen["facts"].get("container"):
        probe.note("image", container)
        probe.expect(kernel in seen["kernels"], f"the session in the image lists {kernel}", ", ".join(seen["kernels"]))
    else:
        linked = str((setup["linked"] or [""])[0])
        claim = f"a server that is not the image's own finds {kernel} in ~/.local"
        probe.expect(linked.startswith(f"{prefix}/"), claim, linked or setup["errors"])


@check("AF-JUPYTER-004", "limits")
def test_limits_are_the_declared_ones(probe: Probe) -> None:
    """Read in the session: what the scheduler gave, else what the kernel allows, else what the hub says."""
    jupyter: Jupyter = probe.value
    profile = usual_profile(jupyter)
    limits = profile or jupyter.limits
    facts = visit(probe, jupyter)["facts"]
    probe.configured("read from the batch job, the cgroup or the hub's variables in a session; not exhausted")
    memory, cores = _given(facts, "memory"), _given(facts, "cpu")
    if limits is not None and limits.memory:
        _fits(probe, "memory", memory, limits.memory, exact=profile is not None)
    if limits is not None and limits.cpu:
        where, value = cores
        probe.note("cores", f"{value} ({where})")
        good = value is not None and (value == limits.cpu if profile else value <= limits.cpu)
        probe.expect(good, f"the session has {limits.cpu} cores", f"{value} ({where})")


def _given(facts: dict[str, Any], what: str) -> tuple[str, float | None]:
    """Who limits a session, and to how much; the one that enforces it first."""
    for where in ("slurm", "condor", "cgroup", "hub"):
        value = (facts.get(where) or {}).get(what)
        if value is not None:
            return where, float(value)
    return "nobody", None


def _fits(probe: Probe, what: str, given: tuple[str, float | None], limit: int, *, exact: bool) -> None:
    where, value = given
    shown = f"{format_bytes(int(value)) if value is not None else 'no limit'} ({where})"
    probe.note(what, shown)
    good = value is not None and value <= limit + _ROUNDED and (not exact or value >= limit)
    probe.expect(good, f"the session has {format_bytes(limit)} of {what}", shown)


@check("AF-JUPYTER-005", "gone")
def test_stopped_session_is_gone(probe: Probe) -> None:
    """The session that this run started, after it was stopped."""
    seen = visit(probe, probe.value)
    gone = seen["gone"]
    if gone is None:
        text = "the user's own session runs, which is not stopped"
        probe.unverified(Reason.PREREQUISITE_ABSENT, text, "Ask again while none runs.")
    probe.expect(gone["server"], "no server is left")
    if gone["job"] is not None:
        probe.expect(gone["job"], "no job is left", f"job {gone['number']} still runs" if not gone["job"] else "")

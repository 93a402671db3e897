"""Reports, as the command line handles them: a bundle held against its spec and the catalogue, and what is made of it.

Joins the report, the spec and the catalogue, which know nothing of each other.
"""

from __future__ import annotations

import os
import shlex
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from afspec import twins
from afspec.conformance.catalogue import catalogue
from afspec.conformance.plan import make_plan, members
from afspec.conformance.rows import row
from afspec.diagnostics import AfspecError
from afspec.facility import validate
from afspec.matrix.cells import cells
from afspec.report import annotations as remarks
from afspec.report import history
from afspec.report.bundle import REPORT, SPEC, Bundle, read, references
from afspec.report.errors import ReportError
from afspec.report.html import Pages, Promised, SitePages
from afspec.report.merge import merge
from afspec.report.plain import parse
from afspec.report.ready import reported
from afspec.report.sign import Signed, signature_of
from afspec.report.verify import Due, Required, refusals
from afspec.source import Loader
from afspec.verdict import Promise

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from afspec.facility import Facility
    from afspec.report.merge import Merged
    from afspec.report.model import Report

# Rows of the published matrix, by capability of the catalogue; what it has besides comes after them.
CAPABILITIES = {
    "access": "Access",
    "login": "Federated login",
    "batch": "Batch",
    "orchestration": "Orchestration",
    "dask": "Dask",
    "jupyter": "Jupyter",
    "images": "Images",
    "software": "Software",
    "storage": "Storage",
    "xcache": "XCache",
    "coffea-casa": "Coffea-casa",
    "servicex": "ServiceX",
    "reana": "REANA",
    "gpu": "GPUs",
    "triton": "Triton",
    "agc": "Analysis Grand Challenge",
}
# What the declared matrix calls them; the others have their promises from the reports.
_DECLARED = {"login": "federated_login", "jupyter": "jupyterhub", "images": "custom_images", "gpu": "gpus"}
# In a line of what evidence has recorded.
_LONGEST = 400


@dataclass(frozen=True)
class Verified:
    """What came of verifying a bundle; no refusals: it holds."""

    bundle: Bundle
    refusals: tuple[str, ...]
    signed: Signed


def required(bundle: Bundle) -> Required:
    """What the bundle's own spec and the installed catalogue make of a report.

    Raises:
        ReportError: its spec has errors, or the catalogue has no such profile.
    """
    return required_of(facility_of(bundle), bundle.report.profile)


def required_of(facility: Facility, profile: str | None) -> Required:
    """What a facility and the installed catalogue make of a report, of one profile or of all.

    Raises:
        ReportError: the catalogue has no such profile.
    """
    known = catalogue()
    if profile is not None and profile not in known.members:
        raise ReportError(f"it is of the profile {profile!r}, which the catalogue does not have")
    plan = make_plan(facility, known, profile)
    chosen = {instance.requirement.id for instance in plan.instances}
    return Required(
        site=facility.name,
        title=facility.title,
        label=facility.label or facility.name,
        catalogue=known.sha256,
        rows=tuple(row(requirement) for requirement in known.requirements if requirement.id in chosen),
        due=tuple(
            Due(
                instance.requirement.id,
                instance.subject.item,
                instance.subject.pointer,
                instance.subject.promise,
                instance.subject.declared,
                not instance.context,
                instance.context,
                tuple((check.name, check.test) for check in instance.requirement.checks),
            )
            for instance in plan.instances
        ),
        profiles=members(facility, known),
    )


def facility_of(bundle: Bundle) -> Facility:
    """The facility that a bundle's spec describes.

    Raises:
        ReportError: the spec has errors.
    """
    try:
        # JSON is YAML (YAML 1.2.2, 1.2).
        return validate(Loader().load(str(bundle.folder / SPEC)))
    except AfspecError as error:
        first = error.diagnostics[0]
        raise ReportError(f"its spec has errors: {first.message} ({first.code} {first.pointer})".rstrip()) from error


def installed_spec(report: Report) -> dict[str, Any]:
    """The spec of a report's site, or of its twin, as it is here.

    Raises:
        AfspecError: there is none, or it has errors.
    """
    return twins.find(report.site if report.environment == "twin" else f"sites/{report.site}.yaml").data


def verify(
    folder: Path, now: dt.datetime, *, spec: str | None = None, own: bool = False, signers: Path | None = None
) -> Verified:
    """Whether a bundle holds: by itself, by the catalogue, and by the spec that is installed, or by another one.

    Args:
        folder: the bundle.
        now: the moment.
        spec: another spec that it must be about.
        own: believe its own spec, whatever is installed.
        signers: the keys that may sign; a signature that these did not make is a refusal.

    Raises:
        ReportError: it is no bundle.
        AfspecError: there is no such spec.
    """
    bundle = read(folder)
    wanted = None if own else twins.find(spec).data if spec else installed_spec(bundle.report)
    signed = signature_of(bundle, signers)
    found = refusals(bundle, required, now, wanted)
    if signed.problem:
        found.append(signed.label)
    return Verified(bundle, tuple(found), signed)


def sound(folder: Path, now: dt.datetime, signers: Path | None = None) -> Verified:
    """A bundle that may be used further.

    Raises:
        ReportError: it is none, or it does not hold.
    """
    verified = verify(folder, now, own=True, signers=signers)
    if verified.refusals:
        first, *others = verified.refusals
        more = f" (and {len(others)} more)" if others else ""
        raise ReportError(f"is refused: {first}{more}", str(folder), f"`afspec report verify {folder}` says all of it.")
    return verified


def merged(folders: Sequence[Path], now: dt.datetime) -> Merged:
    """The bundles as one report, judged now.

    Raises:
        ReportError: one of them does not hold, or they are not about the same.
    """
    bundles = [sound(folder, now).bundle for folder in folders]
    needed = members(facility_of(bundles[0]), catalogue()) if bundles else {}
    return merge(bundles, needed, now)


def pages(
    reports: Path, out: Path, now: dt.datetime, signers: Path | None = None, *, unverified: bool = False
) -> Pages:
    """What the published pages are made of: sites/*/ and twins/*/ (bundles), history/, annotations/.

    Raises:
        ReportError: a bundle does not hold, or is where it does not belong, or something beside it cannot be read.
    """
    if not reports.is_dir():
        raise ReportError("no such folder", str(reports), "It holds sites/NAME/ and twins/NAME/, each a bundle.")

    def editions(kind: str) -> tuple[SitePages, ...]:
        folders = sorted(path.parent for path in (reports / kind).glob(f"*/{REPORT}"))
        return tuple(_site_pages(folder, out, now, signers, unverified=unverified) for folder in folders)

    return Pages(
        today=now,
        capabilities=CAPABILITIES,
        sites=editions("sites"),
        twins=editions("twins"),
        history=history.read(reports / "history"),
        annotations=remarks.read(reports / "annotations"),
    )


def _site_pages(folder: Path, out: Path, now: dt.datetime, signers: Path | None, *, unverified: bool) -> SitePages:
    if unverified:
        bundle = read(folder)
        signed = signature_of(bundle, signers)
    else:
        verified = sound(folder, now, signers)
        bundle, signed = verified.bundle, verified.signed
    report = bundle.report
    return SitePages(
        report.site,
        report.label,
        report.title,
        report,
        _promises(facility_of(bundle)),
        signed.by,
        os.path.relpath(folder, out),
        {ref.file: commands(bundle, ref.file) for ref in references(report)},
        reported(bundle.spec),
    )


def _promises(facility: Facility) -> Mapping[str, Promised]:
    declared = cells(facility)
    found = {}
    for capability in CAPABILITIES:
        name = _DECLARED.get(capability, capability.replace("-", "_"))
        if name in declared:
            found[capability] = Promised(Promise(declared[name].stance), declared[name].value)
    return found


def commands(bundle: Bundle, file: str) -> tuple[str, ...]:
    """What a file of evidence has recorded as done: commands as a shell would take them, and requests."""
    data = parse(bundle.content(file), file)
    steps = data.get("steps", []) if isinstance(data, dict) else []
    found = []
    for step in steps:
        if isinstance(step, dict) and isinstance(step.get("command"), list):
            found.append(shlex.join(map(str, step["command"])))
        elif isinstance(step, dict) and "request" in step:
            found.append(str(step["request"]))
    return tuple(line if len(line) <= _LONGEST else f"{line[:_LONGEST]} [...]" for line in found)

"""What the pages are made from: reports, what was promised, the past, remarks; all of it given, none of it fetched."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from afspec.report.errors import ReportError
from afspec.verdict import Outcome

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterable, Mapping

    from afspec.report.model import Environment, Report, Result
    from afspec.verdict import Promise, Verdict

# A site's name becomes the name of a file.
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")


class PagesError(ReportError, ValueError):
    """Pages that must not be made, or must not be put where they were to go."""


@dataclass(frozen=True, slots=True)
class Promised:
    """What a site says of a capability: its stance, and the declared value as a reader wants to see it."""

    promise: Promise
    value: str = ""


@dataclass(frozen=True, slots=True)
class SitePages:
    """A site, or the twin of one: what it promised by capability, and its latest report if there is one.

    `signed_by` is who signed the report, as it was verified by the caller; empty where nobody did. `bundle` leads from
    the folder of the pages to the report's bundle, as a relative path or an http(s) address; empty where the bundle is
    not published with them. `did` says by evidence file, as its path in the bundle, which commands it has recorded.
    `reported` is what had been reported of the AGC there, in words.
    """

    name: str
    label: str
    title: str
    report: Report | None
    promises: Mapping[str, Promised] = field(default_factory=dict)
    signed_by: str = ""
    bundle: str = ""
    did: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    reported: str = ""


@dataclass(frozen=True, slots=True)
class PastRun:
    """An earlier run over a site: the verdict of every instance (requirement, item) that it asked about.

    What it did not ask is absent from `verdicts`, and is a gap in every strip that is drawn of it.
    """

    site: str
    environment: Environment
    run: str
    at: dt.datetime
    verdicts: Mapping[tuple[str, str], Verdict]
    partial: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Annotation:
    """A dated remark on a site's report (a dispute, the site's reply); it stands beside the report and edits nothing.

    `requirement` and `item` are empty where it is about all of the site, or all of the requirement's instances.
    """

    site: str
    date: dt.date
    author: str
    text: str
    requirement: str = ""
    item: str = ""
    environment: Environment = "site"


@dataclass(frozen=True, slots=True)
class Pages:
    """All that the pages show. `capabilities` gives the rows their order and titles; `today` is when ages are counted.

    Requirements of a capability that is not among them get a row of their own after these, under its bare name.
    """

    today: dt.datetime
    capabilities: Mapping[str, str]
    sites: tuple[SitePages, ...]
    twins: tuple[SitePages, ...] = ()
    history: tuple[PastRun, ...] = ()
    annotations: tuple[Annotation, ...] = ()
    title: str = "Analysis facilities: promised and proved"


def _asked(result: Result) -> bool:
    return any(check.outcome is not Outcome.NOT_RUN for check in result.checks)


def past(report: Report) -> tuple[PastRun, ...]:
    """The runs of a report as history; an instance of which no check was run is left out of its run."""
    return tuple(
        PastRun(
            report.site,
            report.environment,
            run.id,
            run.finished,
            {
                (result.requirement, result.item): result.verdict
                for result in report.results
                if result.run == run.id and _asked(result)
            },
            run.partial,
        )
        for run in report.runs
    )


def checked(pages: Pages) -> Pages:
    """The pages, if each thing is where it belongs.

    Raises:
        PagesError: a twin's report among the sites', or the reverse; a name that is no file's name, or is there twice;
            a remark on a site that is not shown.
    """
    _check_edition(pages.sites, "site")
    _check_edition(pages.twins, "twin")
    shown = {("site", site.name) for site in pages.sites} | {("twin", site.name) for site in pages.twins}
    for remark in pages.annotations:
        if (remark.environment, remark.site) not in shown:
            raise PagesError(
                f"is about the {remark.environment} {remark.site[:120]!r}, which is not shown",
                f"annotation of {remark.date} by {remark.author[:120]}",
                "Give that site's report or promises too, or leave the annotation out.",
            )
    return pages


def _check_edition(sites: Iterable[SitePages], environment: Environment) -> None:
    names: set[str] = set()
    for site in sites:
        place = f"{environment} {site.name[:120]}"
        if not _NAME.fullmatch(site.name):
            raise PagesError(
                "its name cannot be that of a page", repr(place), "Use letters, digits, '.', '_' and '-' only."
            )
        if site.name.casefold() in names:
            raise PagesError("is given twice", place, "Give its latest report only.")
        names.add(site.name.casefold())
        if site.report is not None:
            _check_report(site.report, site.name, environment, place)


def _check_report(report: Report, name: str, environment: Environment, place: str) -> None:
    if report.environment != environment:
        made = report.environment
        raise PagesError(
            f"its report was made on a {made}", place, f"A {made}'s report is shown among the {made}s and nowhere else."
        )
    if report.site != name:
        raise PagesError(f"its report is about {report.site[:120]!r}", place, "Give each site its own report.")
    known = {row.id for row in report.requirements}
    for result in report.results:
        if result.requirement not in known:
            raise PagesError(
                f"its report has a result of {result.requirement}, which it does not describe",
                place,
                "Show reports only that `afspec report verify` accepts.",
            )

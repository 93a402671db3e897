"""All that one edition of the pages shows, computed once: the sites' edition, or apart from it the twins'."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from afspec.report.attempts import utc
from afspec.report.html import faces
from afspec.report.html.cells import ABSENT, UNKNOWN, Cell, cell, promise_of
from afspec.report.html.strips import Strips, strips
from afspec.report.html.today import Seen, Standing, seen, standing

if TYPE_CHECKING:
    import datetime as dt

    from afspec.report.html.pages import Annotation, Pages, SitePages
    from afspec.report.model import Environment, Report, RequirementRow

_NO_REPORT = Standing("no report", faces.NO_REPORT, "")


@dataclass(frozen=True, slots=True)
class Column:
    """A site of the matrix with its report, as it stands today."""

    site: SitePages
    standing: Standing
    instances: list[Seen]
    by_requirement: dict[str, list[Seen]]
    by_capability: dict[str, list[Seen]]
    asked: dict[str, RequirementRow]

    @property
    def report(self) -> Report | None:
        return self.site.report

    @property
    def file(self) -> str:
        return f"site-{self.site.name}.html"


@dataclass(frozen=True, slots=True)
class Row:
    """A capability of the matrix with the requirements that ask about it, and a cell for every site."""

    title: str
    cells: list[Cell]
    requirements: list[tuple[RequirementRow, list[Cell]]]


class Edition:
    """The sites' pages, or the twins'."""

    def __init__(self, pages: Pages, environment: Environment) -> None:
        self.pages = pages
        self.environment = environment
        self.twin = environment == "twin"
        self.folder = "twins/" if self.twin else ""
        self.today: dt.datetime = utc(pages.today)
        self.columns = [_column(site, self.today) for site in (pages.twins if self.twin else pages.sites)]
        self.strips: defaultdict[str, Strips] = strips(r for r in pages.history if r.environment == environment)
        self.remarks: defaultdict[str, list[Annotation]] = defaultdict(list)
        for remark in sorted(pages.annotations, key=lambda remark: remark.date):
            if remark.environment == environment:
                self.remarks[remark.site].append(remark)

    @cached_property
    def requirements(self) -> dict[str, RequirementRow]:
        """The requirements of all reports in the order of their ids, each as the newest report has it."""
        newest: dict[str, RequirementRow] = {}
        reports = [column.report for column in self.columns if column.report]
        for report in sorted(reports, key=lambda report: utc(report.generated)):
            newest.update((row.id, row) for row in report.requirements)
        return dict(sorted(newest.items()))

    @cached_property
    def titles(self) -> dict[str, str]:
        """The capabilities in the order of the rows: those that were named, then what requirements know besides."""
        others = sorted({row.capability for row in self.requirements.values()} - set(self.pages.capabilities))
        return {**self.pages.capabilities, **{key: key for key in others}}

    def rows(self) -> list[Row]:
        """The rows of the matrix."""
        groups: defaultdict[str, list[RequirementRow]] = defaultdict(list)
        for row in self.requirements.values():
            groups[row.capability].append(row)
        return [
            Row(
                title,
                [self._capability(column, key) for column in self.columns],
                [(row, [self._requirement(column, row.id) for column in self.columns]) for row in groups[key]],
            )
            for key, title in self.titles.items()
        ]

    def _capability(self, column: Column, key: str) -> Cell:
        instances = column.by_capability.get(key, [])
        promised = column.site.promises.get(key) or promise_of(instances)
        return cell(promised, instances, self.today, faces.NOT_ASKED if column.report else faces.NO_REPORT)

    def _requirement(self, column: Column, requirement: str) -> Cell:
        instances = column.by_requirement.get(requirement)
        if instances is None:
            return ABSENT if column.report else UNKNOWN
        return cell(promise_of(instances), instances, self.today)


def _column(site: SitePages, today: dt.datetime) -> Column:
    if site.report is None:
        return Column(site, _NO_REPORT, [], {}, {}, {})
    instances = seen(site.report, today)
    asked = {row.id: row for row in site.report.requirements}
    by_requirement: defaultdict[str, list[Seen]] = defaultdict(list)
    by_capability: defaultdict[str, list[Seen]] = defaultdict(list)
    for instance in instances:
        requirement = instance.result.requirement
        by_requirement[requirement].append(instance)
        by_capability[asked[requirement].capability].append(instance)
    return Column(site, standing(site.report, instances), instances, by_requirement, by_capability, asked)

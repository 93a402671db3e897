"""From what is given to pages: a pure function, without clock, disk or network."""

from __future__ import annotations

from typing import TYPE_CHECKING

from afspec.report.html.edition import Edition
from afspec.report.html.jinja import environment
from afspec.report.html.pages import checked
from afspec.report.html.text import file_link, safe_address

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from afspec.report.html.edition import Column
    from afspec.report.html.pages import Annotation, Pages, SitePages
    from afspec.report.model import RequirementRow


def render(pages: Pages) -> Iterator[tuple[str, str]]:
    """Path and text of every page. The twins' pages are apart, below twins/, and only there.

    Raises:
        PagesError: something is not where it belongs, above all a twin's report among the sites'.
    """
    checked(pages)
    editions = [Edition(pages, "site")]
    if pages.twins:
        editions.append(Edition(pages, "twin"))
    for edition in editions:
        for path, text in _edition(edition):
            yield edition.folder + path, text


def _edition(edition: Edition) -> Iterator[tuple[str, str]]:
    made = environment()
    shared = {"edition": edition, "pages": edition.pages}
    yield "index.html", made.get_template("index.html.j2").render(shared, here="index")
    template = made.get_template("site.html.j2")
    for column in edition.columns:
        name = column.site.name
        yield (
            column.file,
            template.render(
                shared, here="site", column=column, remarks=edition.remarks[name], past=edition.strips[name].runs
            ),
        )
    template = made.get_template("requirement.html.j2")
    shared |= {"here": "requirement", "evidence_link": _evidence_link(edition), "cause_text": _cause_text}
    for row in edition.requirements.values():
        yield f"{row.id}.html", template.render(shared, **_requirement(edition, row))


def _requirement(edition: Edition, row: RequirementRow) -> dict[str, object]:
    places = [(column, column.by_requirement[row.id]) for column in edition.columns if row.id in column.by_requirement]

    def remarks_of(column: Column) -> list[Annotation]:
        return [remark for remark in edition.remarks[column.site.name] if remark.requirement == row.id]

    return {
        "row": row,
        "capability": edition.titles[row.capability],
        "places": places,
        "everything": [one for _, instances in places for one in instances],
        "remarks_of": remarks_of,
    }


def _evidence_link(edition: Edition) -> Callable[[SitePages, str], str]:
    """What gives an evidence file the address by which a page of the edition links it."""
    up = "../" * edition.folder.count("/")

    def address(site: SitePages, path: str) -> str:
        link = file_link(site.bundle, path)
        return up + link if link and not safe_address(link) and not link.startswith("/") else link

    return address


def _cause_text(column: Column, cause: str) -> str:
    """What a cause is called for readers: what was asked and why it could not be, or its id if it is unknown."""
    for known in column.report.causes if column.report else ():
        if known.id == cause:
            return f"{known.target}: {known.reason.replace('_', ' ')}"
    return cause

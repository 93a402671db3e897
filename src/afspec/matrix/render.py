"""The matrix as text, Markdown, HTML and JSON; capabilities are rows, facilities are columns."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import quote

from afspec.facility.common import UNDECLARED, Stance
from afspec.matrix.cells import COLUMNS, Cell, cells
from afspec.matrix.files import Link, implementing

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from afspec.facility import Facility

# A promise that was declared is not yet one that was kept: that needs a conformance report.
_MARKS = {
    "promised": "?",
    "best_effort": "~?",
    "on_request": "+?",
    "planned": ">",
    "not_promised": "",
    UNDECLARED: "",
}
_OFFERED = {stance.value for stance in Stance if stance.offers}
_MEANINGS = {
    "promised": "promised, not yet demonstrated",
    "best_effort": "best effort",
    "on_request": "on request",
    "planned": "planned",
    "not_promised": "not promised",
    UNDECLARED: "nothing was declared",
}


class Column(NamedTuple):
    """A facility of the matrix."""

    name: str
    label: str
    title: str
    declared_by: str
    cells: dict[str, Cell]
    links: dict[str, tuple[Link, ...]]


class Compiled(NamedTuple):
    """Compiled files that cells link to: the paths in each site's folder, and what comes before the site's name."""

    base: str
    paths: Mapping[str, Sequence[str]]


def columns(facilities: Sequence[Facility], compiled: Compiled | None = None) -> list[Column]:
    """The columns of some facilities, in their order; cells of what users may have link to what implements it."""
    return [_column(facility, compiled) for facility in facilities]


def _column(facility: Facility, compiled: Compiled | None) -> Column:
    found = cells(facility)
    paths = compiled.paths.get(facility.name, ()) if compiled else ()
    links = {
        key: implementing(key, facility.name, paths, compiled.base)
        for key, cell in found.items()
        if compiled and cell.stance in _OFFERED and _is_implemented(facility, key)
    }
    label = facility.label or facility.name
    declared = facility.declared_by.replace("_", " ")
    return Column(facility.name, label, facility.title, declared, found, links)


def _is_implemented(facility: Facility, key: str) -> bool:
    """Whether files of a capability do what it says: a hub that nobody can sign in to implements no login."""
    federated = [login for login in facility.logins if login.federated and login.offered]
    return key != "federated_login" or any(not login.lacking for login in federated)


def _plain(cell: Cell) -> str:
    if cell.stance == UNDECLARED:
        return "."
    return f"{cell.value} {_MARKS[cell.stance]}".rstrip()


def _legend(used: set[str]) -> str:
    marks = [f"{mark} = {_MEANINGS[key]}" for key, mark in _MARKS.items() if mark and key in used]
    marks += ["no = not promised"] if "not_promised" in used else []
    marks += [". = nothing was declared"] if UNDECLARED in used else []
    return "   ".join(marks)


def _text(table: list[Column]) -> str:
    rows = [["", *(column.label for column in table)]]
    rows += [[title, *(_plain(column.cells[key]) for column in table)] for key, title in COLUMNS.items()]
    widths = [max(len(row[index]) for row in rows) for index in range(len(rows[0]))]
    lines = ["   ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    lines.insert(1, "   ".join("-" * width for width in widths))
    used = {cell.stance for column in table for cell in column.cells.values()}
    return "\n".join([*lines, "", _legend(used)]) + "\n"


def _said(cell: Cell) -> str:
    if cell.stance == UNDECLARED:
        return UNDECLARED
    return f"{cell.value} ({_MEANINGS[cell.stance]})" if cell.stance in {"best_effort", "on_request"} else cell.value


def _markdown(table: list[Column]) -> str:
    def safe(text: str) -> str:
        return text.replace("\\", "\\\\").replace("|", "\\|").replace("<", "&lt;").replace("`", "\\`")

    def linked(text: str, links: Sequence[Link]) -> str:
        if not links:
            return text
        others = "".join(f" [{number}]({address(link)})" for number, link in enumerate(links[1:], 2))
        return f"[{text}]({address(links[0])}){others}"

    def address(link: Link) -> str:
        return quote(link.address, safe="/:")

    lines = ["| Capability | " + " | ".join(safe(column.label) for column in table) + " |"]
    lines.append("| :-- |" + " :-: |" * len(table))
    for key, title in COLUMNS.items():
        row = [linked(safe(_said(column.cells[key])), column.links.get(key, ())) for column in table]
        lines.append(f"| {title} | {' | '.join(row)} |")
    return "\n".join([*lines, "", "Declared, not yet demonstrated. `undeclared` means that nothing was said.", ""])


def _json(table: list[Column]) -> str:
    data = {
        column.name: {
            key: {"value": cell.value, "stance": cell.stance}
            | ({"files": [link.address for link in column.links[key]]} if column.links.get(key) else {})
            for key, cell in column.cells.items()
        }
        for column in table
    }
    return json.dumps(data, indent=2) + "\n"


def _html(table: list[Column]) -> str:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined  # noqa: PLC0415 - only HTML needs it

    folder = Path(__file__).parent / "templates"
    env = Environment(
        loader=FileSystemLoader(folder),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    template = env.get_template("matrix.html.j2")
    return template.render(table=table, rows=COLUMNS, meanings=_MEANINGS, undeclared=UNDECLARED) + "\n"


FORMATS: dict[str, Callable[[list[Column]], str]] = {
    "text": _text,
    "markdown": _markdown,
    "html": _html,
    "json": _json,
}


def render_matrix(facilities: Sequence[Facility], form: str, compiled: Compiled | None = None) -> str:
    """The matrix of some facilities in one of FORMATS; JSON keys sites by name and must find them distinct.

    Where the compiled files are given, the cells link to those that implement them; text shows no links.
    """
    return FORMATS[form](columns(facilities, compiled))

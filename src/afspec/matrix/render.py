"""The matrix as text, Markdown, HTML and JSON; capabilities are rows, facilities are columns."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from afspec.facility.common import UNDECLARED
from afspec.matrix.cells import COLUMNS, Cell, cells

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

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


def columns(facilities: Sequence[Facility]) -> list[Column]:
    """The columns of some facilities, in their order."""
    return [Column(f.name, f.label or f.name, f.title, f.declared_by.replace("_", " "), cells(f)) for f in facilities]


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


def _markdown(table: list[Column]) -> str:
    def safe(text: str) -> str:
        return text.replace("\\", "\\\\").replace("|", "\\|").replace("<", "&lt;").replace("`", "\\`")

    lines = ["| Capability | " + " | ".join(safe(column.label) for column in table) + " |"]
    lines.append("| :-- |" + " :-: |" * len(table))
    for key, title in COLUMNS.items():
        row = [
            UNDECLARED
            if (cell := column.cells[key]).stance == UNDECLARED
            else f"{cell.value} ({_MEANINGS[cell.stance]})"
            if cell.stance in {"best_effort", "on_request"}
            else cell.value
            for column in table
        ]
        lines.append(f"| {title} | {' | '.join(safe(text) for text in row)} |")
    return "\n".join([*lines, "", "Declared, not yet demonstrated. `undeclared` means that nothing was said.", ""])


def _json(table: list[Column]) -> str:
    data = {
        column.name: {key: {"value": cell.value, "stance": cell.stance} for key, cell in column.cells.items()}
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


def render_matrix(facilities: Sequence[Facility], form: str) -> str:
    """The matrix of some facilities in one of FORMATS; JSON keys sites by name and must find them distinct."""
    return FORMATS[form](columns(facilities))

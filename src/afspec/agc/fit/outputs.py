"""What a fit leaves: fit.json, workspace.json, plots, and a summary for people."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np

from afspec.agc.fit.model import EDGES, POI
from afspec.agc.run.files import replace_text, unwritable

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from afspec.agc.fit.result import FitResult, Region
    from afspec.agc.plots.stack import Stack

FIT, WORKSPACE, PLOTS = "fit.json", "workspace.json", "plots"


def write(result: FitResult, folder: Path) -> list[Path]:
    """Write both JSON files; the workspace can be used with pyhf's own command line.

    Raises:
        OutputError: the folder cannot be written.
    """
    written = []
    for name, document in ((WORKSPACE, result.workspace), (FIT, result.document())):
        try:
            folder.mkdir(parents=True, exist_ok=True)
            replace_text(folder / name, json.dumps(document, indent=1) + "\n")
        except OSError as error:
            raise unwritable(folder, error) from None
        written.append(folder / name)
    return written


def draw(result: FitResult, folder: Path, source: str) -> list[Path]:
    """Draw pulls, correlations, and every region before and after the fit.

    Raises:
        AgcError: the folder cannot be written.
    """
    from afspec.agc.plots import parameters, style  # noqa: PLC0415 - matplotlib is slow to come
    from afspec.agc.plots.stack import draw as drawn  # noqa: PLC0415

    value, error = result.poi
    title = rf"{POI} = {value:.3f} $\pm$ {error:.3f}"
    shown = [result.labels.index(label) for label in (POI, *result.pulls)]
    labels = [result.labels[index] for index in shown]
    with style.drawing():
        written = style.save(parameters.pulls(result.pulls, title, source), folder, "pulls")
        matrix = result.correlation[np.ix_(shown, shown)]
        written += style.save(parameters.correlations(labels, matrix, source), folder, "correlations")
        for regions, stem, note in ((result.before, "prefit", "before the fit"), (result.after, "postfit", title)):
            for region, found in regions.items():
                written += style.save(drawn(_stack(region, found, note, source)), folder, f"{region}_{stem}")
    return written


def _stack(region: str, found: Region, note: str, source: str) -> Stack:
    from afspec.agc.plots import stack  # noqa: PLC0415

    return stack.Stack(region, EDGES, dict(found.yields), found.error, found.data, "Total uncertainty", note, source)


def summary(result: FitResult) -> Iterator[str]:
    """Lines for people."""
    value, error = result.poi
    section, section_error = result.cross_section
    interval = "" if result.interval is None else f"   (MINOS {result.interval[0]:+.3f} {result.interval[1]:+.3f})"
    yield f"{'parameter':24} {'pull':>7}   {'left':>5}"
    for name, (pull, left) in result.pulls.items():
        yield f"{name:24} {pull:+7.2f}   {left:5.2f}  {_gauge(pull, left)}"
    yield ""
    yield f"{POI} = {value:.3f} +- {error:.3f}{interval}"
    yield f"ttbar cross section = {section:.0f} +- {section_error:.0f} pb"
    yield f"goodness of fit: p = {result.goodness:.3f} (saturated model)"
    for note in result.notes:
        yield f"note: {note}"


def _gauge(pull: float, left: float, width: int = 33) -> str:
    """A pull with its uncertainty on a line from -2 to 2."""
    cells = [" "] * width
    for at in (-1.0, 0.0, 1.0):
        cells[_cell(at, width)] = "."
    for index in range(_cell(pull - left, width), _cell(pull + left, width) + 1):
        cells[index] = "-"
    cells[_cell(pull, width)] = "o"
    return f"|{''.join(cells)}|"


def _cell(value: float, width: int) -> int:
    return min(width - 1, max(0, round((value + 2.0) / 4.0 * (width - 1))))

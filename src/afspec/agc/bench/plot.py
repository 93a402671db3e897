"""Where the time goes, and how far from the floor that is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from afspec.agc.plots import style

if TYPE_CHECKING:
    from pathlib import Path

    from matplotlib.axes import Axes

    from afspec.agc.bench.report import Report

_COLOURS: Final = {
    "open": style.VIOLET,
    "read": style.PURPLE,
    "decompress": style.BLUE,
    "kernel": style.ORANGE,
    "other": style.GREY,
}


def draw(report: Report, folder: Path, stem: str = "bench") -> list[Path]:
    """Write the plot, as PNG and SVG; its files.

    Raises:
        AgcError: the folder cannot be written.
    """
    with style.drawing():
        figure = style.figure(9.0, 1.9 + 0.55 * len(report.figures))
        time, rate = figure.subplots(1, 2, sharey=True, width_ratios=(3, 2))
        _time(time, report)
        _rate(rate, report)
        time.set_yticks(range(len(report.figures)), [each.case for each in report.figures])
        time.invert_yaxis()
        for axes in (time, rate):
            axes.tick_params(axis="y", which="both", left=False, right=False)
        return style.save(figure, folder, stem)


def _time(axes: Axes, report: Report) -> None:
    for row, figures in enumerate(report.figures):
        left = 0.0
        for part, length in figures.parts.items():
            axes.barh(row, length, left=left, height=0.6, color=_COLOURS[part], label=part if row == 0 else None)
            left += length
        if figures.floor is not None:
            axes.vlines(1e9 / figures.floor, row - 0.4, row + 0.4, color=style.INK, label="floor" if row == 0 else "")
    axes.set_xlabel("CPU time an event [ns]")
    axes.set_title("Where the time goes", loc="left")
    axes.figure.legend(loc="outside lower center", ncols=6)


def _rate(axes: Axes, report: Report) -> None:
    most = max(each.floor or each.rate for each in report.figures) / 1e6
    for row, figures in enumerate(report.figures):
        axes.barh(row, figures.rate / 1e6, height=0.6, color=style.BLUE)
        share = "" if figures.of_floor is None else f", {figures.of_floor:.0%} of the floor"
        text = f"{figures.rate / 1e6:.2f} MHz{share}"
        # Beside the bar if there is room, or else in it.
        beside = figures.rate / 1e6 < most / 2
        place = figures.rate / 1e6 + 0.02 * most if beside else 0.02 * most
        box = {"facecolor": "white", "edgecolor": "none", "pad": 1.0} if beside else None
        axes.text(place, row, text, va="center", color=style.INK if beside else "white", fontsize=8, bbox=box, zorder=3)
        if figures.floor is not None:
            axes.vlines(figures.floor / 1e6, row - 0.4, row + 0.4, color=style.INK)
    axes.set_xlim(0, 1.1 * most)
    axes.set_xlabel("Events a second of one core [MHz]")
    axes.set_title("Rate, and the floor's", loc="left")

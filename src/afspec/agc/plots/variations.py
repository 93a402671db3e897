"""What each systematic variation does to a process: its shapes over each other, and their ratios to the nominal one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
from matplotlib.ticker import MaxNLocator

from afspec.agc.plots import style
from afspec.agc.plots.uncertainty import inner
from afspec.agc.ttbar.samples import NOMINAL, histogram_name

if TYPE_CHECKING:
    from collections.abc import Mapping

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from numpy.typing import NDArray

    from afspec.agc.histogram import Histogram

_PROCESS: Final = "ttbar"
# A panel each: its name, and of each line the variation, what it is called, its colour and its dashes.
_PANELS: Final = (
    (
        "Jet energy",
        (
            ("pt_scale_up", "JES up", style.RED, "-"),
            ("pt_res_up", "JER up", style.BLUE, "--"),
        ),
    ),
    (
        "b-tag",
        tuple(
            (f"btag_var_{jet}_{way}", f"jet {jet + 1} {way}", colour, line)
            for jet, colour in enumerate((style.RED, style.BLUE, style.ORANGE, style.PURPLE))
            for way, line in (("up", "-"), ("down", "--"))
        ),
    ),
    (
        "Generator",
        (
            ("ME_var", "ME variation", style.ORANGE, "-"),
            ("PS_var", "PS variation", style.VIOLET, "--"),
        ),
    ),
    (
        "Scales",
        (
            ("scaleup", "up", style.RED, "-"),
            ("scaledown", "down", style.BLUE, "--"),
        ),
    ),
)
# Over each other in the large panel: those that change shapes most.
_LARGE: Final = ("Generator",)
# Of the fullest bin: ratios of emptier ones are noise, drawn but not what sets the scale.
_FULL_ENOUGH: Final = 0.05


def draw(histograms: Mapping[str, Histogram], region: str, source: str) -> Figure | None:
    """The figure of a region's ttbar, None where there is no variation to show; within style.drawing()."""
    name = histogram_name(region, _PROCESS, NOMINAL)
    if name not in histograms:
        return None
    panels = [(title, found) for title, lines in _PANELS if (found := _found(histograms, region, lines))]
    if not panels:
        return None
    nominal = histograms[name]
    made = style.figure(6.4, 3.4 + 1.45 * len(panels))
    grid = made.add_gridspec(1 + len(panels), 1, height_ratios=(2.6, *(1.0 for _ in panels)), hspace=0.0)
    main = made.add_subplot(grid[0])
    _main(main, nominal, region)
    every = [main]
    for index, (title, found) in enumerate(panels):
        axes = made.add_subplot(grid[1 + index], sharex=main)
        _ratios(axes, nominal, title, found)
        every.append(axes)
        for label, values, colour, line in found:
            if title in _LARGE:
                main.stairs(values, nominal.edges, color=colour, linestyle=line, linewidth=1.1, label=label)
    style.head(main, source)
    main.legend(loc="upper right", fontsize=8.5)
    for axes in every[:-1]:
        axes.tick_params(labelbottom=False)
    every[-1].set_xlabel(style.AXES[region], loc="right")
    main.set_xlim(nominal.edges[0], nominal.edges[-1])
    made.align_ylabels(every)
    return made


def _found(
    histograms: Mapping[str, Histogram], region: str, lines: tuple[tuple[str, str, str, str], ...]
) -> list[tuple[str, NDArray[np.float64], str, str]]:
    return [
        (label, inner(histograms[name].contents), colour, line)
        for variation, label, colour, line in lines
        if (name := histogram_name(region, _PROCESS, variation)) in histograms
    ]


def _main(axes: Axes, nominal: Histogram, region: str) -> None:
    values = inner(nominal.contents)
    width = nominal.edges[1] - nominal.edges[0]
    label = rf"{style.PROCESSES[_PROCESS][0]} nominal"
    axes.stairs(values, nominal.edges, color=style.INK, linewidth=1.4, label=label, zorder=3)
    if nominal.variances is not None:
        error = np.sqrt(inner(nominal.variances))
        axes.stairs(
            values + error, nominal.edges, baseline=values - error, fill=True, color=style.GREY, alpha=0.5,
            label="simulated statistics",
        )  # fmt: skip
    axes.set_ylim(0.0, 1.5 * float(np.max(values, initial=1.0)))
    axes.yaxis.set_major_locator(MaxNLocator(5, prune="lower"))
    axes.set_ylabel(f"Events / {width:.0f} GeV", loc="top")
    axes.text(0.035, 0.95, style.REGIONS[region], transform=axes.transAxes, va="top", fontsize=9)


def _ratios(axes: Axes, nominal: Histogram, title: str, found: list[tuple[str, NDArray[np.float64], str, str]]) -> None:
    values = inner(nominal.contents)
    known = values > 0.0
    full = values > _FULL_ENOUGH * np.max(values, initial=0.0)
    safe = np.where(known, values, 1.0)
    span = [0.02]
    if nominal.variances is not None:
        error = np.where(known, np.sqrt(inner(nominal.variances)) / safe, 0.0)
        axes.stairs(1.0 + error, nominal.edges, baseline=1.0 - error, fill=True, color=style.GREY, alpha=0.5)
        span.extend(error[full])
    for label, varied, colour, line in found:
        ratio = np.where(known, varied / safe, np.nan)
        axes.stairs(ratio, nominal.edges, baseline=None, color=colour, linestyle=line, linewidth=1.1, label=label)
        span.extend(np.abs(ratio[full] - 1.0))
    half = min(1.6 * max(span), 1.0)
    axes.axhline(1.0, color=style.INK, linewidth=0.7)
    axes.set_ylim(1.0 - half, 1.0 + half)
    axes.yaxis.set_major_locator(MaxNLocator(4, prune="both"))
    axes.set_ylabel(f"{title}\nvar. / nom.", fontsize=8.5)
    axes.legend(
        loc="lower left" if title == "Generator" else "upper left",
        ncols=4,
        fontsize=7,
        columnspacing=1.0,
        handlelength=1.8,
        labelspacing=0.2,
    )

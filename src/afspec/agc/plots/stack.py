"""A stack of processes with data points over it, and their ratio beneath."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
from matplotlib.ticker import MaxNLocator

from afspec.agc.plots import style

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from numpy.typing import NDArray

# The ratio's axis reaches at least so far from 1.
_LEAST: Final = 0.08
# Of the median bin.
_FULL_ENOUGH: Final = 0.2


@dataclass(frozen=True, slots=True)
class Stack:
    """What is drawn of a region.

    Attributes:
        region: 4j1b or 4j2b.
        edges: float64[bins + 1], GeV, evenly spaced.
        layers: of each process, events in bins, without flow.
        error: float64[bins], uncertainty of the layers' sum.
        points: float64[bins], (pseudo-)data; None where there are none.
        band: what the uncertainty is made of, for the legend.
        note: a second line under the region's name.
        source: what the events are.
    """

    region: str
    edges: NDArray[np.float64]
    layers: dict[str, NDArray[np.float64]]
    error: NDArray[np.float64]
    points: NDArray[np.float64] | None
    band: str
    note: str = ""
    source: str = style.OPEN_DATA

    @property
    def total(self) -> NDArray[np.float64]:
        """float64[bins], the layers' sum."""
        return np.asarray(np.sum(list(self.layers.values()), axis=0), np.float64)


def draw(stack: Stack) -> Figure:
    """The figure of a stack; to be called and saved within style.drawing()."""
    made = style.figure(6.4, 6.4)
    grid = made.add_gridspec(2, 1, height_ratios=(3.2, 1.0), hspace=0.0)
    main = made.add_subplot(grid[0])
    ratio = made.add_subplot(grid[1], sharex=main)
    _main(main, stack)
    _ratio(ratio, stack)
    main.tick_params(labelbottom=False)
    ratio.set_xlabel(style.AXES[stack.region], loc="right")
    ratio.set_xlim(stack.edges[0], stack.edges[-1])
    made.align_ylabels([main, ratio])
    return made


def _main(axes: Axes, stack: Stack) -> None:
    width = stack.edges[1] - stack.edges[0]
    below = np.zeros(len(stack.error))
    for process, (label, colour) in style.PROCESSES.items():
        if process in stack.layers:
            above = below + stack.layers[process]
            axes.stairs(above, stack.edges, baseline=below, fill=True, color=colour, label=label, linewidth=0)
            axes.stairs(above, stack.edges, color=style.INK, linewidth=0.5)
            below = above
    _band(axes, stack.edges, below, stack.error, stack.band)
    highest = float(np.max(below + stack.error, initial=1.0))
    if stack.points is not None:
        _points(axes, stack.edges, stack.points, np.sqrt(np.abs(stack.points)), "Pseudodata")
        highest = max(highest, float(np.max(stack.points)))
    axes.set_ylim(0.0, 1.42 * highest)
    axes.yaxis.set_major_locator(MaxNLocator(6, prune="lower"))
    axes.set_ylabel(f"Events / {width:.0f} GeV", loc="top")
    style.head(axes, stack.source)
    text = style.REGIONS[stack.region] + (f"\n{stack.note}" if stack.note else "")
    axes.text(0.035, 0.965, text, transform=axes.transAxes, va="top", fontsize=9)
    handles, labels = axes.get_legend_handles_labels()
    axes.legend(handles[::-1], labels[::-1], loc="upper right", fontsize=8.5, handlelength=1.6, labelspacing=0.35)


def _ratio(axes: Axes, stack: Stack) -> None:
    total = stack.total
    known = total > 0.0
    safe = np.where(known, total, 1.0)
    error = np.where(known, stack.error / safe, 0.0)
    _band(axes, stack.edges, np.ones(len(total)), error, None)
    span = [_LEAST]
    if stack.points is not None:
        seen = known & (stack.points > 0.0)
        value = np.where(seen, stack.points / safe, np.nan)
        _points(axes, stack.edges, value, np.sqrt(np.abs(stack.points)) / safe, None)
        span.extend(np.abs(value[seen] - 1.0))
    # Bins with hardly an event in them would set the scale for all.
    full = known & (total > _FULL_ENOUGH * np.median(total[known])) if known.any() else known
    span.extend(1.1 * error[full])
    half = min(max(span) * 1.15, 1.0)
    axes.axhline(1.0, color=style.INK, linewidth=0.7)
    axes.set_ylim(1.0 - half, 1.0 + half)
    axes.yaxis.set_major_locator(MaxNLocator(4, prune="upper"))
    axes.set_ylabel("Pseudodata / model" if stack.points is not None else "Uncertainty", fontsize=9)


def _points(
    axes: Axes,
    edges: NDArray[np.float64],
    values: NDArray[np.float64],
    errors: NDArray[np.float64],
    label: str | None,
) -> None:
    centres = (edges[1:] + edges[:-1]) / 2.0
    shown = np.isfinite(values) & (values != 0.0)
    style_of = {"fmt": "o", "color": "black", "markersize": 3.6, "elinewidth": 0.9}
    axes.errorbar(centres[shown], values[shown], yerr=errors[shown], label=label, **style_of)  # type: ignore[arg-type]


def _band(
    axes: Axes, edges: NDArray[np.float64], middle: NDArray[np.float64], error: NDArray[np.float64], label: str | None
) -> None:
    axes.stairs(
        middle + error,
        edges,
        baseline=middle - error,
        fill=True,
        facecolor="none",
        edgecolor=style.INK,
        hatch="//////",
        linewidth=0,
        label=label,
    )

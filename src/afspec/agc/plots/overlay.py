"""A histogram and its reference over each other, and their ratio."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.ticker import MaxNLocator

from afspec.agc.plots import style
from afspec.agc.plots.uncertainty import inner
from afspec.agc.ttbar import task

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.figure import Figure

    from afspec.agc.histogram import Histogram


def draw(name: str, got: Histogram, expected: Histogram, marked: Sequence[tuple[float, float]]) -> Figure:
    """The figure of a comparison; ranges that are marked (GeV) are shaded. To be called within style.drawing()."""
    made = style.figure(6.4, 5.4)
    grid = made.add_gridspec(2, 1, height_ratios=(2.6, 1.0))
    main = made.add_subplot(grid[0])
    ratio = made.add_subplot(grid[1], sharex=main)
    low, high = float(expected.edges[0]), float(expected.edges[-1])
    for axes in (main, ratio):
        for first, last in marked:
            axes.axvspan(max(first, low), min(last, high), color=style.ORANGE, alpha=0.25, linewidth=0)
    main.stairs(inner(expected.contents), expected.edges, color=style.INK, linewidth=1.4, label="reference")
    main.stairs(inner(got.contents), got.edges, color=style.RED, linewidth=1.2, linestyle="--", label="this")
    main.set_title(name, loc="left", fontweight="bold")
    main.legend(loc="upper right")
    main.set_ylabel("Events / bin", loc="top")
    main.tick_params(labelbottom=False)
    if got.contents.shape == expected.contents.shape:
        below = inner(expected.contents)
        with np.errstate(invalid="ignore", over="ignore"):
            value = np.where(below != 0.0, inner(got.contents) / np.where(below != 0.0, below, 1.0), np.nan) - 1.0
        ratio.stairs(value, expected.edges, baseline=None, color=style.RED, linewidth=1.2)
        half = 1.2 * float(np.max(np.abs(value), initial=0.0, where=np.isfinite(value)))
        # Differences may be of the order of rounding.
        ratio.set_ylim(*((-half, half) if half > 0.0 else (-1.0, 1.0)))
        ratio.ticklabel_format(axis="y", scilimits=(-3, 3))
    ratio.axhline(0.0, color=style.INK, linewidth=0.7)
    ratio.yaxis.set_major_locator(MaxNLocator(4, prune="upper"))
    ratio.set_ylabel("this / ref. - 1", fontsize=9)
    region = next((each for each in task.REGIONS if name.startswith(f"{each}_")), None)
    ratio.set_xlabel(style.AXES[region] if region else "GeV", loc="right")
    main.set_xlim(low, high)
    made.align_ylabels([main, ratio])
    return made

"""What a fit says of its parameters: pulls and constraints, and how they go together."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from afspec.agc.plots import style

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from matplotlib.figure import Figure
    from numpy.typing import NDArray

# Cells stronger than this have light numbers.
_DARK: Final = 0.65


def pulls(values: Mapping[str, tuple[float, float]], title: str, source: str) -> Figure:
    """Of each source how far it moved and what is left of its uncertainty, in units of that before the fit."""
    made = style.figure(6.4, 1.3 + 0.3 * len(values))
    axes = made.add_subplot()
    places = np.arange(len(values))[::-1]
    reach = max([2.0, *(abs(value) + error for value, error in values.values())])
    axes.axvspan(-2, 2, color=style.ORANGE, alpha=0.18, linewidth=0)
    axes.axvspan(-1, 1, color=style.BLUE, alpha=0.22, linewidth=0)
    axes.axvline(0.0, color=style.INK, linewidth=0.7, linestyle="--")
    middle, error = np.array(list(values.values())).T
    axes.errorbar(middle, places, xerr=error, fmt="o", color="black", markersize=4.5, elinewidth=1.3)
    for place, value, left in zip(places, middle, error, strict=True):
        text = f"{value:+.2f} $\\pm$ {left:.2f}"
        axes.text(1.015, place, text, transform=axes.get_yaxis_transform(), va="center", fontsize=8)
    axes.set_yticks(places, list(values))
    axes.tick_params(axis="y", which="both", length=0)
    axes.set_ylim(-0.7, len(values) - 0.3)
    axes.set_xlim(-1.1 * reach, 1.1 * reach)
    axes.set_xlabel(r"$(\hat{\theta} - \theta_0) / \Delta\theta$", loc="right")
    axes.set_title(source, loc="left", fontweight="bold")
    axes.set_title(title, loc="right")
    return made


def correlations(labels: Sequence[str], matrix: NDArray[np.float64], source: str) -> Figure:
    """A matrix of coefficients in per cent; those below one half of one are left blank."""
    size = len(labels)
    made = style.figure(2.6 + 0.46 * size, 1.9 + 0.42 * size)
    axes = made.add_subplot()
    image = axes.imshow(matrix, cmap="RdBu", vmin=-1.0, vmax=1.0)
    for row in range(size):
        for column in range(size):
            value = matrix[row, column]
            if abs(value) >= 0.005:  # noqa: PLR2004 - half a per cent
                colour = "white" if abs(value) > _DARK else style.INK
                text = f"{100 * value:.0f}"
                axes.text(column, row, text, ha="center", va="center", fontsize=7.5, color=colour)
    axes.set_xticks(range(size), labels, rotation=45, ha="right", rotation_mode="anchor")
    axes.set_yticks(range(size), labels)
    axes.tick_params(which="both", length=0)
    axes.set_title(source, loc="left", fontweight="bold")
    axes.set_title("Correlations [%]", loc="right")
    made.colorbar(image, ax=axes, shrink=0.8, pad=0.02)
    return made

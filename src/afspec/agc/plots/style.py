"""Colours, labels and files of plots: the same bytes for the same figures, written whole or not at all."""

from __future__ import annotations

import io
import os
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

import matplotlib as mpl
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from afspec.agc.errors import AgcError
from afspec.agc.ttbar.samples import LUMINOSITY

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from matplotlib.axes import Axes

# Petroff's cycles of six and ten, arXiv:2107.02270: told apart with any colour vision, and in grey.
BLUE, ORANGE, RED, PURPLE, GREY, VIOLET = "#5790fc", "#f89c20", "#e42536", "#964a8b", "#9c9ca1", "#7a21dd"
INK: Final = "#222222"

# From the bottom of a stack to its top: what is small and what is background lies beneath the signal.
PROCESSES: Final = {
    "single_top_s_chan": ("Single top, s channel", VIOLET),
    "single_top_t_chan": ("Single top, t channel", PURPLE),
    "single_top_tW": ("Single top, tW", GREY),
    "wjets": ("W+jets", ORANGE),
    "ttbar": (r"$\mathrm{t\bar{t}}$", BLUE),
}
AXES: Final = {"4j1b": r"$H_\mathrm{T}$ [GeV]", "4j2b": r"$m_\mathrm{bjj}$ [GeV]"}
REGIONS: Final = {
    "4j1b": r"4j1b: 1 lepton, $\geq$ 4 jets, exactly 1 b-tag",
    "4j2b": r"4j2b: 1 lepton, $\geq$ 4 jets, $\geq$ 2 b-tags",
}
OPEN_DATA: Final = "CMS Open Data"

_SETTINGS: Final[dict[Any, Any]] = {
    "font.family": "DejaVu Sans",
    "font.size": 10.0,
    "mathtext.fontset": "dejavusans",
    "axes.titlesize": 10.0,
    "axes.linewidth": 0.9,
    "axes.edgecolor": INK,
    "axes.labelcolor": INK,
    "text.color": INK,
    "xtick.direction": "in",
    "ytick.direction": "in",
    "xtick.top": True,
    "ytick.right": True,
    "xtick.minor.visible": True,
    "ytick.minor.visible": True,
    "legend.frameon": False,
    "hatch.linewidth": 0.6,
    # Names of elements follow from this and from what is drawn, not from chance.
    "svg.hashsalt": "afspec",
    "path.simplify": False,
}
_DPI: Final = 160
# Decimal places of a panel's corners, in units of the figure.
_PLACES: Final = 6


@contextmanager
def drawing() -> Iterator[None]:
    """Matplotlib's defaults and these settings, whatever the user's are."""
    with mpl.rc_context():
        mpl.rcdefaults()
        mpl.rcParams.update(_SETTINGS)
        yield


def figure(width: float, height: float) -> Figure:
    """An empty figure, inches, that no window or global state knows of."""
    made = Figure(figsize=(width, height))
    made.set_layout_engine("constrained", hspace=0.0, h_pad=0.03, w_pad=0.05)
    FigureCanvasAgg(made)
    return made


def head(axes: Axes, source: str) -> None:
    """What the events are and how many collisions they stand for, over a panel."""
    axes.set_title(source, loc="left", fontweight="bold")
    axes.set_title(rf"{LUMINOSITY:.0f} pb$^{{-1}}$, $\sqrt{{s}}$ = 13 TeV", loc="right")


def save(made: Figure, folder: Path, stem: str) -> list[Path]:
    """Write a figure as PNG and SVG; each file is the old one or the new one, never a part.

    Raises:
        AgcError: the folder cannot be written.
    """
    _settle(made)
    written = []
    for form, metadata in (("png", {"Software": None}), ("svg", {"Date": None, "Creator": None})):
        buffer = io.BytesIO()
        made.savefig(buffer, format=form, dpi=_DPI, metadata=metadata)
        path = folder / f"{stem}.{form}"
        new = path.with_name(f"{path.name}.new")
        try:
            folder.mkdir(parents=True, exist_ok=True)
            new.write_bytes(buffer.getvalue())
            os.replace(new, path)  # noqa: PTH105 - as everywhere in afspec
        except OSError as error:
            raise AgcError(f"cannot write {path}: {error.strerror}", "Choose another folder") from None
        written.append(path)
    return written


def _settle(made: Figure) -> None:
    """Lay the panels out, and round where they lie: the last bits of the layout's solver are not always the same."""
    made.draw_without_rendering()
    made.set_layout_engine("none")
    for axes in made.axes:
        left, bottom, width, height = axes.get_position(original=True).bounds
        axes.set_position((round(left, _PLACES), round(bottom, _PLACES), round(width, _PLACES), round(height, _PLACES)))

"""Plots of templates as the field draws them: stacks with pseudodata, and what each systematic variation does."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from afspec.agc.ttbar import task

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from afspec.agc.histogram import Histogram


def templates(
    histograms: Mapping[str, Histogram], folder: Path, *, source: str = "CMS Open Data", note: str = ""
) -> list[Path]:
    """Draw the ttbar analysis's regions: a stack each, and one of the variations where there are any.

    Arguments:
        histograms: by upstream's names, normalised; those that are missing are left out.
        folder: made where it is missing; files are NAME.png and NAME.svg, the same bytes for the same histograms.
        source: what the events are, printed at the upper left.
        note: a line under the region's name.

    Raises:
        AgcError: the folder cannot be written.
    """
    # Matplotlib takes a second: only those who draw wait for it.
    from afspec.agc.plots import stack, style, uncertainty, variations  # noqa: PLC0415

    written: list[Path] = []
    for region in task.REGIONS:
        processes = uncertainty.nominal(histograms, region)
        if not processes:
            continue
        pseudodata = histograms.get(f"{region}_pseudodata")
        with style.drawing():
            drawn = stack.Stack(
                region,
                next(iter(processes.values())).edges,
                {process: uncertainty.inner(each.contents) for process, each in processes.items()},
                uncertainty.total_error(histograms, region),
                None if pseudodata is None else uncertainty.inner(pseudodata.contents),
                "Stat. + syst. uncertainty",
                note,
                source,
            )
            written += style.save(stack.draw(drawn), folder, f"{region}_stack")
            if (varied := variations.draw(histograms, region, source)) is not None:
                written += style.save(varied, folder, f"{region}_variations")
    return written


def overlays(
    pairs: Mapping[str, tuple[Histogram, Histogram, Sequence[tuple[float, float]]]], folder: Path
) -> list[Path]:
    """Draw histograms over their references: by name, what was got, what is expected, and ranges (GeV) to shade.

    Raises:
        AgcError: the folder cannot be written.
    """
    from afspec.agc.plots import overlay, style  # noqa: PLC0415

    written: list[Path] = []
    for name, (got, expected, marked) in pairs.items():
        with style.drawing():
            # Names come from files.
            stem = re.sub(r"[^\w.+-]", "_", name).lstrip(".") or "_"
            written += style.save(overlay.draw(name, got, expected, marked), folder, stem)
    return written

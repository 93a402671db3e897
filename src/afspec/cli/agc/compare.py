"""The command `afspec agc compare`."""

from __future__ import annotations

import json
import math
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from collections.abc import Mapping

    from afspec.agc.compare import Comparison
    from afspec.agc.histogram import Histogram

_DIFFERS = 1
# Figures of one comparison.
_DRAWN = 12


@click.command()
@click.argument("histograms", type=click.Path(path_type=Path), metavar="HISTOGRAMS.json")
@click.option("--reference", required=True, type=click.Path(path_type=Path), metavar="REFERENCE.json")
@click.option(
    "--rtol",
    type=click.FloatRange(min=0.0),
    default=None,
    help="How far a bin may be off, relative to the reference (default: 1e-5, as upstream).",
)
@click.option(
    "--migration",
    type=click.FloatRange(min=0.0),
    default=None,
    metavar="EVENTS",
    help="How many weighted events a bin may lose to its neighbours (default: 2, as upstream).",
)
@click.option(
    "--exact",
    type=click.FloatRange(min=0.0),
    default=None,
    metavar="RTOL",
    help="Every bin and variance of every histogram within RTOL, no migration, the same names.",
)
@click.option(
    "--include-pt-res/--skip-pt-res",
    default=None,
    help="Contents of pt_res_up too: upstream's come from unseeded random numbers (default: only with --exact).",
)
@click.option("--plots", type=click.Path(path_type=Path), metavar="DIR", help="Draw those that differ over each other.")
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
@click.option("-v", "--verbose", is_flag=True, help="Show every histogram and group of bins.")
def compare(
    *,
    histograms: Path,
    reference: Path,
    rtol: float | None,
    migration: float | None,
    exact: float | None,
    plots: Path | None,
    include_pt_res: bool | None,
    as_json: bool,
    verbose: bool,
) -> None:
    """Compare histograms with a reference: which are alike, where others differ and by how much.

    Bins that are not close may still be events that a rounding moved to the next bin: a group of neighbours passes
    where no bin is off by more than --migration and the group adds up to the same. Variances are compared where both
    files have them. Pseudodata may be missing.

    \b
      afspec agc compare out/histograms.json --reference histos_1_file_per_process.json
      afspec agc compare one.json --reference other.json --exact 1e-12

    Exit codes: 0 alike, 1 different, 2 wrong usage or no such file.
    """
    from afspec.agc.compare import Tolerance, exactly, read, told  # noqa: PLC0415 - keeps --help fast
    from afspec.agc.compare import compare as compared  # noqa: PLC0415
    from afspec.agc.errors import AgcError  # noqa: PLC0415

    if exact is not None and not (rtol is migration is None):
        raise click.UsageError("--exact has its own tolerance: leave out --rtol and --migration")
    usual = Tolerance()
    tolerance = Tolerance(
        usual.rtol if rtol is None else rtol, usual.atol, usual.migration if migration is None else migration
    )
    try:
        got, expected = read(histograms), read(reference)
        found = compared(got, expected, tolerance if exact is None else exactly(exact), unstable=include_pt_res)
        drawn = _draw(found, got, expected, plots) if plots else []
    except AgcError as error:
        raise click.UsageError(str(error)) from None
    if as_json:
        document = {"histograms": str(histograms), "reference": str(reference), **found.document()}
        click.echo(json.dumps({**document, "plots": [str(path) for path in drawn]}, indent=2))
    else:
        for line in told(found, verbose=verbose):
            click.echo(line)
        if drawn:
            click.echo(f"{len(drawn)} plots in {plots}")
    sys.exit(0 if found.alike else _DIFFERS)


def _draw(
    found: Comparison, got: Mapping[str, Histogram], expected: Mapping[str, Histogram], folder: Path
) -> list[Path]:
    from afspec.agc.plots import overlays  # noqa: PLC0415

    shown = (*found.differing, *found.migrated)[:_DRAWN]
    ranges = {
        each.name: [(one.low, one.high) for one in each.found if not _everywhere(one.low, one.high)] for each in shown
    }
    return overlays({name: (got[name], expected[name], marked) for name, marked in ranges.items()}, folder)


def _everywhere(low: float, high: float) -> bool:
    return math.isinf(low) and math.isinf(high)

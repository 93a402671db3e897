"""The command `afspec agc fit`."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from afspec.agc.run.filelist import FileList

# Exit codes, besides 2 for wrong usage: no fit; outputs cannot be written.
_FAILED, _OUTPUT = 1, 4


@click.command()
@click.argument("histograms", type=click.Path(dir_okay=False, path_type=Path), metavar="HISTOGRAMS.json")
@click.option(
    "-o", "--output", type=click.Path(file_okay=False, path_type=Path), default=Path("agc-fit"), show_default=True
)
@click.option(
    "--input-list",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILES.json",
    help="The files that the histograms were made of: for histograms without variances, as upstream's references are.",
)
@click.option("--max-files", type=click.IntRange(1), metavar="N", help="With --input-list: the first N of each sample.")
@click.option("--no-mc-stat", is_flag=True, help="Leave out the statistical uncertainty of the simulation.")
@click.option("--no-plots", is_flag=True, help="Draw nothing.")
@click.option(
    "--source",
    default="",
    help="What plots say that the events are (default: CMS Open Data if all files of --input-list are, else Simulated "
    "events).",
)
@click.option("--json", "as_json", is_flag=True, help="Print fit.json; the summary goes to stderr.")
def fit(
    *,
    histograms: Path,
    output: Path,
    input_list: Path | None,
    max_files: int | None,
    no_mc_stat: bool,
    no_plots: bool,
    source: str,
    as_json: bool,
) -> None:
    """Fit the ttbar cross section: ttbar_norm, pulls, correlations.

    The model is the Challenge's: two regions of 11 bins from 110 to 550 GeV, ten systematic sources with yields and
    shapes, 3 % on the luminosity, and the simulation's statistics.

    \b
      afspec agc fit agc-output/histograms.json
      afspec agc fit histos_1_file_per_process.json --input-list nanoaod_inputs.json --max-files 1

    OUTPUT gets fit.json, workspace.json (for pyhf) and plots/.

    Exit codes: 0 fitted, 1 no fit can be made of these histograms, 2 wrong usage, 4 outputs cannot be written.
    """
    if max_files and input_list is None:
        raise click.UsageError("--max-files is for --input-list.")
    from afspec.agc.compare import read  # noqa: PLC0415 - keeps --help fast
    from afspec.agc.errors import AgcError  # noqa: PLC0415
    from afspec.agc.fit import outputs  # noqa: PLC0415
    from afspec.agc.fit.result import fit as fitted  # noqa: PLC0415
    from afspec.agc.fit.templates import templates  # noqa: PLC0415
    from afspec.agc.fit.workspace import require  # noqa: PLC0415
    from afspec.agc.run.filelist import load  # noqa: PLC0415
    from afspec.agc.run.files import OutputError  # noqa: PLC0415

    try:
        require()
        chosen = load(input_list).chosen(max_files=max_files) if input_list else None
        events = _events(chosen) if chosen else None
        result = fitted(templates(read(histograms), events, statistics=not no_mc_stat), statistics=not no_mc_stat)
        result = replace(result, notes=(*result.notes, *_notes(histograms)))
        written = outputs.write(result, output)
        if not no_plots:
            written += outputs.draw(result, output / outputs.PLOTS, source or _source(chosen))
    except AgcError as error:
        click.echo(f"afspec agc fit: {error}", err=True)
        sys.exit(_OUTPUT if isinstance(error, OutputError) else _FAILED)
    for line in outputs.summary(result):
        click.echo(line, err=as_json)
    click.echo(f"\nWritten to {output}: {len(written)} files", err=as_json)
    if as_json:
        click.echo(json.dumps(result.document(), indent=1))


def _events(chosen: FileList) -> dict[tuple[str, str], int]:
    """Events of each sample of a file list."""
    return {sample: sum(file.events for file in files) for sample, files in chosen.samples.items()}


def _source(chosen: FileList | None) -> str:
    """Plots that travel must not say more than is known: the open data's files have it in their names."""
    return "CMS Open Data" if chosen and all("opendata" in file.path for _, file in chosen) else "Simulated events"


def _notes(histograms: Path) -> tuple[str, ...]:
    """What the account of the run, where it lies beside its histograms, says against them."""
    from afspec.agc.compare.files import read_json  # noqa: PLC0415
    from afspec.agc.errors import AgcError  # noqa: PLC0415

    try:
        complete = read_json(histograms.with_name("result.json")).get("complete", True)
    except AgcError:
        return ()
    return () if complete else ("the run that made the histograms is not complete: events are missing",)

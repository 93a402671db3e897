"""The command `afspec agc generate`."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import click


@click.command()
@click.argument("events", type=click.IntRange(min=1))
@click.option("--output", type=click.Path(file_okay=False, path_type=Path), required=True, help="Folder of the files.")
@click.option("--codec", default="zstd:5", show_default=True, help="none, zstd:N, lz4:N, zlib:N or lzma:N.")
@click.option(
    "--cluster", type=click.IntRange(min=1), default=20_000, show_default=True, help="Events in a cluster (a basket)."
)
@click.option("--form", type=click.Choice(["ttree", "rntuple"]), default="ttree", show_default=True)
@click.option("--seed", type=click.IntRange(min=0, max=2**32 - 1), default=1, show_default=True)
@click.option(
    "--files-per-sample",
    type=click.IntRange(min=1),
    default=1,
    show_default=True,
    help="Files of each of nine samples.",
)
def generate(events: int, output: Path, **options: Any) -> None:
    """Make up NanoAOD of all samples of the ttbar analysis, about EVENTS in all.

    The same seed gives the same events whatever the codec, the clusters and the form. Files that are there already
    stay. OUTPUT/nanoaod_inputs.json lists them for `afspec agc run`.
    """
    from afspec.agc.errors import AgcError  # noqa: PLC0415 - keeps afspec --help fast
    from afspec.agc.generate.fileset import generate_fileset  # noqa: PLC0415 - numba and uproot take a second

    try:
        with click.progressbar(
            length=events, label="events", file=sys.stderr, hidden=not sys.stderr.isatty(), show_pos=True
        ) as bar:
            files = generate_fileset(
                output,
                events,
                progress=bar.update,
                **options,
            )
    except (AgcError, OSError) as error:
        raise click.ClickException(str(error)) from None
    listed = output / "nanoaod_inputs.json"
    unfinished = listed.with_name(f"{listed.name}.new")
    unfinished.write_text(json.dumps(files, indent=1) + "\n")
    unfinished.replace(listed)
    samples = [sample for variations in files.values() for sample in variations.values()]
    paths = [Path(file["path"]) for sample in samples for file in sample["files"]]
    total = sum(sample["nevts_total"] for sample in samples)
    size = sum(path.stat().st_size for path in paths)
    click.echo(f"{total:,} events of {len(samples)} samples in {len(paths)} files, {size / 1e6:,.1f} MB: {listed}")

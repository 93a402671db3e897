"""The command `afspec agc bench`."""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from afspec.agc.bench.report import Report
    from afspec.agc.generate.files import Form

_EVENTS = 400_000
_CODECS = ("zstd:5", "lz4:4")
_FORMS: tuple[Form, ...] = ("ttree", "rntuple")
_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command()
@click.argument("files", required=False, type=_FILE, metavar="[FILES.json]")
@click.option("--generate", type=click.IntRange(1), metavar="N", help=f"Events made up here (default: {_EVENTS:,}).")
@click.option("--codec", "codecs", multiple=True, metavar="NAME:LEVEL", help="Of made-up events (default: both above).")
@click.option("--form", "forms", multiple=True, type=click.Choice(_FORMS), help="Of their files (default: ttree).")
@click.option("--cluster", type=click.IntRange(1), default=20_000, show_default=True, help="Events in a cluster.")
@click.option("--task", type=click.Choice(["1", "2"]), default="2", show_default=True)
@click.option("--no-systematics", is_flag=True, help="Nominal histograms alone.")
@click.option("--repeat", type=click.IntRange(1), default=5, show_default=True, help="Turns; medians are shown.")
@click.option("--threads", type=click.IntRange(1), default=2, show_default=True, help="Held against one.")
@click.option("--no-start-up", is_flag=True, help="Leave out compilation and memory, which take fresh processes.")
@click.option("--compare", "older", type=_FILE, metavar="OLD.json", help="Show ratios to what was measured then.")
@click.option("-o", "--output", type=click.Path(file_okay=False, path_type=Path), help="Write bench.json and a plot.")
@click.option("--json", "as_json", is_flag=True, help="Print bench.json.")
def bench(files: Path | None, older: Path | None, output: Path | None, *, as_json: bool, **options: Any) -> None:
    """Measure the analysis: events a second of one core, where the time goes, and the least that it could take.

    FILES.json is a file list, as for `run`; without one, events are made up: ttbar, with all systematics,
    in zstd:5 and lz4:4.

    \b
      afspec agc bench                                     a first look
      afspec agc bench --generate 1_200_000 --repeat 7 -o now
      afspec agc bench --compare before/bench.json         faster or slower than then?

    The floor is what decompression alone takes: the same bytes, by the same library, into one buffer. It is
    measured in every turn, right after the analysis, and shares are taken within a turn: machines are shared,
    and a second is not always as long. CPU time is counted, but for threads, where it is wall time.

    Exit codes: 0 measured, 1 a file cannot be read or written, 2 wrong usage.
    """
    if files is not None and (options["generate"] or options["codecs"] or options["forms"]):
        raise click.UsageError("--generate, --codec and --form are for events made up here: leave out FILES.json.")
    from afspec.agc.bench import words  # noqa: PLC0415 - keeps --help fast
    from afspec.agc.compare.files import read_json  # noqa: PLC0415
    from afspec.agc.errors import AgcError  # noqa: PLC0415

    try:
        old = read_json(older) if older else None
        report = _measured(files, options)
        document = report.document()
        click.echo("\n".join(words.told(report)), err=as_json)
        if as_json:
            click.echo(json.dumps(document, indent=1))
        if output is not None:
            _write(report, output)
        if old is not None:
            click.echo("\n" + "\n".join(words.ratios(document, old)), err=as_json)
    except AgcError as error:
        click.echo(f"Error: {error}", err=True)
        sys.exit(1)
    except KeyboardInterrupt:
        click.echo("Error: interrupted", err=True)
        sys.exit(130)


def _measured(files: Path | None, options: dict[str, Any]) -> Report:
    from afspec.agc.bench.passes import Case  # noqa: PLC0415
    from afspec.agc.bench.suite import generated, run  # noqa: PLC0415
    from afspec.agc.run.filelist import load  # noqa: PLC0415
    from afspec.agc.ttbar.analysis import Ttbar  # noqa: PLC0415

    def say(text: str) -> None:
        click.echo(text, err=True)

    analysis = Ttbar(int(options["task"]), not options["no_systematics"])
    with tempfile.TemporaryDirectory(prefix="afspec-bench-") as folder:
        if files is not None:
            cases = [Case("files", load(files))]
        else:
            events = options["generate"] or _EVENTS
            say(f"making up {events:,} events")
            codecs, forms = options["codecs"] or _CODECS, options["forms"] or _FORMS[:1]
            cases = generated(Path(folder), events, codecs, forms, options["cluster"])
        return run(
            analysis,
            cases,
            repeats=options["repeat"],
            threads=options["threads"],
            start_up=not options["no_start_up"],
            progress=say,
        )


def _write(report: Report, output: Path) -> None:
    from afspec.agc.bench.plot import draw  # noqa: PLC0415
    from afspec.agc.run.files import replace_text, unwritable  # noqa: PLC0415

    try:
        output.mkdir(parents=True, exist_ok=True)
        replace_text(output / "bench.json", json.dumps(report.document(), indent=1) + "\n")
    except OSError as error:
        raise unwritable(output, error) from None
    written = [output / "bench.json", *draw(report, output)]
    click.echo("wrote " + ", ".join(str(path) for path in written), err=True)

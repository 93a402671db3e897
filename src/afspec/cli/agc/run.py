"""The command `afspec agc run`."""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, TextIO

import click

if TYPE_CHECKING:
    from collections.abc import Callable

    from afspec.agc.analysis import Analysis
    from afspec.agc.run.executors.interface import Executor
    from afspec.agc.run.filelist import FileList
    from afspec.agc.run.result import Result
    from afspec.agc.run.site import SiteSettings

# Exit codes, besides 2 for wrong usage: events are missing or the input cannot be used; outputs cannot be written;
# interrupted.
_FAILED, _OUTPUT, _INTERRUPTED = 1, 4, 130
_FOLDER = click.Path(file_okay=False, path_type=Path)
_FILE = click.Path(dir_okay=False, path_type=Path)


def _options(*options: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Several options as one decorator, in the order of the help."""

    def decorated(command: Any) -> Any:
        for option in reversed(options):
            command = option(command)
        return command

    return decorated


_WHAT = _options(
    click.option(
        "--generate", type=click.IntRange(1), metavar="N", help="Read N events made up here, all samples together."
    ),
    click.option("--analysis", type=click.Choice(["ttbar", "hzz"]), default="ttbar", show_default=True),
    click.option("--task", type=click.Choice(["1", "2"]), default="2", show_default=True, help="Version of ttbar's."),
    click.option("--no-systematics", is_flag=True, help="Nominal histograms alone."),
    click.option("--process", "processes", multiple=True, metavar="NAME", help="Only this one (may be repeated)."),
    click.option("--max-files", type=click.IntRange(1), metavar="N", help="Only the first N files of each sample."),
)
_WHERE_FROM = _options(
    click.option(
        "--site",
        type=click.Path(path_type=Path),
        metavar="FOLDER",
        help="Doors, cache and Dask of a site: what `compile` wrote, build/NAME. Other options win.",
    ),
    click.option(
        "--rewrite",
        "rewrites",
        multiple=True,
        metavar="PREFIX=OTHER",
        help="Read files whose address begins with PREFIX from OTHER (may be repeated; the longest counts).",
    ),
    click.option(
        "--xcache",
        metavar="root://CACHE//",
        help="Read through this cache; https becomes root. '' for none, instead of the site's.",
    ),
    click.option("--retries", type=click.IntRange(0), default=2, show_default=True, help="When a connection breaks."),
)
_HOW = _options(
    click.option("--threads", type=click.IntRange(1), metavar="N", help="Default: as many as there are cores."),
    click.option("--device", type=click.Choice(["cpu", "cuda"]), default="cpu", show_default=True),
    click.option(
        "--executor", type=click.Choice(["threads", "dask"]), help="dask: worker processes here (default: threads)."
    ),
    click.option("--dask", "address", default="", metavar="ADDRESS", help="A Dask scheduler that runs already."),
    click.option(
        "--cluster",
        "folder",
        type=_FOLDER,
        metavar="FOLDER",
        help="Start the site's: what `compile` wrote, build/NAME.",
    ),
    click.option(
        "--via",
        default="",
        metavar="WAY",
        help="With --cluster: jobqueue, gateway, operator or coffea_casa (default: the site's first).",
    ),
    click.option("--image", default=None, metavar="NAME", help="With --cluster: what workers run in; '' for nothing."),
    click.option("--workers", type=click.IntRange(1), metavar="N", help="Of Dask."),
    click.option("--wait", type=click.FloatRange(1), default=300.0, show_default=True, help="Seconds, for workers."),
    click.option("--tls", nargs=3, type=_FILE, metavar="CA CERT KEY", help="Files, for a tls:// scheduler."),
    click.option(
        "--chunk-events",
        type=click.IntRange(1),
        metavar="N",
        help="About so many at a time (default: 50,000 to 500,000, by the size of the whole).",
    ),
)
_OUT = _options(
    click.option("-o", "--output", type=_FOLDER, default=Path("agc-output"), show_default=True),
    click.option("--fresh", is_flag=True, help="Forget what an interrupted run has left in the output folder."),
    click.option("--json", "as_json", is_flag=True, help="Print result.json; the summary goes to stderr."),
    click.option("--no-plots", is_flag=True, help="Draw nothing."),
)


@click.command()
@click.argument("files", required=False, type=_FILE, metavar="[FILES.json]")
@_WHAT
@_WHERE_FROM
@_HOW
@_OUT
def run(files: Path | None, generate: int | None, output: Path, **options: Any) -> None:
    """Run the analysis: histograms, plots, and an account of every event.

    FILES.json is a list in the Challenge's own form:
    {process: {variation: {nevts_total, files: [{path, nevts}]}}}. Paths may be local, root:// or https://.

    \b
      afspec agc run --generate 1_000_000                  no network, about a minute the first time
      afspec agc run nanoaod_inputs.json --max-files 1     9 files of the CMS open data, 23 GB
      afspec agc run nanoaod_inputs.json --xcache root://xcache.my.site//
      afspec agc run files.json --rewrite https://origin:1094//=/data/
      afspec agc run files.json --executor dask --workers 4       four processes on this machine
      afspec agc run files.json --dask tcp://scheduler:8786       workers that run already
      afspec agc run files.json --cluster build/slac --workers 20 batch jobs, by the site's settings
      afspec agc run nanoaod_inputs.json --site build/slac        the same, and files by the site's doors

    OUTPUT gets histograms.json (names and form are upstream's, normalised to cross section and luminosity),
    result.json (selection, yields, rates, failures) and plots/.

    Ctrl-C, a kill or a crash loses little: the same command goes on where it was. A file that fails is tried
    again, then named in result.json, and the exit code is 1; the same command then does only what is missing.

    Exit codes: 0 every event is in, 1 events are missing or the input cannot be used, 2 wrong usage, 4 outputs
    cannot be written, 130 interrupted.
    """
    if (files is None) == (generate is None):
        raise click.UsageError("Give either FILES.json or --generate N.")
    _check(options)
    from afspec.agc.errors import AgcError  # noqa: PLC0415 - keeps --help fast
    from afspec.agc.run.files import OutputError  # noqa: PLC0415

    # What batch systems send when a job's time is over is as good as Ctrl-C.
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        result = _run(files, generate, output, options)
    except AgcError as error:
        from afspec.agc.run.runner import InterruptedRunError  # noqa: PLC0415

        codes = {InterruptedRunError: _INTERRUPTED, OutputError: _OUTPUT}
        _leave(str(error), codes.get(type(error), _FAILED))
    except KeyboardInterrupt:
        _leave("interrupted", _INTERRUPTED)
    finally:
        signal.signal(signal.SIGTERM, before)
    sys.exit(0 if result.complete else _FAILED)


def _check(options: dict[str, Any]) -> None:
    """Refuse options that contradict each other."""
    dask = bool(options["address"] or options["folder"]) or options["executor"] == "dask"
    here = bool(options["executor"] or options["threads"] or options["device"] == "cuda")
    # A site's cluster is meant where nothing else is named.
    options["elsewhere"] = options["site"] is not None and not (dask or here)
    if options["executor"] == "threads" and dask:
        raise click.UsageError("--dask and --cluster are not for --executor threads.")
    if dask and options["threads"]:
        raise click.UsageError("--threads is for this process alone; give --workers for Dask.")
    if not dask and not options["elsewhere"] and options["workers"]:
        raise click.UsageError("--workers is for Dask; give --threads N, or --executor dask.")
    if dask and options["device"] == "cuda":
        raise click.UsageError("--device cuda works in this process; it cannot be used with Dask.")
    if not options["folder"] and not options["elsewhere"] and (options["via"] or options["image"] is not None):
        raise click.UsageError("--via and --image are for --cluster FOLDER, or --site FOLDER.")
    options["executor"] = "dask" if dask else "threads"


def _run(files: Path | None, generate: int | None, output: Path, options: dict[str, Any]) -> Result:
    """Run, print the summary, and draw."""
    from afspec.agc.run.runner import run_analysis  # noqa: PLC0415

    site = _site(options)
    begun = time.perf_counter()
    listed = _listed(files, generate, options, site)
    apart = time.perf_counter() - begun if generate else 0.0
    analysis = _analysis(options)
    with _executor(options) as executor:
        result = run_analysis(
            analysis,
            listed,
            executor,
            output,
            chunk_events=options["chunk_events"],
            resume=not options["fresh"],
            progress=_progress(),
            apart=apart,
        )
    stream = sys.stderr if options["as_json"] else sys.stdout
    _summary(result, stream)
    # It takes seconds: the summary is read meanwhile.
    drawn = _plots(result, listed, output, options)
    written = f"histograms.json ({len(result.histograms)}), result.json" + (", plots/" if drawn else "")
    click.echo(f"\nWritten to {output}: {written}", file=stream)
    if options["as_json"]:
        click.echo(json.dumps(result.document(), indent=1))
    return result


def _site(options: dict[str, Any]) -> SiteSettings | None:
    """The site's settings, put where no option says otherwise.

    Raises:
        AgcError: they cannot be read.
    """
    if options["site"] is None:
        return None
    from afspec.agc.run.site import load_site  # noqa: PLC0415

    site = load_site(options["site"])
    click.echo(f"The settings of {site.words}; other options win", err=True)
    site.export()
    options["chunk_events"] = options["chunk_events"] or site.chunk
    if options["elsewhere"] and site.via:
        options["executor"], options["folder"] = "dask", site.folder
        options["via"] = options["via"] or site.via
        options["workers"] = options["workers"] or site.workers
    elif options["elsewhere"] and (options["workers"] or options["via"] or options["image"] is not None):
        raise click.UsageError(f"{site.name} offers no way to Dask: leave --workers, --via and --image out.")
    return site


def _listed(files: Path | None, generate: int | None, options: dict[str, Any], site: SiteSettings | None) -> FileList:
    """The files that are read, under the addresses where they are read."""
    from afspec.agc.run.addresses import parse_rewrite, parse_xcache  # noqa: PLC0415
    from afspec.agc.run.filelist import load  # noqa: PLC0415
    from afspec.agc.run.site import addresses as by_site  # noqa: PLC0415

    rewrites = tuple(parse_rewrite(each) for each in options["rewrites"])
    xcache = None if options["xcache"] is None else parse_xcache(options["xcache"])
    addresses = by_site(site, rewrites, xcache)
    if files is not None:
        listed = load(files)
    else:
        from afspec.agc.run.generated import generated  # noqa: PLC0415

        listed = generated(options["analysis"], generate or 0, _progress("generated"))
    return listed.chosen(options["processes"], options["max_files"]).rewritten(addresses)


def _analysis(options: dict[str, Any]) -> Analysis:
    from afspec.agc.run.studies import analysis_of  # noqa: PLC0415

    return analysis_of(
        options["analysis"],
        version=int(options["task"]),
        systematics=not options["no_systematics"],
        device=options["device"],
    )


def _executor(options: dict[str, Any]) -> Executor:
    tries = options["retries"] + 1
    if options["executor"] == "dask":
        from afspec.agc.run.dask import DaskOptions, Tls, connect  # noqa: PLC0415

        return connect(
            DaskOptions(
                workers=options["workers"],
                address=options["address"],
                tls=Tls(*options["tls"]) if options["tls"] else None,
                folder=options["folder"],
                via=options["via"],
                image=options["image"],
                wait=options["wait"],
                tries=tries,
            )
        )
    from afspec.agc.run.executors.threads import cores, in_process  # noqa: PLC0415

    threads = options["threads"] or (1 if options["device"] == "cuda" else cores())
    return in_process(threads, tries)


def _progress(verb: str = "processed") -> Any:
    from afspec.agc.run.progress import Shown  # noqa: PLC0415

    return Shown(sys.stderr, verb)


def _plots(result: Result, listed: FileList, output: Path, options: dict[str, Any]) -> bool:
    """Whether there was something to draw."""
    if options["no_plots"] or not result.histograms or not result.analysis.startswith("ttbar"):
        return False
    from afspec.agc.plots import templates  # noqa: PLC0415

    # Plots that travel must not say more than is known: the open data's files have it in their names.
    real = all("opendata" in file.path for _, file in listed)
    templates(
        result.histograms,
        output / "plots",
        source="CMS Open Data" if real else "Simulated events",
        note="" if result.complete else "not complete",
    )
    return True


def _summary(result: Result, stream: TextIO) -> None:
    from afspec.agc.run.summary import summary  # noqa: PLC0415

    colour = stream.isatty() and "NO_COLOR" not in os.environ
    click.echo(summary(result, colour=colour), file=stream, color=colour)


def _leave(text: str, code: int) -> NoReturn:
    click.echo(f"afspec agc run: {text}", err=True)
    sys.exit(code)

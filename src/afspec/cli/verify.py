"""afspec verify: do the programs that will read the compiled files accept them?"""

from __future__ import annotations

import json
import shutil
import signal
import sys
import threading
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Self, TextIO

import click

from afspec.cli.shared import EXIT_SPEC, wants_colour

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from afspec.diagnostics import Diagnostic
    from afspec.verify import Report
    from afspec.verify.check import Check

EXIT_INTERRUPTED = 130
CHARTS = "AFSPEC_CHARTS"
_WIDTH = 100


@click.command()
@click.argument("folders", nargs=-1, metavar="FOLDER...")
@click.option("--only", multiple=True, metavar="CHECK", help="Make only this check (may be repeated).")
@click.option(
    "--charts",
    metavar="DIR",
    envvar=CHARTS,
    help=f"Folder of charts and CRDs that `helm pull --untar` wrote, for values and custom resources; or {CHARTS}.",
)
@click.option("--strict", is_flag=True, help="What could not be checked is an error (exit code 1): for CI.")
@click.option("--list", "listing", is_flag=True, help="Only list the checks, and where their tools are.")
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "github"]),
    default="text",
    show_default=True,
    help="How findings are printed; github: as annotations in a pull request.",
)
def verify(
    folders: tuple[str, ...],
    only: tuple[str, ...],
    charts: str | None,
    form: str,
    *,
    strict: bool,
    listing: bool,
    as_json: bool,
) -> None:
    """Have compiled files checked by the programs that will read them.

    FOLDER is that of one site, such as build/slac. Each check hands the files that it is about to a real tool: bash,
    shellcheck, JupyterHub, dask-jobqueue, condor_submit, sbatch, apptainer and others; on PATH, in this Python, or
    among what `afspec twin install` keeps. Objects for a cluster are held against the official schemas of its
    version, values against the charts of --charts. Nothing is submitted, built or sent, and nothing of yours is read.
    What a tool once said of the same files is remembered.

    \b
      afspec verify build/slac                    each check, and what it found
      afspec verify build/slac --only shellcheck  one of them
      afspec verify build/* --strict              in CI, where the tools are
      afspec verify build/bnl --charts charts     with the charts and CRDs that `helm pull --untar -d charts` wrote
      afspec verify --list                        the checks, and where their tools are
      afspec compile sites/slac.yaml --verify     both in one go

    Exit codes: 0 nothing was found; what could not be checked is listed. 1 something was found. 2 wrong usage.
    """
    checks = _checks(only)
    if listing:
        _list(checks, as_json=as_json)
        return
    if as_json and form != "text":
        raise click.UsageError("--json and --format exclude each other: both would be on standard output")
    if not folders:
        raise click.UsageError("name a FOLDER, or say --list")
    sys.exit(verify_folders(folders, checks, form, charts=charts, strict=strict, as_json=as_json))


def verify_folders(
    folders: Sequence[str],
    checks: Sequence[Check] | None = None,
    form: str = "text",
    *,
    charts: str | None = None,
    strict: bool = False,
    as_json: bool = False,
    quiet: bool = False,
) -> int:
    """Verify compiled folders, and print what came of it, or, if `quiet`, what was found alone; gives an exit code."""
    from afspec.diagnostics import AfspecError  # noqa: PLC0415 - keeps --help fast
    from afspec.verify import Compiled  # noqa: PLC0415
    from afspec.verify import verify as made  # noqa: PLC0415
    from afspec.verify.cluster.charts import Charts  # noqa: PLC0415

    code = 0
    rows = []
    try:
        known = Charts(Path(charts)) if charts else None
    except AfspecError as error:
        _print(error.diagnostics, {}, form)
        return EXIT_SPEC
    with interruptible():
        for folder in folders:
            try:
                site = Compiled.read(Path(folder), known)
            except AfspecError as error:
                _print(error.diagnostics, {}, form)
                code = EXIT_SPEC
                continue
            try:
                with Progress(sys.stderr, folder) as progress:
                    report = made(site, checks, progress)
            except AfspecError as error:
                # The folder of charts is read when a check asks for it.
                _print(error.diagnostics, {}, form)
                return EXIT_SPEC
            found = report.diagnostics(strict=strict)
            _print(found, report.sources(), form)
            code = EXIT_SPEC if found else code
            if as_json:
                rows.append(report.data())
            elif not quiet:
                click.echo(f"{report.summary()}\n{report.text()}".rstrip())
    if as_json:
        click.echo(json.dumps(rows, indent=2))
    return code


def refusal(report: Report) -> None:
    """Print what was found, on the way to refusing to go on."""
    _print(report.diagnostics(), report.sources(), "text")


@contextmanager
def interruptible() -> Iterator[None]:
    """An end that is asked for, by Ctrl-C or otherwise, leaves nothing behind."""

    def leave(number: int, _: object) -> None:
        raise SystemExit(128 + number)

    # What is ignored stays so: nohup(1) means that the end of a terminal is none of ours.
    heard = [number for number in (signal.SIGTERM, signal.SIGHUP) if signal.getsignal(number) is not signal.SIG_IGN]
    before = {number: signal.signal(number, leave) for number in heard}
    try:
        yield
    except KeyboardInterrupt:
        click.echo("interrupted", err=True)
        sys.exit(EXIT_INTERRUPTED)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


class Progress:
    """On a terminal, a line that says which tools are being asked."""

    def __init__(self, stream: TextIO, what: str) -> None:
        self._stream = stream
        self._what = what
        self._lock = threading.Lock()
        self._asked: list[str] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._asked.clear()
        self._show()

    def starting(self, check: str) -> None:
        """A tool is asked."""
        with self._lock:
            self._asked.append(check)
            self._show()

    def ended(self, check: str) -> None:
        """It answered, or did not."""
        with self._lock:
            if check in self._asked:
                self._asked.remove(check)
            self._show()

    def _show(self) -> None:
        if self._stream.isatty():
            # A line that wraps cannot be taken back.
            width = min(_WIDTH, shutil.get_terminal_size().columns - 1)
            said = f"  verifying {self._what}: {', '.join(self._asked)}"[:width] if self._asked else ""
            self._stream.write(f"\r\x1b[K{said}")
            self._stream.flush()


def _checks(only: tuple[str, ...]) -> list[Check]:
    from afspec.diagnostics import nearest  # noqa: PLC0415
    from afspec.verify.registry import all_checks  # noqa: PLC0415

    known = {check.name: check for check in all_checks()}
    for name in only:
        if name not in known:
            near = nearest(name, known)
            hint = f"did you mean `{near}`?" if near else f"there are: {', '.join(known)}"
            raise click.UsageError(f"unknown check `{name}`; {hint}")
    return [check for name, check in known.items() if not only or name in only]


def _list(checks: Sequence[Check], *, as_json: bool) -> None:
    rows = [(check, check.tool.locate()) for check in checks]
    if as_json:
        data = [
            {"check": check.name, "code": check.code, "title": check.title(), "tool": tool.where if tool else None}
            for check, tool in rows
        ]
        click.echo(json.dumps(data, indent=2))
        return
    width = max(len(check.name) for check in checks)
    for check, tool in rows:
        click.echo(f"{check.name:<{width}}  {check.title()}")
        click.echo(f"{'':<{width}}  " + (f"in: {tool.where}" if tool else f"not here: needs {check.tool.needs}"))


def _print(found: Sequence[Diagnostic], sources: dict[str, list[str]], form: str) -> None:
    from afspec.diagnostics import render_github, render_text  # noqa: PLC0415

    for item in found:
        if form == "github":
            click.echo(render_github(item))
        else:
            click.echo(render_text(item, sources, colour=wants_colour(sys.stderr)), err=True)

"""The command line: parses, calls, prints. Nothing heavy is imported before it is needed.

Exit codes: 0 all is well; 1 a spec has errors; 2 the command was misused; 3 files on disk differ from what the
spec gives (`compile --check`, `schema --check`); 4 outputs could not be made or written; 70 a defect of afspec.
"""

from __future__ import annotations

import datetime as dt
import json
import os
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click

from afspec import __version__
from afspec.cli_agc import agc
from afspec.cli_conform import conform
from afspec.cli_report import report
from afspec.cli_twin import twin

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from afspec.diagnostics import Diagnostic
    from afspec.fleet import Fleet

EXIT_SPEC, EXIT_DIFFERS, EXIT_OUTPUT, EXIT_DEFECT = 1, 3, 4, 70

_as_of = click.option(
    "--as-of",
    type=click.DateTime(["%Y-%m-%d"]),
    default=None,
    metavar="DATE",
    help="Judge the age of facts as of this day (default: today).",
)
_format = click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json", "github"]),
    default="text",
    show_default=True,
    help="How diagnostics are printed: json for scripts, github for annotations in a pull request.",
)
_specs = click.argument("specs", nargs=-1, required=True, metavar="SPEC...")


def _colour(stream: Any) -> bool:
    return bool(stream.isatty()) and "NO_COLOR" not in os.environ


def _day(as_of: dt.datetime | None) -> dt.date:
    # The one place that looks at the clock; everything below is told the day.
    return as_of.date() if as_of else dt.datetime.now(tz=dt.UTC).date()


def _exit_code(diagnostics: Sequence[Diagnostic]) -> int:
    errors = {d.code[:3] for d in diagnostics if d.is_error}
    if "AF9" in errors:
        return EXIT_DEFECT
    if errors - {"AF4"}:
        return EXIT_SPEC
    return EXIT_OUTPUT if errors else 0


@contextmanager
def _fleet(specs: Sequence[str], as_of: dt.datetime | None, form: str) -> Iterator[Fleet]:
    """The specs of one command; its diagnostics are printed as they come (text), or at the end (json)."""
    from afspec.fleet import Fleet  # noqa: PLC0415 - keeps --help fast

    fleet = Fleet(tuple(specs), _day(as_of), form, colour=_colour(sys.stderr))
    try:
        yield fleet
    finally:
        fleet.close()


def _finish(fleet: Fleet, code: int = 0) -> None:
    sys.exit(_exit_code(fleet.diagnostics) or code)


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="afspec")
def cli() -> None:
    """Describe an analysis facility once, and compile it into what it deploys.

    A facility is one YAML file, its spec. A SPEC is looked up as given, then under specs/, then among those
    that come with afspec.

    \b
      afspec validate sites/slac.yaml       check a spec
      afspec compile sites/slac.yaml        write build/slac/
      afspec matrix 'sites/*.yaml'          facilities side by side
      afspec rules AF3103                   what a diagnostic means
      afspec twin up slac                   a miniature of the facility on this machine
      afspec report show BUNDLE             what a conformance run found
      afspec conform bnl                    prove what it promises, as an ordinary user
      afspec agc run --generate 1_000_000   the Analysis Grand Challenge on this machine

    Exit codes: 0 all is well, 1 a spec has errors, 2 wrong usage, 3 files differ (--check), 4 outputs cannot
    be written, 70 a defect of afspec.
    """


@cli.command()
@_specs
@_as_of
@_format
@click.option("--strict", is_flag=True, help="Treat warnings as errors (exit code 1).")
def validate(specs: tuple[str, ...], as_of: dt.datetime | None, form: str, *, strict: bool) -> None:
    """Check specs: YAML, bases, schema and rules. Every problem is shown in one go, with its line."""
    from afspec.compiler import counted  # noqa: PLC0415

    with _fleet(specs, as_of, form) as fleet:
        for path, checked in fleet.checked():
            fleet.say(f"{path}: {checked.facility.title}: valid, {counted(len(checked.warnings), 'warning')}")
    _finish(fleet, EXIT_SPEC if strict and fleet.diagnostics else 0)


@cli.command("compile")
@_specs
@click.option("-o", "--output", default="build", show_default=True, help="Folder; each site gets one of its name.")
@click.option("--only", multiple=True, metavar="GENERATOR", help="Run only this generator (may be repeated).")
@click.option("--check", is_flag=True, help="Write nothing; exit 3 if files differ from what the spec gives.")
@click.option("--diff", is_flag=True, help="Write nothing; show what would change, as a unified diff.")
@click.option("--force", is_flag=True, help="Overwrite files that were edited by hand or are not afspec's.")
@click.option("--json", "as_json", is_flag=True, help="Print what was done as JSON; diagnostics go to stderr.")
@click.option("-w", "--warnings", is_flag=True, help="Show warnings in full, as `validate` does.")
@_as_of
@_format
def compile_(
    specs: tuple[str, ...],
    output: str,
    only: tuple[str, ...],
    as_of: dt.datetime | None,
    form: str,
    *,
    check: bool,
    diff: bool,
    force: bool,
    as_json: bool,
    warnings: bool,
) -> None:
    """Write the files that facilities and their users need.

    Files go to OUTPUT/NAME/. They are verified before anything is written; each is replaced whole; the lock
    file afspec.lock.json is written last. A site whose spec and files have not changed is left alone.

    \b
      afspec compile sites/slac.yaml                  write build/slac/
      afspec compile sites/slac.yaml --diff           show what would change
      afspec compile sites/slac.yaml --only slurm     the batch files only
      afspec compile 'sites/*.yaml' --check           in CI: is what is committed what the specs give?
    """
    if check and diff:
        raise click.UsageError("--check and --diff exclude each other: --diff shows what --check names")
    if as_json and form == "json":
        raise click.UsageError("--json and --format json exclude each other: each prints one JSON document")
    action = "check" if check else "diff" if diff else "write"
    differs = False
    summaries = []
    with _fleet(specs, as_of, form) as fleet:
        # Outcomes are not kept: a fleet of ten thousand sites must not grow with its length.
        for outcome in fleet.compile(output, only, action, force=force, quiet=as_json, warnings=warnings):
            differs |= outcome.differs
            if as_json:
                summaries.append(outcome.summary())
        if as_json:
            click.echo(json.dumps(summaries, indent=2))
    _finish(fleet, EXIT_DIFFERS if check and differs else 0)


@cli.command()
@_specs
@_as_of
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "markdown", "html", "json"]),
    default="text",
    show_default=True,
    help="How the table is printed.",
)
def matrix(specs: tuple[str, ...], as_of: dt.datetime | None, form: str) -> None:
    """Facilities side by side: what each says of ten capabilities, as in the 2023 talk's closing table.

    \b
      afspec matrix sites/bnl.yaml sites/uchicago.yaml sites/slac.yaml
      afspec matrix 'sites/2023/*.yaml' --format html > table.html
    """
    from afspec.matrix import render_matrix  # noqa: PLC0415

    with _fleet(specs, as_of, "text") as fleet:
        facilities = [checked.facility for _, checked in fleet.checked(show_warnings=False)]
        if facilities:
            click.echo(render_matrix(facilities, form), nl=False)
    _finish(fleet)


@cli.command()
@click.argument("spec", required=False)
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
@_as_of
def targets(spec: str | None, as_of: dt.datetime | None, *, as_json: bool) -> None:
    """The generators, and with a SPEC which of them apply and what they would write."""
    from afspec.fleet import describe_targets  # noqa: PLC0415

    with _fleet([spec] if spec else [], as_of, "text") as fleet:
        checked = next((found for _, found in fleet.checked(show_warnings=False)), None)
        if checked or not spec:
            click.echo(describe_targets(checked, as_json=as_json), nl=False)
    _finish(fleet)


@cli.command()
@click.option("--kind", type=click.Choice(["facility", "overlay", "report"]), default="facility", show_default=True)
@click.option("--write", is_flag=True, help="Write all schemas into specs/.")
@click.option("--check", is_flag=True, help="Exit 3 if the schemas in specs/ are not those of the models.")
def schema(kind: str, *, write: bool, check: bool) -> None:
    """The language's JSON Schema, generated from the models.

    `facility` is for whole specs; `overlay` is the same with nothing required, for bases; `report` is the form of
    report.json.
    """
    from afspec.schema import render_schema, stale_schemas, write_schemas  # noqa: PLC0415

    if write:
        for path in write_schemas("specs"):
            click.echo(f"wrote {path}")
    elif check:
        stale = stale_schemas("specs")
        for path in stale:
            click.echo(f"{path} is stale: run `afspec schema --write`", err=True)
        sys.exit(EXIT_DIFFERS if stale else 0)
    else:
        click.echo(render_schema(kind), nl=False)


@cli.command()
@click.argument("code", required=False)
@click.option("--format", "form", type=click.Choice(["text", "markdown", "json"]), default="text", show_default=True)
def rules(code: str | None, form: str) -> None:
    """What the diagnostics mean: all of them, or one CODE."""
    from afspec.catalogue import describe  # noqa: PLC0415

    found = describe(code.upper() if code else None, form)
    if found is None:
        raise click.UsageError(f"no diagnostic has the code {code!r}; `afspec rules` lists them")
    click.echo(found, nl=False)


cli.add_command(conform)
cli.add_command(twin)
cli.add_command(report)
cli.add_command(agc)


def main() -> None:
    """Run the command line; an unexpected failure is reported as AF9001, without a traceback."""
    try:
        cli(prog_name="afspec")
    except BrokenPipeError:
        # The reader went away (`| head`): end quietly, as other tools do.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(141)
    except Exception as error:
        if "AFSPEC_DEBUG" in os.environ:
            raise
        from afspec.diagnostics import CODES  # noqa: PLC0415

        click.echo(f"error[AF9001]: {type(error).__name__}: {error}\n   = {CODES['AF9001'].advice}", err=True)
        click.echo("   = AFSPEC_DEBUG=1 shows where it happened.", err=True)
        sys.exit(EXIT_DEFECT)

"""afspec compile: from specs to files."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click

from afspec.cli.shared import EXIT_DIFFERS, as_of_option, finish, fleet_of, format_option, specs_argument

if TYPE_CHECKING:
    import datetime as dt


@click.command("compile")
@specs_argument
@click.option("-o", "--output", default="build", show_default=True, help="Folder; each site gets one of its name.")
@click.option("--only", multiple=True, metavar="GENERATOR", help="Run only this generator (may be repeated).")
@click.option("--check", is_flag=True, help="Write nothing; exit 3 if files differ from what the spec gives.")
@click.option("--diff", is_flag=True, help="Write nothing; show what would change, as a unified diff.")
@click.option("--force", is_flag=True, help="Overwrite files that were edited by hand or are not afspec's.")
@click.option("--json", "as_json", is_flag=True, help="Print what was done as JSON; diagnostics go to stderr.")
@click.option("-w", "--warnings", is_flag=True, help="Show warnings in full, as `validate` does.")
@as_of_option
@format_option
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
    with fleet_of(specs, as_of, form) as fleet:
        # Outcomes are not kept: a fleet of ten thousand sites must not grow with its length.
        for outcome in fleet.compile(output, only, action, force=force, quiet=as_json, warnings=warnings):
            differs |= outcome.differs
            if as_json:
                summaries.append(outcome.summary())
        if as_json:
            click.echo(json.dumps(summaries, indent=2))
    finish(fleet, EXIT_DIFFERS if check and differs else 0)

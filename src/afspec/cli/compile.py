"""afspec compile: from specs to files."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

import click

from afspec.cli.shared import (
    EXIT_DIFFERS,
    as_of_option,
    finish,
    fleet_of,
    ignore_option,
    select_option,
    selection_of,
    specs_argument,
)

if TYPE_CHECKING:
    import datetime as dt


def refuse(*, check: bool, diff: bool, imagined: bool, writes: bool, verify: bool, form: str, as_json: bool) -> None:
    """Raise click.UsageError for options that contradict each other."""
    if check and diff:
        raise click.UsageError("--check and --diff exclude each other: --diff shows what --check names")
    if verify and (check or diff or imagined):
        raise click.UsageError("--verify checks what was written: it goes with none of --check, --diff, --what-if")
    if imagined and (check or diff or writes):
        raise click.UsageError("--what-if stands alone: it writes nothing and looks at no folder")
    if form == "markdown" and not (diff or imagined):
        raise click.UsageError("--format markdown goes with --diff and --what-if")
    if as_json and form in {"json", "sarif", "markdown"}:
        raise click.UsageError(f"--json and --format {form} exclude each other: each prints one document")


@click.command("compile")
@specs_argument
@click.option("-o", "--output", default="build", show_default=True, help="Folder; each site gets one of its name.")
@click.option("--only", multiple=True, metavar="GENERATOR", help="Run only this generator (may be repeated).")
@click.option("--check", is_flag=True, help="Write nothing; exit 3 if files differ from what the spec gives.")
@click.option("--diff", is_flag=True, help="Write nothing; show the plan: what changes for users, and in which files.")
@click.option(
    "--what-if",
    "assumptions",
    multiple=True,
    metavar="NAME=VALUE",
    help="Write nothing; show what it would take if a capability had this stance, or a field this value. NAME is"
    " coffea_casa, dex, or a pointer such as /images/policy. May be repeated.",
)
@click.option("--full", is_flag=True, help="With --diff and --what-if: shorten nothing.")
@click.option("--force", is_flag=True, help="Overwrite files that were edited by hand or are not afspec's.")
@click.option("--verify", is_flag=True, help="Then have the files checked by what will read them: `afspec verify`.")
@click.option("--json", "as_json", is_flag=True, help="Print what was done as JSON; diagnostics go to stderr.")
@click.option("-w", "--warnings", is_flag=True, help="Show warnings in full, as `validate` does.")
@as_of_option
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "markdown", "json", "github", "sarif"]),
    default="text",
    show_default=True,
    help="How diagnostics are printed: json, github, sarif as for `validate`; markdown prints what --diff and"
    " --what-if show for a comment in a pull request.",
)
@select_option
@ignore_option
def compile_(  # noqa: PLR0917 - as many as there are options
    specs: tuple[str, ...],
    output: str,
    only: tuple[str, ...],
    assumptions: tuple[str, ...],
    as_of: dt.datetime | None,
    form: str,
    select: tuple[str, ...],
    ignore: tuple[str, ...],
    *,
    check: bool,
    diff: bool,
    full: bool,
    force: bool,
    verify: bool,
    as_json: bool,
    warnings: bool,
) -> None:
    """Write the files that facilities and their users need.

    Files go to OUTPUT/NAME/. They are verified before anything is written; each is replaced whole; the lock
    file afspec.lock.json is written last. A site whose spec and files have not changed is left alone.

    \b
      afspec compile sites/slac.yaml                  write build/slac/
      afspec compile sites/slac.yaml --diff           the plan: what would change, for users and in files
      afspec compile sites/slac.yaml --diff --format markdown           for a comment in a pull request
      afspec compile sites/slac.yaml --what-if coffea_casa=promised     what would the site have to deploy?
      afspec compile sites/slac.yaml --only slurm     the batch files only
      afspec compile sites/slac.yaml --verify         and have bash, sbatch, JupyterHub and others read them
      afspec compile 'sites/*.yaml' --check           in CI: is what is committed what the specs give?
    """
    refuse(
        check=check,
        diff=diff,
        imagined=bool(assumptions),
        writes=force or bool(only),
        verify=verify,
        form=form,
        as_json=as_json,
    )
    from afspec.cli import planned  # noqa: PLC0415 - `validate` and `--help` need nothing of it

    action = "check" if check else "diff" if diff else "write"
    differs = False
    summaries = []
    written = []
    with fleet_of(specs, as_of, "text" if form == "markdown" else form, selection_of(select, ignore)) as fleet:
        if assumptions:
            planned.what_if(fleet, assumptions, form, full=full, as_json=as_json)
            finish(fleet)
        plans = planned.Plans(fleet, form, full) if diff else None
        describe = plans.describe if plans else None
        # Outcomes are not kept: a fleet of ten thousand sites must not grow with its length.
        for outcome in fleet.compile(
            output, only, action, force=force, quiet=as_json, warnings=warnings, describe=describe
        ):
            differs |= outcome.differs
            if verify:
                written.append(outcome.folder)
            if as_json:
                summaries.append(outcome.summary() | (plans.summary(outcome) if plans else {}))
        if as_json:
            click.echo(json.dumps(summaries, indent=2))
    refused = _verified(written, form, quiet=as_json) if verify else 0
    finish(fleet, EXIT_DIFFERS if check and differs else refused)


def _verified(folders: list[str], form: str, *, quiet: bool) -> int:
    """What `afspec verify` says of folders, as an exit code."""
    from afspec.cli.verify import CHARTS, verify_folders  # noqa: PLC0415 - only with --verify

    charts = os.environ.get(CHARTS)
    return verify_folders(folders, form="github" if form == "github" else "text", charts=charts, quiet=quiet)

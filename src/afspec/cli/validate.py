"""afspec validate: is a spec right?"""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from afspec.cli.shared import EXIT_SPEC, as_of_option, finish, fleet_of, format_option, specs_argument

if TYPE_CHECKING:
    import datetime as dt


@click.command()
@specs_argument
@as_of_option
@format_option
@click.option("--strict", is_flag=True, help="Treat warnings as errors (exit code 1).")
def validate(specs: tuple[str, ...], as_of: dt.datetime | None, form: str, *, strict: bool) -> None:
    """Check specs: YAML, bases, schema and rules. Every problem is shown in one go, with its line."""
    from afspec.compiler import counted  # noqa: PLC0415

    with fleet_of(specs, as_of, form) as fleet:
        for path, checked in fleet.checked():
            fleet.say(f"{path}: {checked.facility.title}: valid, {counted(len(checked.warnings), 'warning')}")
    finish(fleet, EXIT_SPEC if strict and fleet.diagnostics else 0)

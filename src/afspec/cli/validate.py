"""afspec validate: is a spec right?"""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from afspec.cli.shared import (
    EXIT_SPEC,
    as_of_option,
    finish,
    fleet_of,
    format_option,
    ignore_option,
    select_option,
    selection_of,
    specs_argument,
)

if TYPE_CHECKING:
    import datetime as dt


@click.command()
@specs_argument
@as_of_option
@format_option
@select_option
@ignore_option
@click.option("--strict", is_flag=True, help="Treat warnings as errors (exit code 1).")
def validate(
    specs: tuple[str, ...],
    as_of: dt.datetime | None,
    form: str,
    select: tuple[str, ...],
    ignore: tuple[str, ...],
    *,
    strict: bool,
) -> None:
    """Check specs: YAML, bases, schema and rules. Every problem is shown in one go, with its line.

    What a spec lists under `ignored:`, each with a reason, is counted and not shown; --format json and sarif carry it.

    \b
      afspec validate sites/slac.yaml                          every problem
      afspec validate 'sites/*.yaml' --ignore AF3002           but for stale facts
      afspec validate sites/slac.yaml --select AF31,AF33       warnings about batch and Dask
      afspec validate 'sites/*.yaml' --format sarif            for code scanning
    """
    from afspec.compiler import counted  # noqa: PLC0415

    with fleet_of(specs, as_of, form, selection_of(select, ignore)) as fleet:
        for path, checked in fleet.checked():
            lived_with = f", {len(checked.ignored)} ignored with a reason" if checked.ignored else ""
            warnings = counted(len(checked.warnings), "warning")
            fleet.say(f"{path}: {checked.facility.title}: valid, {warnings}{lived_with}")
    finish(fleet, EXIT_SPEC if strict and fleet.diagnostics else 0)

"""afspec targets: which generators there are."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from afspec.cli.shared import as_of_option, finish, fleet_of

if TYPE_CHECKING:
    import datetime as dt


@click.command()
@click.argument("spec", required=False)
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
@as_of_option
def targets(spec: str | None, as_of: dt.datetime | None, *, as_json: bool) -> None:
    """The generators, and with a SPEC which of them apply and what they would write.

    \b
      afspec targets                       every generator
      afspec targets sites/bnl.yaml        which apply to BNL, and their files
    """
    from afspec.fleet import describe_targets  # noqa: PLC0415

    with fleet_of([spec] if spec else [], as_of, "text") as fleet:
        found = [checked for _, checked in fleet.checked(show_warnings=False)]
        if len(found) > 1:
            raise click.UsageError(f"name one spec: {spec!r} stands for {len(found)}")
        checked = found[0] if found else None
        if checked or not spec:
            click.echo(describe_targets(checked, as_json=as_json), nl=False)
    finish(fleet)

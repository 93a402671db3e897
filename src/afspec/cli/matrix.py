"""afspec matrix: facilities side by side."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from afspec.cli.shared import as_of_option, finish, fleet_of, specs_argument

if TYPE_CHECKING:
    import datetime as dt


@click.command()
@specs_argument
@as_of_option
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

    with fleet_of(specs, as_of, "text") as fleet:
        facilities = [checked.facility for _, checked in fleet.checked(show_warnings=False)]
        if facilities:
            click.echo(render_matrix(facilities, form), nl=False)
    finish(fleet)

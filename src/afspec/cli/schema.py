"""afspec schema: the language for editors."""

from __future__ import annotations

import sys

import click

from afspec.cli.shared import EXIT_DIFFERS


@click.command()
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

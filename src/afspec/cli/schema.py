"""afspec schema: the language for editors."""

from __future__ import annotations

import sys

import click

from afspec.cli.shared import EXIT_DIFFERS, finish, fleet_of


@click.command()
@click.option("--kind", type=click.Choice(["facility", "overlay", "report"]), default="facility", show_default=True)
@click.option("--write", is_flag=True, help="Write all schemas into specs/.")
@click.option("--check", is_flag=True, help="Exit 3 if the schemas in specs/ are not those of the models.")
def schema(kind: str, *, write: bool, check: bool) -> None:
    """The language's JSON Schema, generated from the models.

    `facility` is for whole specs; `overlay` is the same with nothing required, for bases; `report` is the form of
    report.json.

    \b
      afspec schema --write                the files that editors read, into specs/
      afspec schema --check                in CI: are those there the models'?
      afspec schema --kind report          one of them, printed
    """
    from afspec.schema import render_schema, stale_schemas, write_schemas  # noqa: PLC0415

    if write:
        from afspec.source.text import fail  # noqa: PLC0415

        with fleet_of((), None, "text") as fleet:
            try:
                for path in write_schemas("specs"):
                    click.echo(f"wrote {path}")
            except OSError as error:
                fleet.report(fail("AF4008", f"specs: {error.strerror or error}", place="specs").diagnostics)
        finish(fleet)
    elif check:
        stale = stale_schemas("specs")
        for path in stale:
            click.echo(f"{path} is stale: run `afspec schema --write`", err=True)
        sys.exit(EXIT_DIFFERS if stale else 0)
    else:
        click.echo(render_schema(kind), nl=False)

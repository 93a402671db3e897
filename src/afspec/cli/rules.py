"""afspec rules: what the diagnostics mean."""

from __future__ import annotations

import click


@click.command()
@click.argument("code", required=False)
@click.option("--format", "form", type=click.Choice(["text", "markdown", "json"]), default="text", show_default=True)
def rules(code: str | None, form: str) -> None:
    """What the diagnostics mean: all of them, or one CODE.

    \b
      afspec rules                         every code, with what it means
      afspec rules AF3103                  what one means, and what to do
      afspec rules --format json           for scripts; markdown is a table
    """
    from afspec.catalogue import describe  # noqa: PLC0415

    found = describe(code.upper() if code else None, form)
    if found is None:
        raise click.UsageError(f"no diagnostic has the code {code!r}; `afspec rules` lists them")
    click.echo(found, nl=False)

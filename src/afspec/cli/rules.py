"""afspec rules: what the diagnostics mean."""

from __future__ import annotations

import click


@click.command()
@click.argument("code", required=False)
@click.option("--format", "form", type=click.Choice(["text", "markdown", "json"]), default="text", show_default=True)
def rules(code: str | None, form: str) -> None:
    """What the diagnostics mean: all of them, or one CODE."""
    from afspec.catalogue import describe  # noqa: PLC0415

    found = describe(code.upper() if code else None, form)
    if found is None:
        raise click.UsageError(f"no diagnostic has the code {code!r}; `afspec rules` lists them")
    click.echo(found, nl=False)

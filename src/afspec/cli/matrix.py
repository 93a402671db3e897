"""afspec matrix: facilities side by side."""

from __future__ import annotations

from pathlib import Path
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
@click.option(
    "--build",
    metavar="FOLDER",
    help="Link cells to the compiled files that implement them, in FOLDER/SITE (markdown, html, json).",
)
def matrix(specs: tuple[str, ...], as_of: dt.datetime | None, form: str, build: str | None) -> None:
    """Facilities side by side: what each says of ten capabilities, as in the 2023 talk's closing table.

    \b
      afspec matrix sites/bnl.yaml sites/uchicago.yaml sites/slac.yaml
      afspec matrix 'sites/2023/*.yaml' --format html > table.html
      afspec matrix 'sites/*.yaml' --format html --build build > table.html   # cells link to what was compiled
    """
    from afspec.matrix import Compiled, render_matrix  # noqa: PLC0415

    with fleet_of(specs, as_of, "text") as fleet:
        facilities = [checked.facility for _, checked in fleet.checked(show_warnings=False)]
        if facilities:
            compiled = (
                Compiled(build, {item.name: _outputs(build, item.name) for item in facilities}) if build else None
            )
            click.echo(render_matrix(facilities, form, compiled), nl=False)
    finish(fleet)


def _outputs(build: str, site: str) -> tuple[str, ...]:
    """The files that a site's lock lists; a site that was not compiled there has none, which is said."""
    from afspec.compiler.lock import LOCK_NAME, parse_lock  # noqa: PLC0415
    from afspec.diagnostics import AfspecError  # noqa: PLC0415

    path = Path(build, site, LOCK_NAME)
    try:
        return tuple(parse_lock(path.read_text(), str(path)).outputs)
    except (FileNotFoundError, NotADirectoryError):
        click.echo(f"{site} is not compiled in {build}: its cells link to nothing", err=True)
        return ()
    except AfspecError as error:
        raise click.ClickException(f"{path}: {error.diagnostics[0].message}") from error
    except (OSError, UnicodeDecodeError) as error:
        raise click.ClickException(f"{path} cannot be read: {error}") from error

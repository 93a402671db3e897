"""The command `afspec agc bench`."""

from __future__ import annotations

import click


@click.command()
def bench() -> None:
    """To come."""

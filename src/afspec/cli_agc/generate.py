"""The command `afspec agc generate`."""

from __future__ import annotations

import click


@click.command()
def generate() -> None:
    """To come."""

"""The command `afspec agc compare`."""

from __future__ import annotations

import click


@click.command()
def compare() -> None:
    """To come."""

"""The secrets that a user of a twin has: each made as the real user would come by it, one function for each."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from afspec.twins import Running

# Name of the secret, and the function that gets it for a user; "" where the twin has none.
SOURCES: dict[str, Callable[[Running, str], str]] = {}
# Functions that get several, whose names depend on the facility.
FAMILIES: list[Callable[[Running, str], dict[str, str]]] = []


def secrets_of(running: Running, user: str) -> dict[str, str]:
    """A user's secrets by the names that checks ask for."""
    found = {name: source(running, user) for name, source in SOURCES.items()}
    for family in FAMILIES:
        found |= family(running, user)
    return {name: value for name, value in found.items() if value}

"""Finding generators: those of this package's path, and those that other distributions offer."""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache
from importlib.metadata import entry_points

import afspec.generators as package
from afspec.generators.interface import Generator

ENTRY_POINT_GROUP = "afspec.generators"


def collect(classes: list[type[Generator]]) -> dict[str, Generator]:
    """One instance of each class by name, in order of name.

    Raises:
        ValueError: two generators have the same name.
    """
    found: dict[str, Generator] = {}
    for cls in sorted(classes, key=lambda cls: cls.name):
        if cls.name in found:
            raise ValueError(f"two generators are called {cls.name!r}: {type(found[cls.name])} and {cls}")
        found[cls.name] = cls()
    return found


def _own() -> list[type[Generator]]:
    classes: list[type[Generator]] = []
    for module in pkgutil.iter_modules(package.__path__):
        if not module.ispkg:
            continue
        loaded = importlib.import_module(f"{package.__name__}.{module.name}")
        classes += [
            value
            for value in vars(loaded).values()
            if isinstance(value, type) and issubclass(value, Generator) and value is not Generator
        ]
    return classes


@cache
def all_generators() -> dict[str, Generator]:
    """Every generator by name, this project's and those of installed entry points.

    Raises:
        ValueError: two generators have the same name.
    """
    external = [point.load() for point in entry_points(group=ENTRY_POINT_GROUP)]
    return collect([*_own(), *external])

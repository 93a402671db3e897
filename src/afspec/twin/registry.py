"""The engines that there are, and in which order a facility's are started."""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache
from graphlib import TopologicalSorter
from typing import TYPE_CHECKING

from afspec.twin import engines
from afspec.twin.engine import Engine

if TYPE_CHECKING:
    from collections.abc import Collection

    from afspec.facility import Facility


@cache
def all_engines() -> dict[str, type[Engine]]:
    """Every engine class by its name: those of the modules of `engines`.

    Raises:
        ValueError: two engines of one name.
    """
    found: dict[str, type[Engine]] = {}
    for module in pkgutil.iter_modules(engines.__path__, f"{engines.__name__}."):
        for value in vars(importlib.import_module(module.name)).values():
            if not isinstance(value, type) or not issubclass(value, Engine) or value.__module__ != module.name:
                continue
            if "name" not in vars(value):
                continue  # a base of others
            if value.name in found:
                raise ValueError(f"two engines are called {value.name}")
            found[value.name] = value
    return found


def engines_of(facility: Facility, without: Collection[str] = ()) -> list[type[Engine]]:
    """The facility's engines but those of the names `without`, each after those that it waits for."""
    chosen = {
        name: engine for name, engine in all_engines().items() if name not in without and engine.applies(facility)
    }
    graph = {name: [before for before in engine.after if before in chosen] for name, engine in chosen.items()}
    return [chosen[name] for name in TopologicalSorter(graph).static_order()]

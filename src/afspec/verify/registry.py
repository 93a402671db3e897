"""The checks that there are: the classes of the modules in `checks`, by name."""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache

from afspec.verify import checks
from afspec.verify.check import Check


@cache
def all_checks() -> tuple[Check, ...]:
    """Every check, in the order of their names.

    Raises:
        ValueError: two have the same name or code.
    """
    found: dict[str, Check] = {}
    for module in pkgutil.iter_modules(checks.__path__):
        loaded = importlib.import_module(f"{checks.__name__}.{module.name}")
        for value in vars(loaded).values():
            own = isinstance(value, type) and issubclass(value, Check) and value.__module__ == loaded.__name__
            if own and not getattr(value, "__abstractmethods__", None):
                check: Check = value()
                if any(check.name == other.name or check.code == other.code for other in found.values()):
                    raise ValueError(f"two checks are called {check.name}, or have the code {check.code}")
                found[check.name] = check
    return tuple(found[name] for name in sorted(found))

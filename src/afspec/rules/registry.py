"""The rules that there are: those of this package, and those of other packages' entry points.

A rule is found because it is there: writing the class is enough. Two rules with one code are refused, as nobody could
tell what the code means.
"""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache
from typing import TYPE_CHECKING

from afspec.rules.base import Rule

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from types import ModuleType

GROUP = "afspec.rules"


class DuplicateRuleError(ValueError):
    """Two rules have the same code."""


def rules_in(module: ModuleType) -> Iterator[type[Rule]]:
    """The rules that a module defines (not those that it imports)."""
    for value in vars(module).values():
        if isinstance(value, type) and issubclass(value, Rule) and value.__module__ == module.__name__:
            yield value


def collect(classes: Iterable[type[Rule]]) -> tuple[Rule, ...]:
    """One of each rule, in the order of their codes.

    Raises:
        DuplicateRuleError: two classes have the same name.
    """
    found: dict[str, type[Rule]] = {}
    for rule in classes:
        first = found.setdefault(rule.__name__, rule)
        if first is not rule:
            raise DuplicateRuleError(
                f"{rule.__name__} is defined in {first.__module__} and in {rule.__module__}: rename one"
            )
    return tuple(found[code]() for code in sorted(found))


def builtin(package: str = "afspec.rules") -> tuple[Rule, ...]:
    """The rules of every module of a package."""
    path = importlib.import_module(package).__path__
    modules = [importlib.import_module(f"{package}.{info.name}") for info in pkgutil.iter_modules(path)]
    return collect(rule for module in modules for rule in rules_in(module) if rule is not Rule)


@cache
def external() -> tuple[type[Rule], ...]:
    """The rules of other packages, by the entry point group `afspec.rules`.

    Raises:
        TypeError: an entry point leads to something that is not a rule.
    """
    # Looking through every installed package takes longer than all rules: once, and only when rules are run.
    from importlib.metadata import entry_points  # noqa: PLC0415

    found = []
    for entry in entry_points(group=GROUP):
        rule = entry.load()
        if not (isinstance(rule, type) and issubclass(rule, Rule)):
            raise TypeError(f"entry point {entry.name} of {GROUP} is not a rule: {entry.value}")
        found.append(rule)
    return tuple(found)


@cache
def every_rule() -> tuple[Rule, ...]:
    """The rules of this package and of others, in the order of their codes.

    Raises:
        DuplicateRuleError: a rule of another package has a code that is taken.
    """
    return collect((*(type(rule) for rule in builtin()), *external()))

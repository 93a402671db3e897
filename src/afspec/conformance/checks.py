"""The checks of the suite: functions that take a probe, known by their requirement and name."""

from __future__ import annotations

import importlib.util
import sys
from functools import cache
from typing import TYPE_CHECKING, NamedTuple, Protocol, TypeVar

from afspec.conformance.suite_folder import suite_folder

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType

    from afspec.conformance.catalogue import Check
    from afspec.conformance.probe import Probe

MARK = "_afspec_check"


class Ask(Protocol):
    """A check: it passes when it returns."""

    def __call__(self, probe: Probe) -> None:
        """Ask."""


class CheckName(NamedTuple):
    """Which check of the catalogue a function is."""

    requirement: str
    name: str


F = TypeVar("F", bound="Callable[..., None]")


def check(requirement: str, name: str) -> Callable[[F], F]:
    """Say which check of the catalogue a test function is."""

    def mark(function: F) -> F:
        names = getattr(function, MARK, ())
        setattr(function, MARK, (*names, CheckName(requirement, name)))
        return function

    return mark


def names_of(function: object) -> tuple[CheckName, ...]:
    """The checks that a function is; none for any other."""
    found: tuple[CheckName, ...] = getattr(function, MARK, ())
    return found


@cache
def _module(file: str) -> ModuleType:
    path = suite_folder() / file
    name = f"afspec_conformance_{path.stem}"
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None or not path.is_file():
        raise LookupError(f"there is no {path}")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        # Whatever is wrong with the file is the kit's fault, and is said of each of its checks.
        raise LookupError(f"{path.name} cannot be loaded: {type(error).__name__}: {error}") from error
    return module


def function_of(item: Check) -> Ask:
    """The function that asks a check.

    Raises:
        LookupError: the catalogue names a test that is not there.
    """
    file, _, name = item.test.partition("::")
    found: Ask | None = getattr(_module(file), name, None)
    if found is None:
        raise LookupError(f"{file} has no {name}")
    return found

"""Leftovers of runs that were killed: found by their names, and removed before anything is asked.

A sweeper looks at one kind of thing (jobs, folders, sessions, models). It is registered where that kind is asked for,
in a file of the suite, and must remove nothing but what `leftover` says is ours.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from afspec.conformance.checks import function_of
from afspec.conformance.preflight import preflight
from afspec.conformance.trouble import Trouble
from afspec.report.model import Problem

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from afspec.conformance.run import Run
    from afspec.conformance.store import Store

# Each removes the leftovers of one kind, and yields what could not be removed, with the command that does it by hand.
SWEEPERS: dict[str, Callable[[Run], Iterable[tuple[str, str]]]] = {}


def sweeper(function: Callable[[Run], Iterable[tuple[str, str]]]) -> Callable[[Run], Iterable[tuple[str, str]]]:
    """Register a sweeper under its name; two of one name are an error."""
    name = function.__name__
    known = SWEEPERS.get(name)
    if known is not None and known.__code__.co_filename != function.__code__.co_filename:
        raise ValueError(f"two sweepers are called {name!r}")
    SWEEPERS[name] = function
    return function


def sweep(run: Run, store: Store) -> None:
    """Run every sweeper of the suite; one that gets nowhere is told, and stops nothing: the checks will say why."""
    # They are registered when their files are loaded, which under xdist only workers do by themselves.
    for requirement in run.plan.catalogue.requirements:
        for check in requirement.checks:
            # One that is not there is an error of its check.
            with suppress(LookupError):
                function_of(check)
    if preflight(run, store, "session"):
        return
    for name, function in SWEEPERS.items():
        try:
            for text, by_hand in function(run):
                store.problem(Problem(kind="cleanup", text=run.clean(f"{name}: {text}"), next=run.clean(by_hand)))
        except Trouble:
            # Not reachable: preflight has its own row for that.
            continue

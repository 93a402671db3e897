"""The graph of some units: each is done, and what they come to is added up on the workers, a few at a time.

It is made of bytes, of functions of Python's own library and of its own keys, so that a scheduler needs nothing else.
"""

from __future__ import annotations

import operator
import pickle
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    from afspec.agc.run.work import Unit

# A task's name: what it is in which run, and its place there.
Key = tuple[str, str]
Graph = dict[Key, tuple[Any, ...]]


@dataclass(frozen=True, slots=True)
class Errand:
    """What workers are told: functions by value, and what they do it with.

    Attributes:
        run: a word that no other run on the scheduler has.
        do: pickled (outfit, analysis, unit, tries) -> answer.
        add: pickled (outfit, *answers) -> answer.
        outfit: the name of the plugin that made workers ready.
        analysis: pickled.
        tries: of each unit.
    """

    run: str
    do: bytes
    add: bytes
    outfit: str
    analysis: bytes
    tries: int = 3


def tree(errand: Errand, units: Sequence[Unit], fan_in: int, attempt: int = 0) -> tuple[Graph, Key]:
    """The graph of some units, and the key of what they all come to.

    Units are added up in their order, so that a graph done again gives the same to the last bit.

    Args:
        errand: what is to be done with each.
        units: at least one.
        fan_in: how many results are added up by one task, at least two.
        attempt: which one it is: keys of another one are others.
    """
    if not units or fan_in < 2:  # noqa: PLR2004 - adding up one gets nowhere
        raise ValueError("a tree has a leaf, and two branches where it forks")
    graph: Graph = {}
    level: list[Key] = []
    for unit in units:
        key = (f"afspec-unit-{errand.run}", f"{unit.number}.{attempt}")
        graph[key] = (
            operator.call,
            (pickle.loads, errand.do),
            errand.outfit,
            errand.analysis,
            pickle.dumps(unit),
            errand.tries,
        )
        level.append(key)
    height = 0
    while len(level) > 1:
        height += 1
        above: list[Key] = []
        for first in range(0, len(level), fan_in):
            parts = level[first : first + fan_in]
            if len(parts) == 1:
                above += parts
                continue
            key = (f"afspec-add-{errand.run}", f"{units[0].number}.{height}.{first}.{attempt}")
            graph[key] = (operator.call, (pickle.loads, errand.add), errand.outfit, *parts)
            above.append(key)
        level = above
    return graph, level[0]

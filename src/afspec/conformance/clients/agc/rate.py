"""Events a second and core: rounds as pytest-benchmark has them, and what must agree before rates are compared."""

from __future__ import annotations

import importlib
import json
import statistics
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

# Of the reference: below the first it is degraded, below the second it is not what was promised.
DEGRADED, BROKEN = 0.9, 0.5


@dataclass(frozen=True)
class Context:
    """What a rate depends on: two rates are compared only where all of it agrees.

    Attributes:
        analysis: its name, options included.
        cores: threads of all workers.
        cache: "warm" where the same workers had read the same input before, else "cold".
        dataset: digest of the input's events.
        image: digest of the software that is installed where the workers run.
    """

    analysis: str
    cores: int
    cache: str
    dataset: str
    image: str

    def words(self) -> str:
        """As JSON, for evidence."""
        return json.dumps(asdict(self), sort_keys=True)


def context_of(seen: Mapping[str, Any]) -> Context:
    """The context of what was measured on a cluster."""
    rate = seen["rate"]
    return Context("ttbar-v2", int(rate["cores"]), "warm", str(rate["digest"]), str(rate["image"]["digest"]))


def per_core(rounds: Sequence[Mapping[str, Any]], cores: int) -> list[float]:
    """Events a second and core of each round."""
    return [float(each["rate"]) / cores for each in rounds]


def median(values: Sequence[float]) -> float:
    """The middle one."""
    return statistics.median(values)


def statistics_of(seconds: Sequence[float]) -> dict[str, Any]:
    """pytest-benchmark's statistics of rounds, in its own words; {} where it is not installed.

    The plugin itself stays out: it times functions of a test, and these rounds ran at the site.
    """
    try:
        # Without types: whatever it has is data.
        stats: Any = importlib.import_module("pytest_benchmark.stats").Stats()
    except ImportError:
        return {}
    for value in seconds:
        stats.update(value)
    found: dict[str, Any] = stats.as_dict()
    return {**found, "data": list(seconds)}

"""Hands units out to a cluster and sees that each comes back once, whatever becomes of workers."""

from __future__ import annotations

import pickle
import time
import uuid
from collections import deque
from typing import TYPE_CHECKING, Any, cast

from afspec.agc.errors import ClusterError
from afspec.agc.run.dask import far
from afspec.agc.run.dask.flights import Flights
from afspec.agc.run.dask.ship import by_value, pickled, refuse
from afspec.agc.run.dask.tree import Errand, tree
from afspec.agc.run.dask.versions import mismatches, ours, sizes
from afspec.agc.run.work import Failure, Partial

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from types import TracebackType
    from typing import Self

    from afspec.agc.analysis import Analysis
    from afspec.agc.run.dask.clusters import Opened
    from afspec.agc.run.dask.flights import Landed
    from afspec.agc.run.dask.options import DaskOptions
    from afspec.agc.run.dask.ship import Shipped
    from afspec.agc.run.work import Unit

# Results that one task adds up, and units that come back together at most.
_FAN_IN, _MOST = 8, 64
# Units that are under way for each thread: the next ones must be there when it is done, and no scheduler likes a flood.
_AHEAD = 4
# A run comes back in as many parts at least, so that progress can be seen and little is lost with an interrupt.
_PARTS = 8
# Units in a row that kill workers even when they have the cluster for themselves: then it is not the units.
_HOPELESS = 3


def together(units: int, threads: int) -> int:
    """How many units come back in one partial result: more where more threads would keep the client busy."""
    return max(1, min(_MOST, 2 * threads, units // _PARTS))


class DaskExecutor:
    """An Executor on a Dask cluster.

    A worker that dies costs time only: Dask does again what was lost with it, and a partial result is counted when it
    has arrived, never before. Units that were under way when workers died too often are done again one by one; those
    that kill workers even then are Failures.
    """

    def __init__(self, cluster: Opened, shipped: Shipped, options: DaskOptions) -> None:
        self._cluster = cluster
        self._shipped = shipped
        self._options = options
        self._errand_parts = by_value(far.do_unit), by_value(far.add)
        self._described: dict[str, object] = {}
        self._open = True
        self._described = self.describe()

    def run(self, analysis: Analysis, units: Sequence[Unit]) -> Iterator[Partial]:
        """Do units; partial results come in any order, and every unit comes once.

        Raises:
            ClusterError: workers cannot reach the files; the scheduler, or the last worker, is gone; one that came
                later cannot run the analysis.
        """
        self._shipped.reach(unit.file for unit in units)
        errand = self._errand(analysis)
        suspects: list[Unit] = []
        with Flights(self._cluster.client, self._options.wait, self._cluster.mend) as flights:
            size = together(len(units), flights.threads)
            batches = deque(units[first : first + size] for first in range(0, len(units), size))
            sent = 0
            while batches or flights:
                while batches and (not flights or flights.units < _AHEAD * flights.threads):
                    batch = batches.popleft()
                    flights.start(*tree(errand, batch, _FAN_IN), batch, -sent)
                    sent += 1
                landed = flights.next()
                if landed.answer is None:
                    suspects += landed.units
                else:
                    yield _arrived(landed)
            yield from _one_by_one(flights, errand, suspects)

    def warm(self, analysis: Analysis) -> float:
        """Have it compiled on every worker that is there; seconds until all have, which are no part of the work.

        What goes wrong is not told here: units tell it.
        """
        begun = time.perf_counter()
        self._cluster.client.run(far.warm, self._shipped.outfit, pickled(analysis), on_error="ignore")
        return time.perf_counter() - begun

    def _errand(self, analysis: Analysis) -> Errand:
        do, add = self._errand_parts
        run = uuid.uuid4().hex[:16]
        return Errand(run, do, add, self._shipped.outfit, pickled(analysis), self._options.tries)

    def describe(self) -> dict[str, object]:
        """What does the work: kind, back end, workers, cores and hosts (how many), versions, what was sent."""
        if not self._open:
            return self._described
        versions = cast("Mapping[str, Any]", self._cluster.client.get_versions())
        return {
            "kind": "dask",
            "backend": self._cluster.backend,
            **sizes(self._cluster.client.scheduler_info(n_workers=-1)),
            "versions": ours(versions),
            "mismatches": mismatches(versions),
            "sent_to": self._shipped.sent,
        }

    def close(self) -> None:
        """Let go of the cluster, and end it where it was started for this."""
        if self._open:
            self._open = False
            self._cluster.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None, /
    ) -> None:
        self.close()


def _arrived(landed: Landed) -> Partial:
    """What came of a graph, with every unit of it.

    Raises:
        ClusterError: a worker cannot run the analysis.
    """
    assert landed.answer is not None  # noqa: S101 - told apart by the caller
    good, told = landed.answer
    if not good or not isinstance(told, bytes):
        place, _, trouble = str(told).partition(": ")
        refuse({place: {"trouble": trouble}}, 1)
    partial: Partial = pickle.loads(told)  # type: ignore[arg-type]  # noqa: S301 - by our own workers
    came = sorted([*partial.done, *(failure.unit for failure in partial.failures)])
    if came != sorted(unit.number for unit in landed.units):
        asked = [unit.number for unit in landed.units]
        raise ClusterError(f"Units {came} came back where {asked} were asked for", "This is an error of afspec's")
    return partial


def _one_by_one(flights: Flights, errand: Errand, units: Sequence[Unit]) -> Iterator[Partial]:
    """Units that workers may have died of, each alone on the cluster: what dies now is its own fault."""
    deaths = 0
    for unit in units:
        if deaths >= _HOPELESS:
            text = f"not tried alone, after {deaths} others whose workers died every time"
            yield Partial(failures=(Failure(unit.number, unit.file, text, 1),))
            continue
        flights.start(*tree(errand, [unit], _FAN_IN, attempt=1), [unit])
        landed = flights.next()
        if landed.answer is None:
            deaths += 1
            yield Partial(failures=(Failure(unit.number, unit.file, landed.error, 2),))
        else:
            deaths = 0
            yield _arrived(landed)

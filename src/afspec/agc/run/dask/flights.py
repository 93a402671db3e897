"""Graphs that are under way on a cluster, each with the units that it is for."""

from __future__ import annotations

import contextlib
import queue
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from afspec.agc.errors import ClusterError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Self

    from distributed import Client, Future

    from afspec.agc.run.dask.far import Answer
    from afspec.agc.run.dask.tree import Graph, Key
    from afspec.agc.run.work import Unit

# Seconds between looks at whether anybody is still there.
_LOOK = 1.0
# What distributed gives as the reason where a client has lost its scheduler.
_LOST = "scheduler-connection-lost"
_AGAIN = "Run it again to go on from what is done"


@dataclass(frozen=True, slots=True)
class Landed:
    """What came of a graph: an answer, or why there is none."""

    units: tuple[Unit, ...]
    answer: Answer | None
    error: str = ""


class Flights:
    """Sends graphs off, and hears of each once.

    As a context manager: what has not landed at its end is cancelled.
    """

    def __init__(self, client: Client, wait: float, mend: Callable[[], object] | None = None) -> None:
        """Look at the cluster.

        Args:
            client: of it.
            wait: seconds that it may be without any worker.
            mend: called where there are fewer threads than there were: workers that die one soon after the other were
                seen not to come back, now and then.
        """
        self._client = client
        self._wait = wait
        self._mend = mend
        self._most = 0
        self._under_way: dict[Key, tuple[Future[Any], tuple[Unit, ...]]] = {}
        self._landed: queue.SimpleQueue[Key] = queue.SimpleQueue()
        self._seen = time.monotonic()
        self._next_look = self._seen
        self.threads = 1
        self._look()

    def __len__(self) -> int:
        return len(self._under_way)

    @property
    def units(self) -> int:
        """How many units are under way."""
        return sum(len(units) for _, units in self._under_way.values())

    def start(self, graph: Graph, root: Key, units: Sequence[Unit], priority: int = 0) -> None:
        """Send a graph off; those of higher priority come first."""
        future: Future[Any] = self._client.get(graph, root, sync=False, priority=priority)
        self._under_way[root] = future, tuple(units)
        self._listen(future, root)

    def _listen(self, future: Future[Any], root: Key) -> None:
        future.add_done_callback(lambda _: self._landed.put(root))

    def next(self) -> Landed:
        """Wait until one lands.

        Raises:
            ClusterError: the scheduler is gone, or all workers are and none comes back.
        """
        while True:
            try:
                root = self._landed.get(timeout=_LOOK)
            except queue.Empty:
                self._look()
                continue
            if (landed := self._taken(root)) is not None:
                return landed

    def _taken(self, root: Key) -> Landed | None:
        """What came of a graph; None where what was done is lost again, and is being done once more."""
        from distributed.client import FutureCancelledError  # noqa: PLC0415

        future, units = self._under_way[root]
        self._look()
        if future.status in {"pending", "lost"}:
            self._listen(future, root)
            return None
        # The scheduler may go at any moment, and takes with it what has just been told.
        try:
            if future.status == "error":
                landed = Landed(units, None, _reason(future.exception(timeout=self._wait)))
            else:
                answer: Any = future.result(timeout=self._wait)
                landed = Landed(units, answer)
        except TimeoutError:
            self._listen(future, root)
            return None
        except FutureCancelledError as error:
            if error.reason == _LOST:
                raise ClusterError("The Dask scheduler is gone", _AGAIN) from error
            landed = Landed(units, None, "the scheduler has forgotten it")
        del self._under_way[root]
        return landed

    def _look(self) -> None:
        """Count threads, and see that somebody is there to do the work."""
        now = time.monotonic()
        # A client that has to connect again has lost its tasks.
        if self._client.status != "running":
            raise ClusterError("The Dask scheduler is gone", _AGAIN)
        if now < self._next_look:
            return
        self._next_look = now + _LOOK
        try:
            workers = self._client.scheduler_info(n_workers=-1)["workers"]
        except OSError as error:
            raise ClusterError(f"The Dask scheduler is gone: {error}", _AGAIN) from error
        threads = sum(int(worker["nthreads"]) for worker in workers.values())
        self._most = max(self._most, threads)
        if self._mend and (threads < self._most or not workers):
            self._mend()
        if workers:
            self._seen = now
            self.threads = max(threads, 1)
        elif now - self._seen > self._wait:
            raise ClusterError(f"All Dask workers have gone, and none came back in {self._wait:g} s", _AGAIN)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        futures = [future for future, _ in self._under_way.values()]
        self._under_way.clear()
        # A scheduler that is gone needs no telling.
        with contextlib.suppress(Exception):
            if futures and self._client.status == "running":
                self._client.cancel(futures)


def _reason(error: BaseException | None) -> str:
    """Why a task has no result; which worker it was does not matter, and its name is nobody's business."""
    from distributed.scheduler import KilledWorker  # noqa: PLC0415

    if isinstance(error, KilledWorker):
        return f"workers died of it, {error.allowed_failures + 1} times in a row"
    return f"{type(error).__name__}: {error}"

"""Units done in this process: in this thread, or in several at a time (reading and kernels release the GIL)."""

from __future__ import annotations

import os
import queue
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from afspec.agc.errors import AgcError
from afspec.agc.run.work import Partial, process_unit

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from types import TracebackType
    from typing import Self

    from afspec.agc.analysis import Analysis
    from afspec.agc.run.work import Unit

# Seconds that an abandoned run waits for its threads: what they do cannot be cut short, and nobody wants it any more.
_GRACE = 0.2


def cores() -> int:
    """How many this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@dataclass(frozen=True, slots=True)
class Inline:
    """One unit after another, here."""

    tries: int = 3

    def run(self, analysis: Analysis, units: Sequence[Unit]) -> Iterator[Partial]:
        """Do units in their order."""
        for unit in units:
            yield process_unit(analysis, unit, self.tries)

    def describe(self) -> dict[str, object]:
        """What does the work."""
        return {"kind": "inline", "workers": 1, "cores": cores()}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None, /
    ) -> None: ...


@dataclass(frozen=True, slots=True)
class Threads:
    """So many units at a time; a thread takes the next one when it is done with its last.

    Attributes:
        workers: threads.
        tries: of a unit.
    """

    workers: int
    tries: int = 3

    def __post_init__(self) -> None:
        if self.workers < 1:
            raise AgcError(f"{self.workers} threads cannot work", "Give --threads 1 or more")

    def run(self, analysis: Analysis, units: Sequence[Unit]) -> Iterator[Partial]:
        """Do units, and yield each as it is done.

        Threads are daemons: one that hangs in a read does not keep an interrupted program alive.
        """
        waiting = iter(units)
        lock = threading.Lock()
        stop = threading.Event()
        done: queue.SimpleQueue[Partial | BaseException] = queue.SimpleQueue()

        def work() -> None:
            try:
                while not stop.is_set():
                    with lock:
                        unit = next(waiting, None)
                    if unit is None:
                        return
                    done.put(process_unit(analysis, unit, self.tries))
            except BaseException as error:  # noqa: BLE001 - it is raised in the thread that asked for the work
                done.put(error)

        threads = [
            threading.Thread(target=work, name=f"afspec-agc-{number}", daemon=True)
            for number in range(min(self.workers, len(units)))
        ]
        for thread in threads:
            thread.start()
        try:
            for _ in units:
                partial = done.get()
                if isinstance(partial, BaseException):
                    raise partial
                yield partial
        finally:
            stop.set()
            end = time.monotonic() + _GRACE
            for thread in threads:
                thread.join(max(0.0, end - time.monotonic()))

    def describe(self) -> dict[str, object]:
        """What does the work."""
        return {"kind": "threads", "workers": self.workers, "cores": cores()}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None, /
    ) -> None: ...


def in_process(threads: int, tries: int = 3) -> Inline | Threads:
    """The executor for a number of threads.

    Raises:
        AgcError: there are none.
    """
    return Inline(tries) if threads == 1 else Threads(threads, tries)

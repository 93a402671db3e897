"""What an executor is to the runner."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, runtime_checkable

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from types import TracebackType
    from typing import Self

    from afspec.agc.analysis import Analysis
    from afspec.agc.run.work import Partial, Unit


@runtime_checkable
class Warms(Protocol):
    """An executor whose workers are elsewhere, and can be made ready for an analysis before it is run."""

    def warm(self, analysis: Analysis) -> float:
        """Have its kernels compiled, or loaded, where the work will be done; seconds it took."""


class Executor(Protocol):
    """Does units of work, somewhere. What a context manager of it started is gone when it ends.

    How often a unit is tried is settled when it is made: `tries`, handed on to `work.process_unit`.
    """

    def run(self, analysis: Analysis, units: Sequence[Unit]) -> Iterator[Partial]:
        """Do units; partial results come in any order, each covers one unit or more, and every unit comes once.

        Closing the iterator abandons what is not done yet, soon. A worker that dies is no failure of a unit: its work
        is done again elsewhere.

        Raises:
            ClusterError: no worker is there, or comes back, to do the work.
        """

    def describe(self) -> dict[str, object]:
        """What did the work, for result.json: kind ("inline", "threads", "dask"), workers, cores, versions.

        No secrets, and no names of people: it is published.
        """

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None, /
    ) -> None: ...

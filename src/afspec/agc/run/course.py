"""How a run goes: what is known of it while it lasts, and who is told."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from afspec.agc.run.work import Partial

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Sequence

    from afspec.agc.run.filelist import FileList
    from afspec.agc.run.studies import Study
    from afspec.agc.run.work import Unit


class Progress(Protocol):
    """Is told how far a run is."""

    def begin(self, planned: int, resumed: int) -> None:
        """So many events are planned, and so many of them were done by a former run."""

    def advance(self, events: int, failed: int) -> None:
        """So many more events are done; so many units have failed in all."""

    def end(self) -> None:
        """It is over, well or not."""


@dataclass(frozen=True, slots=True)
class Silent:
    """Nobody is told."""

    def begin(self, planned: int, resumed: int) -> None: ...

    def advance(self, events: int, failed: int) -> None: ...

    def end(self) -> None: ...


@dataclass(slots=True)
class Course:
    """How a run has gone so far.

    Attributes:
        total: all partial results, those of a former run too.
        resumed: events of a former run.
        executor: as it describes itself at the end.
        apart: seconds before the run that count nowhere.
        startup, jit, first, loop, cpu: seconds, see result.Times.
    """

    study: Study
    files: FileList
    units: Sequence[Unit]
    chunk_events: int
    started: dt.datetime
    apart: float = 0.0
    startup: float = 0.0
    jit: float = 0.0
    first: float | None = None
    loop: float = 0.0
    cpu: float = 0.0
    resumed: int = 0
    total: Partial = field(default_factory=Partial)
    executor: dict[str, object] = field(default_factory=dict)

    @property
    def todo(self) -> list[Unit]:
        """Units that are not done yet."""
        return [unit for unit in self.units if unit.number not in self.total.done]

"""What an open file of events is to those who read it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator

    from afspec.agc.columns import Chunk
    from afspec.agc.events.stats import ReadStats


class EventFile(Protocol):
    """Events of one file; it may be read by one thread at a time, different files by different threads."""

    @property
    def entries(self) -> int:
        """How many events there are."""

    @property
    def boundaries(self) -> list[int]:
        """Entry numbers, 0 and `entries` among them, where a split costs nothing."""

    @property
    def stats(self) -> ReadStats:
        """What reading has taken so far."""

    def chunks(self, start: int = 0, stop: int | None = None) -> Iterator[Chunk]:
        """The events start to stop, or to the end; a chunk is valid until the next one is asked for.

        Raises:
            InputError: something in the file cannot be read; chunks before it are right.
        """

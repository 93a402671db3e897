"""How far a twin is, for a person: a line for each engine that is well, and on a terminal what is being started."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Self, TextIO

if TYPE_CHECKING:
    from afspec.twin.start import Started

_WIDTH = 100


@dataclass
class Progress:
    """Writes to a stream; only a terminal gets the line that is written over."""

    stream: TextIO
    waiting: list[str] = field(default_factory=list)
    begin: float = field(default_factory=time.monotonic)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._wipe()

    def starting(self, engine: str) -> None:
        """An engine is being started."""
        self.waiting.append(engine)
        self._show()

    def started(self, what: Started) -> None:
        """An engine is well."""
        self._wipe()
        self.waiting.remove(what.engine)
        at = time.monotonic() - self.begin
        self.stream.write(f"  {what.engine:<12} {what.seconds:5.1f} s   (at {at:.1f} s)\n")
        self._show()

    def _wipe(self) -> None:
        if self.stream.isatty():
            self.stream.write("\r\x1b[K")
            self.stream.flush()

    def _show(self) -> None:
        if self.stream.isatty() and self.waiting:
            self._wipe()
            self.stream.write(f"  starting {', '.join(self.waiting)}"[:_WIDTH])
            self.stream.flush()

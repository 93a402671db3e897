"""A twin for the time of a run: one that is up is used as it is, one that is not is started and taken down again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from afspec import twins
from afspec.conformance.twinsite import TwinError
from afspec.twin.room import RoomError
from afspec.twin.start import EngineError

if TYPE_CHECKING:
    from afspec.twin.start import Started
    from afspec.twins import Found


class _Quiet:
    def starting(self, engine: str) -> None:
        """Nothing is said of it."""

    def started(self, what: Started) -> None:
        """Nothing is said of it."""


@dataclass(frozen=True)
class Lent:
    """A twin that a run uses; `own` says that the run started it."""

    name: str
    own: bool

    @classmethod
    def borrow(cls, found: Found) -> Lent:
        """The twin of a spec, up.

        Raises:
            TwinError: it cannot start, or the one that is up was made of another state of the spec.
        """
        name = found.facility.name
        running = twins.attach(name)
        if running is not None and running.state.up:
            if running.differs_from(found):
                raise TwinError(
                    f"the twin {name} was made of another state of its spec: `afspec twin down {name}` first"
                )
            return cls(name, own=False)
        if missing := twins.missing_of(found):
            what = "; ".join(f"{need.title}: {need.missing()} ({need.command})" for need in missing)
            raise TwinError(f"the twin {name} cannot start: {what}")
        try:
            twins.up(found, _Quiet())
        except (RoomError, EngineError, BlockingIOError) as error:
            twins.down(name)
            raise TwinError(f"the twin {name} did not start: {error}") from error
        return cls(name, own=True)

    def give_back(self) -> None:
        """Take it down if the run started it."""
        if self.own:
            twins.down(self.name)

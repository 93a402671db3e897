"""What an engine is: daemons that are started from compiled files, and asked whether they work."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from afspec.facility import Facility
    from afspec.twin.context import Twin


class Endpoint(NamedTuple):
    """An address that users or probes may ask, as it is known inside the room."""

    name: str
    url: str


class Ailment(NamedTuple):
    """What is wrong, and with which daemon."""

    daemon: str
    reason: str


@dataclass(frozen=True)
class Daemon:
    """A process in the foreground; paths are those of the room.

    A daemon that puts itself into the background cannot be watched: give it the option that keeps it in front.
    """

    name: str
    argv: tuple[str, ...]
    user: str = "root"
    environment: Mapping[str, str] = field(default_factory=dict)
    directory: str = "/"


class Engine(ABC):
    """A service of the facility; everything about it is worked out from the spec and the compiled files.

    The methods are called in this order, and again, all of them, when a twin that is up is brought up once more:
    `prepare`, then for every daemon that is not alive `before` and its start, and `ready` until it says nothing,
    then `settle`. All must therefore bear to be repeated.
    """

    name: ClassVar[str]
    # Engines that must be well before this one is prepared, where the facility has them.
    after: ClassVar[tuple[str, ...]] = ()

    def __init__(self, twin: Twin) -> None:
        self.twin = twin
        self.facility = twin.facility
        self.room = twin.room
        self.files = twin.files

    @staticmethod
    @abstractmethod
    def applies(facility: Facility) -> bool:
        """Whether the facility has this service."""

    @staticmethod
    def hosts(facility: Facility) -> Sequence[str]:
        """Names of the hosts that it plays in a private room; each gets a loopback address of its own."""
        del facility
        return ()

    def prepare(self) -> None:  # noqa: B027 - an engine may have nothing to do here
        """Put files, keys and users in place."""

    @abstractmethod
    def daemons(self) -> Sequence[Daemon]:
        """Its processes, in the order in which they are started."""

    def before(self, daemon: Daemon) -> None:  # noqa: B027 - likewise
        """What must be done just before a daemon starts, once those before it are ready."""

    @abstractmethod
    def ready(self, daemon: Daemon) -> str:
        """Ask a daemon that is alive for its health: "" if it is well, else the reason why not, in a few words.

        Whatever is asked here has a time-out of a few seconds.
        """

    def settle(self) -> None:  # noqa: B027 - likewise
        """What is done once all daemons are ready."""

    def endpoints(self) -> Sequence[Endpoint]:
        """Its addresses."""
        return ()

    def ailments(self) -> list[Ailment]:
        """What is wrong now: daemons that are gone, or that do not answer as they should."""
        found = []
        for daemon in self.daemons():
            if not self.room.alive(daemon.name):
                found.append(Ailment(daemon.name, "not running"))
            elif reason := self.ready(daemon):
                found.append(Ailment(daemon.name, reason))
        return found

"""What a client of a batch system does, and the words for what it says."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Literal, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from afspec.conformance.reach import Answer


class Phase(StrEnum):
    """Where a job stands, whatever its scheduler calls it."""

    QUEUED = "queued"
    RUNNING = "running"
    # The scheduler set it aside, and waits for its user.
    HELD = "held"
    # It was told to end, and its node has not said that it did.
    ENDING = "ending"
    ENDED = "ended"
    # The scheduler knows no such job (any more).
    UNKNOWN = "unknown"


# The job may have processes, or get some.
LIVING = frozenset({Phase.QUEUED, Phase.RUNNING, Phase.HELD, Phase.ENDING})


@dataclass(frozen=True)
class Errand:
    """What a job is to do: a script of sh with its arguments, sent with what the site's compiled file asks for.

    `slots` names a partition or queue, None the pool as a whole; `kind` the compiled file: cpu or gpu. What is given
    besides replaces what the file says: `account` (accounting group), `memory` in bytes, `seconds` of walltime,
    `gpu` the model of the one GPU of a job of that kind.
    """

    name: str
    script: str
    args: tuple[str, ...] = ()
    slots: str | None = None
    kind: Literal["cpu", "gpu"] = "cpu"
    account: str | None = None
    memory: int | None = None
    seconds: int | None = None
    gpu: str | None = None


@dataclass(frozen=True)
class Job:
    """A job that was sent; `folder` is where its output goes, on the side that sent it."""

    id: str
    name: str
    folder: str


@dataclass(frozen=True)
class Status:
    """What the scheduler says of a job: its own word and reason.

    Times are seconds since 1970; a job that a signal ended has the shell's exit code for that, 128 + its number.
    """

    phase: Phase
    word: str = ""
    reason: str = ""
    node: str = ""
    exit: int | None = None
    submitted: float | None = None
    started: float | None = None
    ended: float | None = None

    @property
    def well(self) -> bool:
        """Whether it came to its own end, and that was a good one."""
        return self.phase is Phase.ENDED and self.word.upper() == "COMPLETED" and self.exit == 0

    @property
    def waited(self) -> float | None:
        """Seconds in the queue; None where the scheduler does not say."""
        return self.started - self.submitted if self.started and self.submitted else None

    @property
    def ran(self) -> float | None:
        """Seconds from start to end; None where the scheduler does not say."""
        return self.ended - self.started if self.ended and self.started else None


@dataclass(frozen=True)
class Listed:
    """One of the user's own jobs; the node is the scheduler's name for it, "" where it has none (yet)."""

    id: str
    name: str
    phase: Phase
    node: str = ""


@dataclass(frozen=True)
class Taken:
    """Whether the scheduler would take a job, and what it said."""

    yes: bool
    words: str


class Shell(Protocol):
    """Runs a script of sh where the batch system is asked; its arguments are $1, $2, ..."""

    def __call__(
        self, script: str, *args: str, timeout: float = 30, hosts: Callable[[str], Iterable[str]] | None = None
    ) -> Answer:
        """What the script said; `hosts` finds the internal hosts in it, which are no reader's business."""


class Batch(Protocol):
    """A client of one pool.

    Every method may raise FailedError where the scheduler answers with an error, or with what nobody can read, and
    UnverifiedError where its host is not reached.
    """

    def answers(self) -> Answer:
        """A question that costs the scheduler next to nothing."""

    def version(self) -> str:
        """The scheduler's own version, not that of the client."""

    def submit(self, errand: Errand) -> Job:
        """Send a job; FailedError with the scheduler's words where it is refused."""

    def takes(self, errand: Errand) -> Taken:
        """Whether such a job would be taken; none ever runs."""

    def status(self, job: Job) -> Status:
        """Where a job stands, also some minutes after its end."""

    def output(self, job: Job) -> str:
        """What a job has written so far, errors included; "" where there is nothing (yet)."""

    def cancel(self, number: str) -> Answer:
        """Cancel a job of the user's own; a job that is over already is none that matters."""

    def forget(self, job: Job) -> None:
        """Remove the files of a job that is over."""

    def mine(self) -> list[Listed]:
        """The user's own jobs that are not over."""

    def hopeless(self, job: Job, slots: str | None) -> str:
        """Why a job that waits cannot start, however long it waits, as things stand: "" where it may.

        A queue that is long is no fault, for waiting helps. It is one where nothing that users can do helps, but only
        the facility: every node is down or drained, the partition is closed, the job's own settings, which are those
        that the facility says it wants, fit nothing.
        """

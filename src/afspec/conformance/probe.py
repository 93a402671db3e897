"""What a check is given: the thing that it is about, ways to ask, and the words to say what came of it.

@check("AF-BATCH-003", "nonce")
def test_nonce(probe: Probe) -> None:
    answer = probe.sh('printf %s "$1"', probe.nonce)
    probe.expect(answer.out == probe.nonce, "a command brings its nonce back", answer.out)
"""

from __future__ import annotations

import base64
import secrets
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

from afspec.conformance.trouble import FailedError, UnverifiedError
from afspec.verdict import Proof, Reason

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from afspec.conformance.evidence import Evidence
    from afspec.conformance.plan import Instance
    from afspec.conformance.reach import Answer, Way
    from afspec.conformance.run import Run
    from afspec.conformance.web import Web
    from afspec.facility import Facility

T = TypeVar("T")
_COMMAND = 30
# Characters of an argument that evidence shows.
_SHOWN = 4000


@dataclass(frozen=True)
class CleanUp:
    """Something to undo when the check is over, and the command that does it by hand."""

    undo: Callable[[], object]
    by_hand: str


class Probe:
    """One attempt of a check."""

    def __init__(self, run: Run, instance: Instance, evidence: Evidence, deadline: float) -> None:
        self.run = run
        self.instance = instance
        self.evidence = evidence
        self.proof = Proof.DEMONSTRATED
        self.degradations: list[str] = []
        self.clean_ups: list[CleanUp] = []
        self.nonce = secrets.token_hex(8)
        self._deadline = deadline
        self._jobs = 0
        self._bytes = 0
        self._webs: list[Web] = []

    # What it is about.

    @property
    def facility(self) -> Facility:
        """The facility."""
        return self.run.facility

    @property
    def value(self) -> Any:
        """The part of the spec that it is about: a pool, an image, an area."""
        return self.instance.subject.value

    @property
    def item(self) -> str:
        """Its name: slurm/roma; "" for the site as a whole."""
        return self.instance.subject.item

    @property
    def vantage(self) -> str:
        """Where it asks from."""
        return self.instance.requirement.vantage

    @property
    def name(self) -> str:
        """A name for whatever is made at the facility: unique, ours to see, with its time of expiry."""
        return f"{self.run.name}-{self.nonce}"

    @property
    def user(self) -> str:
        """The user's name at the facility.

        Raises:
            UnverifiedError: the run's credentials do not say it.
        """
        if not self.run.credentials.user:
            hint = "Give `user:` in the run's credentials."
            self.unverified(Reason.NO_CREDENTIALS, "nothing says who the user is", hint)
        return self.run.credentials.user

    # What it asks.

    def way(self, vantage: str = "") -> Way:
        """The way to a vantage; left out, its own."""
        return self.run.vantages.way(vantage or self.vantage)

    def sh(
        self,
        script: str,
        *args: str,
        timeout: float = _COMMAND,
        vantage: str = "",
        check: bool = False,
        hosts: Callable[[str], Iterable[str]] | None = None,
    ) -> Answer:
        """Run a script of sh at a vantage; `args` are its $1, $2, ... and are never read as code.

        `hosts` finds internal hosts in what it says: they are hidden before it is taken down.

        Raises:
            FailedError: with `check`, where it ends with anything but 0; CommandTimeoutError: it takes too long.
            UnverifiedError: the vantage cannot be reached, or the budget is used up.
        """
        where = vantage or self.vantage
        host = self.way(where).host
        if host is None:
            self.unverified(Reason.NO_CREDENTIALS, f"nothing runs commands at the vantage {where}")
        answer = host.run(["sh", "-c", script, "sh", *args], min(timeout, self.remaining()))
        for name in hosts(f"{answer.out}\n{answer.err}") if hosts else ():
            self.run.hide(name)
        # A file's content is no use to a reader, and would hide the rest.
        shown = [word if len(word) <= _SHOWN else f"<{len(word)} characters>" for word in answer.argv]
        self.evidence.command(replace(answer, argv=tuple(shown)), where)
        if check and not answer.ok:
            raise FailedError(f"{script.strip().splitlines()[0][:80]}: {answer.words}")
        return answer

    def put(self, path: str, data: bytes, *, mode: str = "600", vantage: str = "") -> None:
        """Write a small file at a vantage; its folder is made."""
        self.spend(size=len(data))
        script = 'umask 077; mkdir -p "$(dirname "$1")" && printf %s "$2" | base64 -d >"$1" && chmod "$3" "$1"'
        self.sh(script, path, base64.b64encode(data).decode(), mode, vantage=vantage, check=True)

    def web(
        self, base: str = "", *, token: str = "", scheme: str = "token", vantage: str = "", authority: str = ""
    ) -> Web:
        """A client of an HTTP service; a token goes into the Authorization header, and nowhere else.

        `authority` is certificates (PEM) to trust besides the system's.
        """
        from afspec.conformance.web import Web  # noqa: PLC0415 - most checks ask no web service

        where = vantage or self.vantage
        headers = {"Authorization": f"{scheme} {token}"} if token else {}
        client = Web(self.way(where), where, self.evidence, base, headers, authority=authority)
        self._webs.append(client)
        return client

    def secret(self, name: str) -> str:
        """A secret of the run's credentials; never put it into a command's arguments.

        Raises:
            UnverifiedError: this run has none.
        """
        return self.run.wallet.get(name)

    def poll(self, ask: Callable[[], T], seconds: float, every: float = 0.5) -> T:
        """The first answer of `ask` that is true, or the last one when the time is over."""
        end = time.monotonic() + min(seconds, self.remaining())
        while not (answer := ask()) and time.monotonic() < end:
            time.sleep(every)
        return answer

    # What it says.

    def expect(self, holds: object, claim: str, found: object = "") -> None:
        """Claim something of the facility.

        Raises:
            FailedError: it does not hold.
        """
        self.evidence.claim(claim, passed=bool(holds), found=found)
        if not holds:
            seen = f": {found}" if str(found).strip() else ""
            raise FailedError(f"not so: {claim}{seen}")

    def unverified(self, reason: Reason, text: str, next_step: str = "") -> NoReturn:
        """Say that it cannot be told.

        Raises:
            UnverifiedError: always.
        """
        raise UnverifiedError(reason, text, next_step)

    def note(self, name: str, value: object) -> None:
        """Take down a version, a job's id, ..."""
        self.evidence.note(name, value)

    def degraded(self, why: str) -> None:
        """Say that it works, but not as it should."""
        self.degradations.append(why)

    def configured(self, why: str) -> None:
        """Say that it was read from the configuration, not tried."""
        self.proof = Proof.CONFIGURED
        self.note("configured", why)

    # What it may use.

    def remaining(self) -> float:
        """Seconds that are left of its budget.

        Raises:
            UnverifiedError: none are.
        """
        left = self._deadline - time.monotonic()
        if left <= 0:
            self.unverified(
                Reason.BUDGET_EXHAUSTED, f"its {self.instance.requirement.budget.wall} s are over", "Is the site slow?"
            )
        return left

    def spend(self, *, jobs: int = 0, size: int = 0) -> None:
        """Account for jobs, or bytes, before they are used.

        Raises:
            UnverifiedError: its budget does not allow it.
        """
        limits = self.instance.requirement.budget
        self._jobs += jobs
        self._bytes += size
        if self._jobs > limits.jobs:
            self.unverified(Reason.BUDGET_EXHAUSTED, f"it may send {limits.jobs} jobs, no more")
        if self._bytes > limits.bytes:
            self.unverified(Reason.BUDGET_EXHAUSTED, f"it may move {limits.bytes} bytes, no more")

    def later(self, undo: Callable[[], object], by_hand: str) -> None:
        """Undo something when the check is over, however it ends; `by_hand` is the command for when that fails."""
        self.clean_ups.append(CleanUp(undo, by_hand))

    def close(self) -> list[tuple[str, str]]:
        """Undo all, the last first: what could not be undone, each with its command by hand."""
        left = []
        # Cleaning up has time of its own: a check that used up its budget must not leave anything.
        self._deadline = time.monotonic() + 2 * _COMMAND
        for clean_up in reversed(self.clean_ups):
            try:
                clean_up.undo()
            except Exception as error:  # noqa: BLE001 - whatever it is, it is reported, and the rest still undone
                left.append((str(error) or type(error).__name__, clean_up.by_hand))
        for web in self._webs:
            web.close()
        return left

"""Hosts that run commands: pytest-testinfra's back ends (local, ssh, podman, kubectl), each command with its time-out.

The far side needs sh and coreutils, nothing more. testinfra has no time-outs of its own: the far side's is that of
coreutils' timeout(1), and here the whole process group is killed a little later.
"""

from __future__ import annotations

import contextlib
import os
import shlex
import signal
import subprocess
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from afspec.conformance.trouble import CommandTimeoutError, UnverifiedError
from afspec.verdict import Reason

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

# timeout(1): the command ended at its time, or had to be killed after it.
_TIMED_OUT = {124, 137}
_KILL_AFTER = 2
# Seconds that a connection may take besides the command itself.
GRACE = 6
_SSH_FAILED = 255


@dataclass(frozen=True)
class Answer:
    """What a command said; text that is no UTF-8 has its bytes replaced."""

    argv: tuple[str, ...]
    exit: int
    out: str
    err: str
    seconds: float

    @property
    def ok(self) -> bool:
        """Whether it ended with 0."""
        return self.exit == 0

    @property
    def words(self) -> str:
        """Its last line: what it complains of, else what it says."""
        lines = (self.err.strip() or self.out.strip()).splitlines()
        return lines[-1].strip() if lines else f"exit code {self.exit}"


class Host(Protocol):
    """A place where commands run as an ordinary user."""

    def run(self, argv: Sequence[str], timeout: float) -> Answer:
        """Run a command to its end.

        Raises:
            CommandTimeoutError: it takes longer than `timeout` seconds, and was killed.
            UnverifiedError: the host cannot be reached, or does not let the user in.
        """


def timed(argv: Sequence[str], timeout: float) -> list[str]:
    """The command with a time-out on its own side."""
    return ["timeout", "-k", str(_KILL_AFTER), f"{timeout:g}", *argv]


def run_local(command: str | Sequence[str], timeout: float, env: dict[str, str] | None = None) -> tuple[int, str, str]:
    """Run a process group here and kill all of it at its time: exit code, output, errors.

    Raises:
        CommandTimeoutError: it took longer.
    """
    process = subprocess.Popen(  # noqa: S603 - testinfra quotes what it hands to a shell
        command,
        shell=isinstance(command, str),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
        env=env,
    )
    try:
        out, err = process.communicate(timeout=timeout)
    except subprocess.TimeoutExpired:
        _kill(process)
        raise CommandTimeoutError(f"no answer within {timeout:g} s") from None
    except BaseException:
        _kill(process)
        raise
    return process.returncode, out.decode("utf-8", "replace"), err.decode("utf-8", "replace")


def _kill(process: subprocess.Popen[bytes]) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    # What has cut itself off from the group may hold the pipes for as long as it lives: it is not waited for.
    with process:
        for pipe in (process.stdout, process.stderr):
            if pipe:
                pipe.close()


class CommandHost:
    """A host whose commands are run by a command of this machine, such as nsenter into a room."""

    def __init__(self, command: Callable[[Sequence[str]], Sequence[str]], env: dict[str, str] | None = None) -> None:
        self._command = command
        self._env = env

    def run(self, argv: Sequence[str], timeout: float) -> Answer:
        started = time.monotonic()
        code, out, err = run_local(self._command(timed(argv, timeout)), timeout + GRACE, self._env)
        return _finished(Answer(tuple(argv), code, out, err, time.monotonic() - started), timeout)


class TestinfraHost:
    """A host of pytest-testinfra: `local://`, `ssh://host`, `podman://name`, `kubectl://pod`."""

    # pytest must not take it for a test.
    __test__ = False

    def __init__(self, spec: str, **options: Any) -> None:
        if ":" in spec.partition("://")[2].rpartition("@")[0]:
            message = "the address of a host holds a password"
            hint = "Use a key, an agent or a ControlPath: passwords never go into an address."
            raise UnverifiedError(Reason.NO_CREDENTIALS, message, hint)
        self.spec = spec
        self._options = options
        self._backend: Any = None

    def run(self, argv: Sequence[str], timeout: float) -> Answer:
        backend = self._connect()
        started = time.monotonic()
        codes: list[tuple[int, str, str]] = []

        def local(command: str, *args: str) -> Any:
            text = backend.quote(command, *args)
            code, out, err = run_local(text, timeout + GRACE)
            codes.append((code, out, err))
            return backend.result(code, text.encode(), out.encode(), err.encode())

        # The one place where testinfra starts a process; it has no time-out there.
        backend.run_local = local
        try:
            backend.run(shlex.join(timed(argv, timeout)))
        except RuntimeError:
            # testinfra's word for ssh's own failure, exit code 255.
            raise _no_ssh(codes[-1][2] if codes else "") from None
        return _finished(Answer(tuple(argv), *codes[-1], time.monotonic() - started), timeout)

    def _connect(self) -> Any:
        if self._backend is None:
            import testinfra  # noqa: PLC0415 - only who asks hosts pays for it

            self._backend = testinfra.get_host(self.spec, **self._options).backend
        return self._backend


def _no_ssh(said: str) -> UnverifiedError:
    """Why ssh got nowhere, from its own words (OpenSSH, ssh(1): exit status 255)."""
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    last = lines[-1] if lines else "ssh failed without a word"
    if any(
        word in said for word in ("Permission denied", "Too many authentication failures", "No more authentication")
    ):
        hint = (
            "Log in by hand once, with a ControlPath that the run's credentials name, or load your key into an agent."
        )
        return UnverifiedError(Reason.NO_CREDENTIALS, last, hint)
    return UnverifiedError(Reason.UNREACHABLE, last, "Is the host reached from this machine? Try ssh by hand.")


def _finished(answer: Answer, timeout: float) -> Answer:
    """The answer of a command that ended; one that timeout(1) had to end is none.

    Raises:
        CommandTimeoutError: its own side ended it.
    """
    if answer.exit in _TIMED_OUT and answer.seconds >= timeout:
        raise CommandTimeoutError(f"`{' '.join(answer.argv[:3])}` did not end within {timeout:g} s")
    return answer

"""Processes of this machine, read from /proc (proc(5)): who they are, and whether they still are the same."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

PROC = Path("/proc")
_KILL_SECONDS = 5.0


class Process(NamedTuple):
    """A process: a number alone may be given to another one later, with its start time it is unique until a reboot."""

    pid: int
    start: int  # clock ticks since the machine started

    @property
    def alive(self) -> bool:
        """Whether it still runs; one that ended and was not waited for does not."""
        found = _stat(PROC / str(self.pid))
        return found is not None and found[2] == self.start

    def send(self, number: signal.Signals) -> None:
        """Send a signal; nothing happens where the process is gone."""
        if self.alive:
            try:
                os.kill(self.pid, number)
            except ProcessLookupError:
                return


def _stat(folder: Path) -> tuple[str, int, int] | None:
    """State, parent and start time of a process; None where it is gone or ended."""
    try:
        text = (folder / "stat").read_text()
    except OSError:
        return None
    # The command's name, in parentheses, may hold anything.
    fields = text.rpartition(")")[2].split()
    return None if fields[0] in "ZX" else (fields[0], int(fields[1]), int(fields[19]))


def identify(pid: int, proc: Path = PROC) -> Process | None:
    """The process that has this number now, in the process namespace that `proc` shows."""
    found = _stat(proc / str(pid))
    return Process(pid, found[2]) if found else None


def _pids() -> Iterator[int]:
    return (int(path.name) for path in PROC.iterdir() if path.name.isdigit())


def children() -> dict[int, list[int]]:
    """Every process's children."""
    found: dict[int, list[int]] = {}
    for pid in _pids():
        if stat := _stat(PROC / str(pid)):
            found.setdefault(stat[1], []).append(pid)
    return found


def descendants(pids: Iterable[int]) -> set[int]:
    """The processes, and everything that they started and that has not cut itself off."""
    tree = children()
    found: set[int] = set()
    pending = list(pids)
    while pending:
        pid = pending.pop()
        if pid not in found:
            found.add(pid)
            pending += tree.get(pid, [])
    return found


def marked(text: str) -> set[int]:
    """Processes with a variable in their environment that names the folder `text`, or something in it.

    A shell's own memory of where it is does not count: somebody may only be looking around there. A process without a
    terminal that works in the folder does: what a killed daemon had started may know nothing else of the twin.
    """
    found = set()
    for pid in _pids():
        if _works_in(PROC / str(pid), text):
            found.add(pid)
            continue
        try:
            entries = (PROC / str(pid) / "environ").read_bytes().split(b"\0")
        except OSError:
            continue
        for entry in entries:
            name, _, value = entry.decode(errors="replace").partition("=")
            if (value == text or value.startswith(text + "/")) and name not in {"PWD", "OLDPWD"}:
                found.add(pid)
                break
    return found


def _works_in(process: Path, folder: str) -> bool:
    """Whether a process's working folder is that folder or one in it, which may be gone, and it has no terminal."""
    try:
        place = str((process / "cwd").readlink()).removesuffix(" (deleted)")
        terminal = (process / "stat").read_text().rpartition(")")[2].split()[4]
    except OSError:
        return False
    return terminal == "0" and (place == folder or place.startswith(folder + "/"))


def end(processes: Callable[[], set[int]], patience: float) -> set[int]:
    """Ask processes to end, wait up to `patience` seconds, then end those that remain; the result is who still lives.

    `processes` is asked again and again: what they start meanwhile ends too.
    """
    mine = {os.getpid(), os.getppid()}
    asked: set[Process] = set()
    deadline = time.monotonic() + patience
    while alive := {process for pid in processes() - mine if (process := identify(pid))}:
        late = time.monotonic() > deadline
        if time.monotonic() > deadline + _KILL_SECONDS:
            return {process.pid for process in alive}
        for process in alive if late else alive - asked:
            process.send(signal.SIGKILL if late else signal.SIGTERM)
        asked |= alive
        time.sleep(0.05)
    return set()


def inside(pid: int, namespace_of: int) -> int | None:
    """The number on this machine of process `pid` of another process's pid namespace (pid_namespaces(7))."""
    try:
        wanted = (PROC / str(namespace_of) / "ns/pid").readlink()
    except OSError:
        return None
    for candidate in _pids():
        folder = PROC / str(candidate)
        try:
            if (folder / "ns/pid").readlink() != wanted:
                continue
            line = next(line for line in (folder / "status").read_text().splitlines() if line.startswith("NSpid:"))
        except (OSError, StopIteration):
            continue
        if int(line.split()[-1]) == pid:
            return candidate
    return None

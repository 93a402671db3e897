"""Starting engines: each as soon as those that it waits for are well, independent ones at the same time."""

from __future__ import annotations

import time
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from graphlib import TopologicalSorter
from typing import TYPE_CHECKING, NamedTuple, Protocol

from afspec.twin.room import RoomError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from afspec.twin.engine import Daemon, Engine

_PATIENCE = 60.0
_PAUSE = 0.1
_AT_ONCE = 4
_TAIL = 12


class EngineError(Exception):
    """An engine does not start; the message names it and says why, `log` what it wrote last."""

    def __init__(self, engine: str, daemon: str, reason: str, log: Path) -> None:
        super().__init__(f"{engine}: {daemon}: {reason}")
        self.engine = engine
        self.log = log

    def tail(self) -> str:
        """The last lines of the log."""
        try:
            lines = self.log.read_text(errors="replace").splitlines()
        except OSError:
            return ""
        return "\n".join(lines[-_TAIL:])


class Started(NamedTuple):
    """An engine that is well now, and how long that took."""

    engine: str
    seconds: float


class Report(Protocol):
    """Who is told how far it is."""

    def starting(self, engine: str) -> None:
        """An engine is being started."""

    def started(self, what: Started) -> None:
        """An engine is well."""


def start_engine(engine: Engine) -> None:
    """Prepare an engine, start those of its daemons that do not run, and wait until it is well.

    Raises:
        EngineError: it does not get well.
    """
    current = engine.name
    try:
        engine.prepare()
        for daemon in engine.daemons():
            current = daemon.name
            if not engine.room.alive(daemon.name):
                engine.before(daemon)
                engine.room.start(daemon)
            _await(engine, daemon)
        current = engine.name
        engine.settle()
    except (RoomError, OSError) as error:
        raise EngineError(engine.name, current, str(error), engine.room.log(current)) from error


def _await(engine: Engine, daemon: Daemon) -> None:
    deadline = time.monotonic() + _PATIENCE
    while True:
        if not engine.room.alive(daemon.name):
            raise EngineError(engine.name, daemon.name, "it ended", engine.room.log(daemon.name))
        reason = engine.ready(daemon)
        if not reason:
            return
        if time.monotonic() > deadline:
            said = f"not well after {_PATIENCE:g} s: {reason}"
            raise EngineError(engine.name, daemon.name, said, engine.room.log(daemon.name))
        time.sleep(_PAUSE)


def start_all(engines: Sequence[Engine], report: Report) -> list[Started]:
    """Start engines; the first that fails ends it, and those that are on their way are waited for.

    Raises:
        EngineError: an engine does not get well.
    """
    by_name = {engine.name: engine for engine in engines}
    order = TopologicalSorter({e.name: [name for name in e.after if name in by_name] for e in engines})
    order.prepare()
    done: list[Started] = []
    running: dict[Future[float], str] = {}

    def timed(engine: Engine) -> float:
        begin = time.monotonic()
        start_engine(engine)
        return time.monotonic() - begin

    with ThreadPoolExecutor(_AT_ONCE) as pool:
        while order.is_active():
            for name in order.get_ready():
                report.starting(name)
                running[pool.submit(timed, by_name[name])] = name
            finished, _ = wait(running, return_when=FIRST_COMPLETED)
            for future in finished:
                name = running.pop(future)
                started = Started(name, future.result())
                report.started(started)
                done.append(started)
                order.done(name)
    return done

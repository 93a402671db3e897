"""What one look at a facility showed, kept for all checks of a run that it answers: a session is started once."""

from __future__ import annotations

import fcntl
import hashlib
import json
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from afspec.conformance.run import Run


def _folder(run: Run) -> Path:
    folder = run.work / "seen"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@contextmanager
def alone(run: Run, what: str) -> Iterator[None]:
    """Nobody else of the run at the same thing: a user has one default server."""
    with (_folder(run) / f"{_name(what)}.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def once(run: Run, what: str, look: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """What was seen; whoever asks first looks. What `look` raises is raised, and the next one looks again.

    It is kept in the run's own folder, no part of what is published, as JSON.
    """
    path = _folder(run) / f"{_name(what)}.json"
    with alone(run, f"once {what}"):
        if path.exists():
            found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
            return found
        seen = look()
        new = path.with_suffix(".new")
        new.write_text(json.dumps(seen), encoding="utf-8")
        new.replace(path)
        return seen


def _name(what: str) -> str:
    return hashlib.sha256(what.encode()).hexdigest()[:24]

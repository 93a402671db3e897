"""The state of a run on disk, shared by its workers: what came of every check, taken down the moment it is known."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from afspec.report.model import Attempt, Cause, EvidenceRef, Problem
from afspec.verdict import Outcome, Proof

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path


@dataclass(frozen=True)
class Told:
    """What came of a check so far; `cause` is the id of what stood in its way."""

    attempts: tuple[Attempt, ...] = ()
    cause: str | None = None
    degraded: tuple[str, ...] = ()
    proof: Proof = Proof.DEMONSTRATED
    # Why nothing was tried, where nothing was.
    text: str = ""

    @property
    def outcome(self) -> Outcome:
        """That of the last attempt."""
        return self.attempts[-1].outcome if self.attempts else Outcome.NOT_RUN

    def plain(self) -> dict[str, Any]:
        """As JSON data."""
        return {
            "attempts": [attempt.model_dump(mode="json") for attempt in self.attempts],
            "cause": self.cause,
            "degraded": list(self.degraded),
            "proof": self.proof.value,
            "text": self.text,
        }

    @classmethod
    def read(cls, data: dict[str, Any]) -> Told:
        """From such data."""
        return cls(
            tuple(Attempt.model_validate(item) for item in data["attempts"]),
            data["cause"],
            tuple(data["degraded"]),
            Proof(data["proof"]),
            data["text"],
        )

    def plus(self, attempt: Attempt, cause: str | None = None) -> Told:
        """With one more attempt."""
        return replace(self, attempts=(*self.attempts, attempt), cause=cause)


class Store:
    """A folder of JSON files, each written whole."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for part in ("told", "locks", "causes", "problems", "evidence", "asking"):
            (folder / part).mkdir(parents=True, exist_ok=True)

    @contextmanager
    def lock(self, key: str) -> Iterator[None]:
        """Only one process of the run at a time; a killed one lets go."""
        with (self.folder / "locks" / _name(key)).open("w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield

    def told(self, key: str) -> Told | None:
        """What came of a check; None while nobody knows."""
        data = _read(self.folder / "told" / f"{_name(key)}.json")
        return Told.read(data) if data is not None else None

    def tell(self, key: str, told: Told) -> None:
        """Take down what came of a check."""
        _write(self.folder / "told" / f"{_name(key)}.json", told.plain())
        (self.folder / "asking" / _name(key)).unlink(missing_ok=True)

    def asking(self, key: str) -> None:
        """Take down that a check is being asked, so that one whose worker died is known."""
        (self.folder / "asking" / _name(key)).touch()

    def forget(self, key: str) -> None:
        """Take back that a check is being asked: it was interrupted."""
        (self.folder / "asking" / _name(key)).unlink(missing_ok=True)

    def was_asking(self, key: str) -> bool:
        """Whether it was being asked when nobody was there any more to say what came of it."""
        return (self.folder / "asking" / _name(key)).exists()

    def cause(self, cause: Cause) -> str:
        """Take down a cause, once; its id."""
        path = self.folder / "causes" / f"{_name(cause.id)}.json"
        if not path.exists():
            _write(path, cause.model_dump(mode="json"))
        return cause.id

    def causes(self) -> list[Cause]:
        """All causes, the earliest first."""
        found = [Cause.model_validate(_read(path)) for path in (self.folder / "causes").glob("*.json")]
        return sorted(found, key=lambda cause: (cause.at, cause.id))

    def problem(self, problem: Problem) -> None:
        """Take down a fault of the kit."""
        data = problem.model_dump(mode="json")
        _write(self.folder / "problems" / f"{_name(json.dumps(data, sort_keys=True))}.json", data)

    def problems(self) -> list[Problem]:
        """All of them."""
        return [Problem.model_validate(_read(path)) for path in sorted((self.folder / "problems").glob("*.json"))]

    def passes(self, name: str) -> None:
        """Take down that something need not be asked again."""
        (self.folder / "asking" / f"passed-{_name(name)}").touch()

    def passed(self, name: str) -> bool:
        """Whether it was taken down."""
        return (self.folder / "asking" / f"passed-{_name(name)}").exists()

    def take(self, wanted: Mapping[str, float], allowed: Mapping[str, float]) -> bool:
        """Take something of a budget that all workers share; nothing is taken where it is not enough."""
        path = self.folder / "spent.json"
        with self.lock("budget"):
            spent = _read(path) or {}
            after = {name: spent.get(name, 0.0) + value for name, value in wanted.items()}
            if any(after[name] > allowed[name] for name in after):
                return False
            _write(path, spent | after)
            return True

    def pace(self, what: str, every: float) -> None:
        """Wait until `every` seconds have passed since any worker did this last."""
        path = self.folder / "asking" / f"pace-{_name(what)}"
        with self.lock(f"pace {what}"):
            if path.exists():
                time.sleep(max(0.0, min(every, path.stat().st_mtime + every - time.time())))
            path.touch()

    def evidence(self, path: str, data: dict[str, Any]) -> EvidenceRef:
        """Write an evidence file; `path` is that in the bundle."""
        text = json.dumps(data, indent=1, ensure_ascii=False).encode()
        target = self.folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        _put(target, text)
        return EvidenceRef(file=path, sha256=hashlib.sha256(text).hexdigest(), bytes=len(text))

    def evidence_files(self) -> dict[str, bytes]:
        """Everything that was written as evidence, by its path in the bundle."""
        base = self.folder / "evidence"
        return {
            path.relative_to(self.folder).as_posix(): path.read_bytes()
            for path in sorted(base.rglob("*.json"))
            if path.is_file()
        }


def _name(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()[:24]


def _read(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None


def _write(path: Path, data: dict[str, Any]) -> None:
    _put(path, json.dumps(data).encode())


def _put(path: Path, data: bytes) -> None:
    new = path.with_name(f".{path.name}.{os.getpid()}.{threading.get_ident()}")
    new.write_bytes(data)
    new.replace(path)

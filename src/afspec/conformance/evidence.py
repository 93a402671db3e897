"""What a check saw: commands, requests, assertions, samples. Redacted when it is taken down, and before it is cut."""

from __future__ import annotations

import datetime as dt
import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from afspec.conformance.reach.hosts import Answer

# Bytes of an output that are kept; the digest is that of the whole, redacted.
KEPT = 4000


@dataclass
class Evidence:
    """The record of one attempt of a check; `clean` takes secrets, users and internal hosts out of a text."""

    clean: Callable[[str], str]
    assertions: list[dict[str, Any]] = field(default_factory=list)
    steps: list[dict[str, Any]] = field(default_factory=list)
    notes: dict[str, Any] = field(default_factory=dict)
    samples: dict[str, Any] = field(default_factory=dict)

    def claim(self, what: str, *, passed: bool, found: object = "") -> None:
        """Something that a check claims of the facility."""
        entry = {"what": self.clean(what), "passed": passed}
        if found != "":
            entry["found"] = self._cut(str(found))["text"]
        self.assertions.append(entry)

    def command(self, answer: Answer, vantage: str) -> None:
        """A command and what it said."""
        self.steps.append(
            {
                "command": [self._cut(word)["text"] for word in answer.argv],
                "vantage": vantage,
                "exit": answer.exit,
                "stdout": self._cut(answer.out),
                "stderr": self._cut(answer.err),
                "seconds": round(answer.seconds, 3),
            }
        )

    def request(self, line: str, status: int | str, body: str, seconds: float, vantage: str) -> None:
        """A request and its answer; `status` is what went wrong where there was none."""
        self.steps.append(
            {
                "request": self.clean(line),
                "vantage": vantage,
                "status": status if isinstance(status, int) else self.clean(status),
                "body": self._cut(body),
                "seconds": round(seconds, 3),
            }
        )

    def note(self, name: str, value: object) -> None:
        """A version, a job's id, whatever a reader will want to know."""
        self.notes[name] = self.clean(str(value))

    def sample(self, name: str, values: Sequence[float], unit: str) -> None:
        """Measured values, with their unit."""
        self.samples[name] = {"unit": unit, "values": list(values)}

    def _cut(self, text: str) -> dict[str, Any]:
        whole = self.clean(text)
        data = whole.encode()
        if len(data) <= KEPT:
            return {"text": whole}
        half = KEPT // 2
        kept = f"{data[:half].decode(errors='ignore')}\n[...]\n{data[-half:].decode(errors='ignore')}"
        return {"text": kept, "bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}

    def plain(self, **head: Any) -> dict[str, Any]:
        """The record as JSON data; `head` says what it is the record of."""
        return {
            **head,
            "assertions": self.assertions,
            "steps": self.steps,
            "notes": self.notes,
            "samples": self.samples,
        }


def now() -> dt.datetime:
    """The time, to the millisecond, in UTC."""
    moment = dt.datetime.now(tz=dt.UTC)
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)

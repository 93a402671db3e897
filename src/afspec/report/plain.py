"""Plain data as JSON: one form to take digests of, one form for files, and a strict reader."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from afspec.report.errors import ReportError


def digest(data: Any) -> str:
    """SHA-256 of plain data: of its JSON with sorted keys and no spaces, in UTF-8."""
    text = json.dumps(data, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return sha256(text.encode())


def sha256(data: bytes) -> str:
    """SHA-256 in hexadecimal."""
    return hashlib.sha256(data).hexdigest()


def render(data: Any) -> bytes:
    """Plain data as a file: JSON that a person can read and `diff` can compare."""
    return (json.dumps(data, indent=1, ensure_ascii=False, allow_nan=False) + "\n").encode()


def parse(data: bytes, place: str) -> Any:
    """The plain data of a JSON file.

    Raises:
        ReportError: it is no JSON, or says something twice, of which readers would see different halves.
    """

    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) < len(pairs):
            names = [name for name, _ in pairs]
            twice = sorted({name for name in names if names.count(name) > 1})
            raise ReportError(
                f"says {', '.join(twice)} twice", place, "Only what wrote it may change it: make it anew."
            )
        return found

    def number(word: str) -> float:
        raise ValueError(f"{word} is no number of JSON")

    try:
        text = data.decode()
        found = json.loads(text, object_pairs_hook=once, parse_constant=number)
        json.dumps(found, ensure_ascii=False).encode()  # half of a surrogate pair is text to json, and to nobody else
    except (ValueError, RecursionError) as error:
        raise ReportError(f"is no JSON: {error}", place, "It was cut short or edited: make it anew.") from error
    return found

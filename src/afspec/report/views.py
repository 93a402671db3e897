"""A text as others may read it: percent-encoding and JSON's escapes undone, white space dropped.

Each view knows for every stretch of it the stretch of the first text that it was made of.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from urllib.parse import unquote

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_PERCENT: Final = re.compile(r"(?:%[0-9A-Fa-f]{2})+")
_PAIR: Final = r"\\u[Dd][89ABab][0-9A-Fa-f]{2}\\u[Dd][C-Fc-f][0-9A-Fa-f]{2}"
_ESCAPE: Final = re.compile(rf"{_PAIR}|\\(?:u[0-9A-Fa-f]{{4}}|x[0-9A-Fa-f]{{2}}|[^ux])", re.DOTALL)
_SPACE: Final = re.compile(r"\s+")
_CONTINUED: Final = re.compile(r"\\\r?\n")
_LETTERS: Final = {"n": "\n", "r": "\r", "t": "\t", "b": "\b", "f": "\f"}
# Texts are quoted inside quoted texts; deeper than this nobody does.
_DEPTH: Final = 3


@dataclass(frozen=True)
class View:
    """A text made of another; `pieces` are the stretches that differ: where in this text, how long, where in that."""

    text: str
    origin: View | None = None
    starts: tuple[int, ...] = ()
    pieces: tuple[tuple[int, int, int, int], ...] = ()

    def derive(self, pattern: re.Pattern[str], decode: Callable[[str], str]) -> View:
        """The view in which every match is decoded; this view itself where that changes nothing."""
        parts: list[str] = []
        pieces: list[tuple[int, int, int, int]] = []
        done = length = 0
        for match in pattern.finditer(self.text):
            plain, new = self.text[done : match.start()], decode(match[0])
            length += len(plain)
            pieces.append((length, len(new), match.start(), match.end()))
            parts += (plain, new)
            length += len(new)
            done = match.end()
        if not pieces:
            return self
        return View("".join((*parts, self.text[done:])), self, tuple(piece[0] for piece in pieces), tuple(pieces))

    def stretch(self, start: int, end: int) -> tuple[int, int]:
        """Where in the first text the characters from `start` to before `end` come from."""
        if self.origin is None:
            return start, end
        return self.origin.stretch(self._first(start), self._last(end - 1))

    def _first(self, position: int) -> int:
        at = bisect_right(self.starts, position) - 1
        if at < 0:
            return position
        start, length, begin, end = self.pieces[at]
        return begin if position < start + length else end + position - start - length

    def _last(self, position: int) -> int:
        at = bisect_right(self.starts, position) - 1
        if at < 0:
            return position + 1
        start, length, _, end = self.pieces[at]
        return end if position < start + length else end + position - start - length + 1


def _unescape(text: str) -> str:
    """What an escape of JSON, or of C, stands for; a backslash before the end of a line joins lines."""
    if text[1] in "ux":
        units = [int(unit, 16) for unit in re.findall(r"[0-9A-Fa-f]{2,4}", text)]
        # A character beyond the first 65,536 is escaped as a pair of surrogates (RFC 8259, 7).
        return chr(units[0]) if len(units) == 1 else chr(0x10000 + ((units[0] - 0xD800) << 10) + units[1] - 0xDC00)
    return _LETTERS.get(text[1], text[1])


def views(text: str) -> list[View]:
    """The text, and what it says with its escapes undone, in every order."""
    found = {text: View(text)}
    last = list(found.values())
    for _ in range(_DEPTH):
        made = [view.derive(*how) for view in last for how in ((_PERCENT, unquote), (_ESCAPE, _unescape))]
        last = [view for view in made if view.text not in found]
        found |= {view.text: view for view in last}
    return list(found.values())


def joined(view: View) -> Iterator[View]:
    """The view without white space, in which what was wrapped is whole again; with and without a shell's backslash."""
    yield view.derive(_SPACE, lambda _: "")
    if _CONTINUED.search(view.text):
        yield view.derive(_CONTINUED, lambda _: "").derive(_SPACE, lambda _: "")


def matches(view: View, pattern: re.Pattern[str]) -> Iterator[tuple[int, int]]:
    """Where in the first text the matches come from."""
    for match in pattern.finditer(view.text):
        yield view.stretch(match.start(), match.end())

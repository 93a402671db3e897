"""The pages of the documentation, and the lines of code in them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[1]


def name(path: Path) -> str:
    """A page as people call it."""
    return str(path.relative_to(ROOT))


def blocks(text: str) -> Iterator[tuple[bool, str]]:
    """The lines of a page, each with whether it is code: fenced, or indented after a blank line."""
    fenced = indented = False
    blank = True
    for line in text.splitlines():
        if line.lstrip().startswith("```"):
            fenced = not fenced
            yield False, ""
            continue
        indented = line.startswith("    ") and (blank or indented) if line.strip() else indented
        blank = not line.strip()
        yield fenced or (indented and not blank), line

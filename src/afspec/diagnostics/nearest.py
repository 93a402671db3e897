"""The nearest valid name, for "did you mean"."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


def nearest(word: str, candidates: Iterable[str]) -> str | None:
    """The candidate that looks most like `word`, or None if none is close."""
    from difflib import get_close_matches  # noqa: PLC0415 - only needed once something is wrong

    names = sorted(set(candidates))
    folded = {name.casefold().replace("-", "_"): name for name in names}
    found = get_close_matches(word.casefold().replace("-", "_")[:80], list(folded), n=1, cutoff=0.6)
    return folded[found[0]] if found else None

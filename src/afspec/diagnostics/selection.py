"""Which warnings a person wants to see: codes, or the beginnings of codes, to select and to ignore."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from afspec.diagnostics.nearest import nearest

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from afspec.diagnostics.diagnostic import Diagnostic
    from afspec.diagnostics.meaning import Meaning


class SelectionError(ValueError):
    """A code that no diagnostic has, or one that cannot be ignored."""


class Selection(NamedTuple):
    """Beginnings of codes, such as AF31; of those that fit a warning, the longest decides."""

    select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()

    def shows(self, diagnostic: Diagnostic) -> bool:
        """Whether a diagnostic is shown and counted; an error always is, as it stops the compiler."""
        if diagnostic.is_error:
            return True
        # The empty beginning is that of every code.
        selected, ignored = _longest(self.select or ("",), diagnostic.code), _longest(self.ignore, diagnostic.code)
        return selected is not None and (ignored is None or selected > ignored)


def _longest(beginnings: Iterable[str], code: str) -> int | None:
    return max((len(beginning) for beginning in beginnings if code.startswith(beginning)), default=None)


def read_codes(words: Iterable[str]) -> tuple[str, ...]:
    """The codes of options that were given several times or hold several: `AF31,AF3202`."""
    return tuple(code.strip().upper() for word in words for code in word.split(",") if code.strip())


def selection(select: Iterable[str], ignore: Iterable[str], known: Sequence[Meaning]) -> Selection:
    """What `--select` and `--ignore` ask for.

    Raises:
        SelectionError: a code begins no diagnostic's, or what is to be ignored can only be errors.
    """
    chosen = Selection(read_codes(select), read_codes(ignore))
    for code in (*chosen.select, *chosen.ignore):
        if not any(meaning.code.startswith(code) for meaning in known):
            near = nearest(code, (meaning.code for meaning in known))
            hint = f"did you mean {near}?" if near else "give a code, or the beginning of some: AF31, AF3104"
            raise SelectionError(f"no diagnostic's code begins with {code!r}: {hint}")
    for code in chosen.ignore:
        if not any(meaning.code.startswith(code) and meaning.can_be_ignored for meaning in known):
            raise SelectionError(f"{code} cannot be ignored: it is an error, and errors stop the compiler")
    return chosen

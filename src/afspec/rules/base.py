"""What a rule is: a pure question to a facility, whose answers are findings."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from afspec.diagnostics import Severity, nearest

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterable, Iterator

    from afspec.facility import Facility


@dataclass(frozen=True, slots=True)
class Context:
    """What a rule may know besides the facility; rules read no clock and no files."""

    as_of: dt.date


@dataclass(frozen=True, slots=True)
class Finding:
    """One place that breaks a rule.

    `pointer` leads into the spec, where need be to a field that is absent; `detail` says what is wrong there, and
    `nearest` is the valid word that was probably meant.
    """

    pointer: str
    detail: str = ""
    nearest: str | None = None


class Rule(ABC):
    """A rule; its subclass is named by its code, which keeps its meaning for ever.

    The docstring of the class is the title, that of `check` is the advice: together they document the rule.
    """

    severity: ClassVar[Severity] = Severity.ERROR

    @abstractmethod
    def check(self, facility: Facility, context: Context) -> Iterator[Finding]:
        """What a person does about it."""

    @property
    def code(self) -> str:
        """The name of the class."""
        return type(self).__name__

    @property
    def title(self) -> str:
        """What is wrong, in one line."""
        return " ".join((type(self).__doc__ or "").split()).rstrip(".")

    @property
    def advice(self) -> str:
        """What a person does about it."""
        return " ".join((type(self).check.__doc__ or "").split())


def unknown(pointer: str, word: str, known: Iterable[str], what: str = "") -> Finding:
    """A word that should be one of those known; `what` says more than the word itself."""
    return Finding(pointer, what or f"`{word}`", nearest(word, known))

"""What a rule is: a pure question to a facility, whose answers are findings."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar

from afspec.diagnostics import Severity, nearest

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterable, Iterator, Mapping

    from afspec.facility import Facility


@dataclass(frozen=True, slots=True)
class Context:
    """What a rule may know besides the facility; rules read no clock and no files."""

    as_of: dt.date
    # What rules that come after the others are told: the severity of every rule, and what was found where.
    rules: Mapping[str, Severity] = field(default_factory=dict)
    found: tuple[tuple[str, str], ...] = ()


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

    The docstring of the class is the title and, below an empty line, why it matters; that of `check` is the advice:
    together they document the rule. A rule that asks what the others found comes after them.
    """

    severity: ClassVar[Severity] = Severity.ERROR
    after_others: ClassVar[bool] = False

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
        return " ".join(self._said().partition("\n\n")[0].split()).rstrip(".")

    @property
    def why(self) -> str:
        """Why it matters to those who run the facility or use it; empty where the title says it."""
        return " ".join(self._said().partition("\n\n")[2].split())

    def _said(self) -> str:
        return type(self).__doc__ or ""

    @property
    def advice(self) -> str:
        """What a person does about it."""
        return " ".join((type(self).check.__doc__ or "").split())


def unknown(pointer: str, word: str, known: Iterable[str], what: str = "") -> Finding:
    """A word that should be one of those known; `what` says more than the word itself."""
    return Finding(pointer, what or f"`{word}`", nearest(word, known))

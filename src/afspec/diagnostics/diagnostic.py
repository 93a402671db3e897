"""The one diagnostic type, and the place in a file that it points to."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple


class Severity(StrEnum):
    """How much a diagnostic matters: an error stops the compiler, a warning does not."""

    ERROR = "error"
    WARNING = "warning"


class Span(NamedTuple):
    """A stretch of a source file; lines and columns count from 1, the end column is exclusive."""

    file: str
    line: int
    column: int
    end_line: int
    end_column: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One finding: what is wrong, where, what was expected, and what to do next.

    `place` names things that have no position in a file of ours, such as an output that cannot be written. `ignored` is
    the reason that the spec gives for living with it, None where it gives none.
    """

    code: str
    severity: Severity
    message: str
    span: Span | None = None
    hint: str = ""
    place: str = ""
    pointer: str = ""
    ignored: str | None = None

    @property
    def is_error(self) -> bool:
        """Whether the compiler must stop after this pass."""
        return self.severity is Severity.ERROR


class Reported(NamedTuple):
    """A diagnostic, and the spec that it was found in; the two name different files where a base is at fault."""

    spec: str
    diagnostic: Diagnostic


class AfspecError(Exception):
    """A pass failed; it carries every diagnostic of that pass, errors and warnings alike."""

    def __init__(self, diagnostics: list[Diagnostic]) -> None:
        super().__init__("; ".join(f"{d.code} {d.message}" for d in diagnostics))
        self.diagnostics = diagnostics

"""What a resolver answers: one line a package, sorted by name, for one platform."""

from __future__ import annotations

from typing import NamedTuple

from afspec.diagnostics import CODES, AfspecError, Diagnostic, Severity


class Pin(NamedTuple):
    """A package as a resolver chose it; `digests` are those of the files that may be installed, in hexadecimal."""

    name: str
    version: str
    digests: tuple[str, ...]
    build: str = ""


class Resolved(NamedTuple):
    """The lines of a lock below its head, and what resolved it."""

    body: str
    resolver: str


def unresolved(message: str, place: str) -> AfspecError:
    """The error of a resolver that found no answer, or could not ask."""
    return AfspecError([Diagnostic("AF4012", Severity.ERROR, message, hint=CODES["AF4012"].advice, place=place)])


def no_resolver(message: str) -> AfspecError:
    """The error where the resolver itself is not installed."""
    return AfspecError([Diagnostic("AF4013", Severity.ERROR, message, hint=CODES["AF4013"].advice)])

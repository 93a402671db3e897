"""The compiler's front: a path becomes a checked facility, or diagnostics."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from afspec.diagnostics import AfspecError, Diagnostic
from afspec.facility import Facility, validate
from afspec.rules import check
from afspec.source import Document, Loader

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class Checked:
    """A facility without errors, the document that it came from, the warnings about it, and those that it ignores."""

    facility: Facility
    document: Document
    warnings: list[Diagnostic]
    ignored: list[Diagnostic] = field(default_factory=list)


@dataclass
class Frontend:
    """Loads and checks specs; facts are called stale as of `as_of`."""

    as_of: dt.date
    loader: Loader = field(default_factory=Loader)

    @property
    def lines(self) -> Mapping[str, list[str]]:
        """The lines of the files read for the last spec, for printing its diagnostics."""
        return self.loader.sources

    def check(self, path: str) -> Checked:
        """The facility at `path`, checked by schema and rules.

        Raises:
            AfspecError: with every error and warning of the first pass that failed.
        """
        document = self.loader.load(path)
        facility = validate(document)
        everything = check(facility, document, self.as_of)
        found = [diagnostic for diagnostic in everything if diagnostic.ignored is None]
        if any(diagnostic.is_error for diagnostic in found):
            raise AfspecError(found)
        return Checked(facility, document, found, [d for d in everything if d.ignored is not None])

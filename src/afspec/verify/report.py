"""What came of the checks of a site, as diagnostics, text and data."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from afspec.diagnostics import Diagnostic, Severity, Span, printable

if TYPE_CHECKING:
    from afspec.verify.check import Finding
    from afspec.verify.compiled import Compiled

_WIDEST = 100


class State(StrEnum):
    """How a check ended; what was not checked is no pass."""

    FINE = "fine"
    FOUND = "found"
    UNCHECKED = "not checked"


@dataclass(frozen=True)
class Verdict:
    """What one check said of the files that it is about; `reason` is why it did not look at them, or at some."""

    check: str
    title: str
    code: str
    files: tuple[str, ...]
    state: State
    findings: tuple[Finding, ...] = ()
    reason: str = ""
    tool: str = ""
    remembered: bool = False

    @property
    def result(self) -> str:
        """For the table."""
        if self.state is State.UNCHECKED and not self.tool:
            return f"not checked: {self.reason}"
        # What was looked at in part is not called fine.
        silent = "nothing found" if self.reason else "fine"
        word = _counted(len(self.findings), "finding") if self.findings else silent
        left = f"; not checked: {self.reason}" if self.reason else ""
        return f"{word} ({self.tool}{', remembered' if self.remembered else ''}){left}"


@dataclass(frozen=True)
class Report:
    """What all checks said of one site; only checks that have files there."""

    site: Compiled
    verdicts: tuple[Verdict, ...]

    @property
    def unchecked(self) -> list[Verdict]:
        """The checks that could not be made, or not of everything."""
        return [verdict for verdict in self.verdicts if verdict.reason]

    @property
    def nobodys(self) -> list[str]:
        """Files that no check is about."""
        seen = {path for verdict in self.verdicts for path in verdict.files}
        return [path for path in self.site.contents if path not in seen]

    def diagnostics(self, *, strict: bool = False) -> list[Diagnostic]:
        """Every finding with its place; with `strict`, also every check that was not made."""
        gone = [
            Diagnostic("AF5002", Severity.ERROR, "compiled file is missing", place=self.site.shown(path))
            for path in self.site.missing
        ]
        found = [self._diagnostic(verdict, item) for verdict in self.verdicts for item in verdict.findings]
        skipped = [
            Diagnostic(
                "AF5003",
                Severity.ERROR,
                f"{verdict.check} did not check {_extent(verdict)}: {verdict.reason}",
                place=self.site.shown(verdict.files[0]),
            )
            for verdict in (self.unchecked if strict else ())
        ]
        return [*gone, *found, *skipped]

    def _diagnostic(self, verdict: Verdict, item: Finding) -> Diagnostic:
        place = self.site.shown(item.path)
        span = Span(place, item.line, item.column, item.line, item.column + 1) if item.line else None
        message = f"{verdict.check}: {item.message}"
        return Diagnostic(verdict.code, Severity.ERROR, message, span, place="" if span else place)

    def sources(self) -> dict[str, list[str]]:
        """The lines of the files that something was found in, by the names in spans."""
        named = {item.path for verdict in self.verdicts for item in verdict.findings if item.path in self.site.contents}
        return {self.site.shown(path): self.site.text(path).splitlines() for path in named}

    def text(self) -> str:
        """The table: a line for each check."""
        width = max((len(verdict.check) for verdict in self.verdicts), default=0)
        lines = [
            f"  {verdict.check:<{width}}  {_counted(len(verdict.files), 'file'):>9}  {printable(verdict.result)}"
            for verdict in self.verdicts
        ]
        if self.nobodys:
            listed = _listed(self.nobodys)
            lines.append(f"  {'':<{width}}  {_counted(len(self.nobodys), 'file'):>9}  of no check's concern: {listed}")
        return "\n".join(lines)

    def summary(self) -> str:
        """One line for a person."""
        found = sum(len(verdict.findings) for verdict in self.verdicts) + len(self.site.missing)
        skipped = len({path for verdict in self.unchecked for path in verdict.files})
        said = [_counted(len(self.site.contents), "file"), _counted(found, "finding") if found else "nothing found"]
        if skipped:
            said.append(f"{_counted(skipped, 'file')} not checked by every tool")
        return f"{printable(self.site.place or self.site.site)}: {', '.join(said)}"

    def data(self) -> dict[str, Any]:
        """For scripts."""
        return {
            "site": self.site.site,
            "folder": self.site.place,
            "missing": list(self.site.missing),
            "checks": [
                {
                    "check": verdict.check,
                    "title": verdict.title,
                    "code": verdict.code,
                    "state": verdict.state.value,
                    "reason": verdict.reason,
                    "tool": verdict.tool,
                    "remembered": verdict.remembered,
                    "files": list(verdict.files),
                    "findings": [item._asdict() for item in verdict.findings],
                }
                for verdict in self.verdicts
            ],
            "unconcerned": self.nobodys,
        }


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _extent(verdict: Verdict) -> str:
    # Who looked at some of them says who he is.
    return "everything" if verdict.tool else _counted(len(verdict.files), "file")


def _listed(names: list[str]) -> str:
    """Names, as many as a line holds."""
    shown: list[str] = []
    for name in names:
        if len(", ".join([*shown, name])) > _WIDEST:
            return f"{', '.join(shown)} and {len(names) - len(shown)} more"
        shown.append(name)
    return ", ".join(shown)

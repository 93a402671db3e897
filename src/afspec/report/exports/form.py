"""What a form of export is, and what it is given."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple, Protocol

from afspec.report.attempts import utc
from afspec.report.html import faces
from afspec.report.html.today import seen, standing
from afspec.verdict import SiteWord, Verdict

if TYPE_CHECKING:
    import datetime as dt

    from afspec.report.html.today import Standing
    from afspec.report.model import Report, Result


class Exported(NamedTuple):
    """The text of an export; `code` is the exit code that its readers go by."""

    text: str
    code: int = 0


@dataclass(frozen=True)
class Subject:
    """A report to be exported: `sha256` is that of report.json, `signature` what is known of who signed it."""

    report: Report
    sha256: str
    signature: str
    now: dt.datetime

    @property
    def name(self) -> str:
        """The site, or that it is a twin."""
        return f"twin of {self.report.site}" if self.report.environment == "twin" else self.report.site

    @property
    def date(self) -> str:
        """The day of its verdicts."""
        return utc(self.report.generated).date().isoformat()

    @cached_property
    def today(self) -> Standing:
        """Its word now: proofs go stale, and waivers expire."""
        return standing(self.report, seen(self.report, self.now))

    @cached_property
    def results(self) -> tuple[Result, ...]:
        """What is known of each instance now: stale is unverified, and what a waiver no longer covers is broken."""
        found = []
        for each in seen(self.report, self.now):
            lost = Verdict.BROKEN if each.face is faces.BROKEN else Verdict.UNVERIFIED
            found.append(each.result.model_copy(update={"verdict": lost}) if each.note else each.result)
        return tuple(found)

    @property
    def word(self) -> SiteWord:
        """The site's word now."""
        return SiteWord(self.today.word)

    @property
    def partial(self) -> tuple[str, ...]:
        """Why it is not the whole."""
        return tuple(dict.fromkeys(why for run in self.report.runs for why in run.partial))

    @property
    def remarks(self) -> list[str]:
        """What a reader must know besides the word."""
        found = [self.signature]
        if self.report.environment == "twin":
            found.append("twin, not the site")
        if self.partial:
            found.append("partial")
        if self.today.was:
            found.append(f"was {self.today.was}")
        return found


class Form(Protocol):
    """A form of export."""

    def __call__(self, subject: Subject) -> Exported:
        """The report in this form."""


def title(report: Report, result: Result) -> str:
    """An instance in words: its id, its title, what it is about."""
    row = next((row for row in report.requirements if row.id == result.requirement), None)
    return " ".join(
        filter(None, [result.requirement, row.title if row else "", f"[{result.item}]" * bool(result.item)])
    )


def why(result: Result) -> str:
    """What was seen, of the checks that did not pass, or of all where each did."""
    texts = [check.text for check in result.checks if check.text and check.outcome.value != "pass"]
    degraded = [reason for check in result.checks for reason in check.degraded]
    return "; ".join(texts + degraded) or result.context or result.verdict.value.replace("_", " ")

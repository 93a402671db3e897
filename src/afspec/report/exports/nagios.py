"""A line for Nagios and its kin, with performance data (Monitoring Plugins Development Guidelines): 0 1 2 3."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from afspec.report.exports.form import Exported
from afspec.verdict import SiteWord

if TYPE_CHECKING:
    from afspec.report.exports.form import Subject

OK, WARNING, CRITICAL, UNKNOWN = range(4)
_NAMES: Final = ("OK", "WARNING", "CRITICAL", "UNKNOWN")


def nagios(subject: Subject) -> Exported:
    """One line; what was not demonstrated is UNKNOWN, never OK; only degraded is WARNING."""
    state = _state(subject)
    counts = dict(subject.report.summary.counts)
    data = " ".join(f"{name}={number}" for name, number in counts.items())
    said = f"{subject.name} is {subject.word}: {subject.today.counts}; report of {subject.date}"
    text = f"AFSPEC {_NAMES[state]} - {said} ({'; '.join(subject.remarks)})"
    # Everything after a bar is data, and everything after a line's end is detail.
    return Exported(f"{' '.join(text.replace('|', '/').split())} | {data}\n", state)


def _state(subject: Subject) -> int:
    report, word = subject.report, subject.word
    if word is SiteWord.NON_CONFORMANT:
        return CRITICAL
    counts = report.summary.counts
    unknown = counts.unverified or counts.error or report.problems or subject.partial or subject.today.was
    if word is SiteWord.NOT_DEMONSTRATED and counts.degraded and not unknown:
        return WARNING
    return OK if word in {SiteWord.CONFORMANT, SiteWord.WITH_WAIVERS} and not report.exit_code else UNKNOWN

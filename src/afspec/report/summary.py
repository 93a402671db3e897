"""A report for a terminal: the word with its counts, each cause once, the worst first, what to do."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from afspec.report.attempts import utc
from afspec.report.exports.form import title, why
from afspec.report.html.today import as_counted, seen, standing
from afspec.report.ready import ready
from afspec.verdict import Verdict

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterator

    from afspec.report.model import Report

_SHOWN: Final = (Verdict.ERROR, Verdict.BROKEN, Verdict.UNVERIFIED, Verdict.DEGRADED, Verdict.WAIVED)
# What a terminal would obey.
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]+")


def lines(
    report: Report, now: dt.datetime, signature: str, *, everything: bool = False, reported: str = ""
) -> Iterator[str]:
    """The report, a line each thing; `everything` also shows what is verified, or was not asked.

    `reported` is what had been reported of the AGC at the site, shown beside the profiles.
    """
    for line in _lines(report, now, signature, everything=everything, reported=reported):
        yield _CONTROL.sub(" ", line)


def _lines(report: Report, now: dt.datetime, signature: str, *, everything: bool, reported: str) -> Iterator[str]:
    today = standing(report, seen(report, now))
    what = "twin of " if report.environment == "twin" else ""
    yield f"{what}{report.site}: {today.word}" + (f" (was {today.was})" if today.was else "")
    yield f"  {today.counts}"
    for profile in report.profiles:
        yield f"  profile {profile.name}: {ready(report, profile)} ({profile.word}: {as_counted(profile.counts)})"
    if report.profiles and reported:
        yield f"    {reported}"
    yield f"  judged {utc(report.generated):%Y-%m-%d %H:%M} UTC; {signature}"
    for run in report.runs:
        partial = f"; partial, not for publication: {', '.join(run.partial)}" if run.partial else ""
        yield f"  run {run.id} from {', '.join(run.vantages)}, ended {utc(run.finished):%Y-%m-%d %H:%M} UTC{partial}"
    for cause in report.causes:
        yield f"cause {cause.id}: {cause.reason}: {cause.text}"
        yield f"    it stopped {cause.blocked} checks. {cause.next}".rstrip()
    yield from _results(report, everything=everything)
    for problem in report.problems:
        yield f"kit: {problem.kind}: {problem.text}"
        if problem.next:
            yield f"    by hand: {problem.next}"


def _results(report: Report, *, everything: bool) -> Iterator[str]:
    caused = {check.cause for result in report.results for check in result.checks}
    for verdict in Verdict if everything else _SHOWN:
        found = [result for result in report.results if result.verdict is verdict]
        for result in sorted(found, key=lambda result: not result.decides):
            # What a cause stopped was said with the cause.
            if (
                not everything
                and verdict is Verdict.UNVERIFIED
                and all(c.cause in caused - {None} for c in result.checks)
            ):
                continue
            counted = "" if result.decides else f" ({result.promise.replace('_', ' ')}, not counted)"
            waiver = f" by {result.waiver}" if result.waiver and verdict is Verdict.WAIVED else ""
            yield f"{verdict.replace('_', ' ')}{waiver}: {title(report, result)}{counted}"
            if verdict is not Verdict.VERIFIED:
                yield f"    {why(result)}"

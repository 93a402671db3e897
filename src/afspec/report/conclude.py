"""What follows from the outcomes in a report: verdicts, ages, waivers, counts, words and the exit code.

The kit writes a report through `conclude`; whoever doubts one computes it again and asks for the `differences`.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Final

from afspec.report.attempts import after, assertions_of, checked, ended, flaws, outcome_of, utc
from afspec.report.model import Counts, Summary, WaiverRecord
from afspec.verdict import Case, Outcome, Promise, Tried, Waiver, count, exit_code, find, judge, site_word

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from afspec.report.model import CheckResult, Report, RequirementRow, Result
    from afspec.verdict import Judgement

__all__ = ["SKEW", "checked", "conclude", "differences", "outcome_of"]

# How far the clocks of machines whose runs are joined may be apart: what Kerberos takes (RFC 4120, 8.2). A proof from
# further in the future is no proof; it would be fresh for as long as its author likes.
SKEW: Final = 300
_DERIVED: Final = ("verdict", "decides", "flags", "waiver", "at", "fresh_until")


@dataclass(frozen=True)
class _Bench:
    """What results of a report are judged with: its moment, its requirements, its waivers."""

    now: dt.datetime
    rows: Mapping[str, RequirementRow]
    waivers: tuple[Waiver, ...]

    @classmethod
    def of(cls, report: Report) -> _Bench:
        rows = {row.id: row for row in report.requirements}
        return cls(utc(report.generated), rows, tuple(_as_waiver(record) for record in report.waivers))

    def concluded(self, result: Result) -> Result:
        """A result with all that follows from its outcomes."""
        judgement = self.judgement(result)
        waiver = self._waiver(result)
        ends = [ended(check.attempts[-1]) for check in result.checks if check.attempts]
        oldest = min(ends, default=None)
        derived = {
            "checks": tuple(_concluded(check) for check in result.checks),
            "verdict": judgement.verdict,
            "decides": judgement.decides,
            "flags": judgement.flags,
            "waiver": waiver.id if waiver else None,
            "at": oldest,
            "fresh_until": after(oldest, self.rows[result.requirement].max_age) if oldest else None,
        }
        return result.model_copy(update=derived)

    def judgement(self, result: Result, promise: Promise | None = None) -> Judgement:
        """What is known of an instance, under its own promise or under another."""
        row = self.rows[result.requirement]
        tried = [self._tried(check, row) for check in result.checks]
        # A check that is not there was not run; where none is there, the judge knows what that means.
        missing = set(row.checks) - {check.name for check in result.checks} if tried else set()
        tried += [Tried(Outcome.NOT_RUN)] * len(missing)
        waived = self._waiver(result) is not None
        return judge(Case(promise or result.promise, row.level, tuple(tried), result.applicable, waived))

    def _waiver(self, result: Result) -> Waiver | None:
        return find(self.waivers, result.requirement, result.item, self.now.date())

    def _tried(self, check: CheckResult, row: RequirementRow) -> Tried:
        last = check.attempts[-1] if check.attempts else None
        return Tried(
            outcome=check.outcome,
            reason=check.reason,
            assertions=assertions_of(check.attempts),
            # An empty file shows nothing.
            evidence=sum(ref.bytes > 0 for ref in last.evidence) if last else 0,
            degraded=bool(check.degraded),
            fresh=last is None or self._fresh(ended(last), row.max_age),
            proof=check.proof,
        )

    def _fresh(self, end: dt.datetime, max_age: float) -> bool:
        return end <= after(self.now, SKEW) and self.now <= after(end, max_age)


def conclude(draft: Report, profiles: Mapping[str, Collection[str]]) -> Report:
    """A report with everything computed again that follows from its outcomes; a concluded report is left as it is.

    `profiles` gives the ids of each profile's requirements. What a profile needs is judged as if it were promised. A
    report of one profile has that profile's word and exit code, and of no other: the rest was not asked.

    Raises:
        ValueError: a result of a requirement, or a profile, that is not known.
    """
    unknown = list(_unknown(draft, profiles))
    if unknown:
        raise ValueError("\n".join(unknown))
    bench = _Bench.of(draft)
    partial = not draft.runs or any(run.partial for run in draft.runs)
    names = sorted(profiles) if draft.profile is None else [draft.profile]
    judged = {name: _needed(draft, bench, profiles[name]) for name in names}
    summaries = {name: _summary(name, judgements, partial=partial) for name, judgements in judged.items()}
    own = [bench.judgement(result) for result in draft.results] if draft.profile is None else judged[draft.profile]
    blocked = Counter(check.cause for result in draft.results for check in result.checks)
    derived = {
        "summary": _summary(draft.profile or "", own, partial=partial),
        "profiles": tuple(summaries.values()),
        "exit_code": exit_code(own, problems=bool(draft.problems), partial=partial),
        "results": tuple(bench.concluded(result) for result in draft.results),
        "causes": tuple(cause.model_copy(update={"blocked": blocked[cause.id]}) for cause in draft.causes),
        "waivers": tuple(_recorded(record, bench.now.date()) for record in draft.waivers),
    }
    return draft.model_copy(update=derived)


def differences(report: Report, profiles: Mapping[str, Collection[str]]) -> list[str]:
    """Where a report does not say what follows from its outcomes, a line each; none, if it is sound."""
    unknown = list(_unknown(report, profiles))
    if unknown:
        return unknown
    return [*_unsound(report), *_against(report, conclude(report, profiles))]


def _needed(report: Report, bench: _Bench, ids: Collection[str]) -> list[Judgement]:
    """What is known of all that a profile needs, whatever was promised."""
    return [bench.judgement(result, Promise.PROMISED) for result in report.results if result.requirement in ids]


def _summary(name: str, judgements: Sequence[Judgement], *, partial: bool) -> Summary:
    word = site_word(judgements, partial=partial)
    return Summary(name=name, word=word, counts=Counts(**asdict(count(judgements))))


def _concluded(check: CheckResult) -> CheckResult:
    return check.model_copy(update={"assertions": assertions_of(check.attempts)})


def _as_waiver(record: WaiverRecord) -> Waiver:
    return Waiver(**record.model_dump(exclude={"valid", "problem"}))


def _recorded(record: WaiverRecord, day: dt.date) -> WaiverRecord:
    problem = _as_waiver(record).problem(day)
    return record.model_copy(update={"valid": not problem, "problem": problem})


def _unknown(report: Report, profiles: Mapping[str, Collection[str]]) -> Iterator[str]:
    """What a report cannot be judged with."""
    known = {row.id for row in report.requirements}
    for result in report.results:
        if result.requirement not in known:
            yield f"{_called(result)}: the report does not list this requirement"
    if report.profile is not None and report.profile not in profiles:
        yield f"profile {report.profile}: there is none of this name; known: {', '.join(sorted(profiles)) or 'none'}"


def _unsound(report: Report) -> Iterator[str]:
    """Where the outcomes themselves do not hold together."""
    for requirement, times in Counter(row.id for row in report.requirements).items():
        if times > 1:
            yield f"{requirement}: the report lists it {times} times"
    for (requirement, item), times in Counter((result.requirement, result.item) for result in report.results).items():
        if times > 1:
            yield f"{requirement} {item or 'site'}: the report has {times} results of it"
    rows = {row.id: row for row in report.requirements}
    runs = {run.id for run in report.runs}
    causes = {cause.id for cause in report.causes}
    for result in report.results:
        if result.run and result.run not in runs:
            yield f"{_called(result)}: comes from run {result.run}, which the report does not list"
        yield from _unsound_checks(result, rows[result.requirement], causes)


def _unsound_checks(result: Result, row: RequirementRow, causes: Collection[str]) -> Iterator[str]:
    names = Counter(check.name for check in result.checks)
    if result.applicable and result.promise.offered:
        yield from (f"{_called(result)}: check {name} is missing" for name in row.checks if name not in names)
    for name, times in names.items():
        if name not in row.checks:
            yield f"{_called(result)}: check {name} is none of the requirement's"
        if times > 1:
            yield f"{_called(result)}: check {name} is there {times} times"
    for check in result.checks:
        yield from (f"{_called(result)}: check {check.name} {flaw}" for flaw in flaws(check))
        if check.cause is not None and check.cause not in causes:
            yield f"{_called(result)}: check {check.name} names cause {check.cause}, which the report does not list"


def _against(report: Report, concluded: Report) -> Iterator[str]:
    """Where a report says other than what was concluded from it."""
    for result, right in zip(report.results, concluded.results, strict=True):
        for name in _DERIVED:
            yield from _other(_called(result), name, getattr(result, name), getattr(right, name))
        for check, true in zip(result.checks, right.checks, strict=True):
            yield from _other(f"{_called(result)}: check {check.name}", "assertions", check.assertions, true.assertions)
    for waiver, held in zip(report.waivers, concluded.waivers, strict=True):
        for name in ("valid", "problem"):
            yield from _other(f"waiver {waiver.id}", name, getattr(waiver, name), getattr(held, name))
    for cause, counted in zip(report.causes, concluded.causes, strict=True):
        yield from _other(f"cause {cause.id}", "blocked", cause.blocked, counted.blocked)
    yield from _other_summary("the report", report.summary, concluded.summary)
    said = {summary.name: summary for summary in report.profiles}
    for summary in concluded.profiles:
        yield from _other_summary(f"profile {summary.name}", said.get(summary.name), summary)
    names = [summary.name for summary in report.profiles]
    yield from _other("the report", "profiles", names, [summary.name for summary in concluded.profiles])
    yield from _other("the report", "exit_code", report.exit_code, concluded.exit_code)


def _other_summary(what: str, said: Summary | None, follows: Summary) -> Iterator[str]:
    if said is None:
        return
    yield from _other(what, "name", said.name, follows.name)
    yield from _other(what, "word", said.word, follows.word)
    for name in Counts.model_fields:
        yield from _other(what, f"count of {name}", getattr(said.counts, name), getattr(follows.counts, name))


def _other(what: str, name: str, said: object, follows: object) -> Iterator[str]:
    if said != follows:
        yield f"{what}: {name} says {_shown(said)}; what follows is {_shown(follows)}"


def _shown(value: object) -> str:
    if value is None or value in ("", (), []):
        return "nothing"
    if isinstance(value, dt.datetime):
        return value.isoformat()
    return ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)


def _called(result: Result) -> str:
    return f"{result.requirement} {result.item or 'site'}"

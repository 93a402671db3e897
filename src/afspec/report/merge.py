"""Runs of other vantages, people and days joined into one report.

For each check of an instance the newest result that was asked wins, whatever it says. It was asked if an attempt ran
and left evidence, and was not stopped by what that run lacked (credentials, a prerequisite, budget). What was not asked
never replaces what was. An old proof that nothing newer replaces stays, and its age is judged as ever.

A run is partial when it left something out on purpose: a vantage, a selection, the rest after an interrupt. The whole
is not partial, and may be published, when no check of any deciding instance is left that was not run: then the runs
are listed without their reasons for being partial. It does not matter how each run was selected, only what is left.

Waivers are those of the newest run: what was taken back since does not come back with an older one.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

from afspec.report.attempts import ended, utc
from afspec.report.bundle import RUNS
from afspec.report.conclude import conclude
from afspec.report.errors import ReportError
from afspec.report.plain import digest
from afspec.verdict import Outcome, Reason

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from afspec.report.bundle import Bundle
    from afspec.report.model import Attempt, Cause, CheckResult, Problem, Report, Result, Run

_OF_THE_RUN: Final = {Reason.NO_CREDENTIALS, Reason.PREREQUISITE_ABSENT, Reason.BUDGET_EXHAUSTED}
_WORST_LAST: Final = (Outcome.NOT_RUN, Outcome.PASS, Outcome.UNVERIFIED, Outcome.FAIL, Outcome.ERROR)
# What must be one in all of them, as a report calls it.
_SAME: Final = ("site", "environment", "spec", "catalogue", "profile", "requirements", "title", "label")


@dataclass(frozen=True)
class Merged:
    """A report that was made of several, and the files that it names."""

    report: Report
    spec: dict[str, Any]
    evidence: dict[str, bytes]


@dataclass(frozen=True)
class _Source:
    """One bundle in a merge; `alone` says that nothing of it has to be told from what is another run's."""

    bundle: Bundle
    alone: bool

    @property
    def report(self) -> Report:
        return self.bundle.report

    @cached_property
    def age(self) -> tuple[dt.datetime, str]:
        """When its last run ended; the digest tells apart what ended at once."""
        return _age(self.bundle)

    @property
    def _run(self) -> str:
        return self.report.runs[0].id

    @property
    def _named(self) -> bool:
        """Whether names in it carry no run yet."""
        return not self.alone and len(self.report.runs) == 1

    def file(self, path: str) -> str:
        """The path of its evidence in the whole."""
        return f"{RUNS}{self._run}/{path}" if self._named and not path.startswith(RUNS) else path

    def cause(self, name: str) -> str:
        """The id of its cause in the whole: two runs may call different things by one name."""
        return f"{self._run}: {name}" if self._named else name

    def run_of(self, result: Result) -> str:
        """The run that an instance comes from."""
        return result.run or self._run


@dataclass(frozen=True)
class _Candidate:
    """What one bundle says of one check."""

    source: _Source
    result: Result
    check: CheckResult

    @property
    def asked(self) -> bool:
        """Whether an attempt ran."""
        return any(a.evidence and a.reason not in _OF_THE_RUN for a in self.check.attempts)

    @property
    def rank(self) -> tuple[bool, bool, dt.datetime, int, tuple[dt.datetime, str]]:
        """The highest wins; of what ended at once, the worst."""
        age = self.source.age
        tried = self.check.outcome is not Outcome.NOT_RUN
        at = max((ended(attempt) for attempt in self.check.attempts), default=age[0])
        return self.asked, tried, at, _WORST_LAST.index(self.check.outcome), age

    def placed(self) -> CheckResult:
        """The check, with the names that things have in the whole."""
        check = self.check
        attempts = tuple(self._placed(attempt) for attempt in check.attempts)
        cause = self.source.cause(check.cause) if check.cause else None
        return check.model_copy(update={"attempts": attempts, "cause": cause})

    def _placed(self, attempt: Attempt) -> Attempt:
        refs = tuple(ref.model_copy(update={"file": self.source.file(ref.file)}) for ref in attempt.evidence)
        return attempt.model_copy(update={"evidence": refs})

    def evidence(self) -> Iterator[tuple[str, bytes]]:
        """Its files, by their paths in the whole."""
        for ref in (ref for attempt in self.check.attempts for ref in attempt.evidence):
            yield self.source.file(ref.file), self.source.bundle.content(ref.file)


def _age(bundle: Bundle) -> tuple[dt.datetime, str]:
    report = bundle.report
    return max(utc(run.finished) for run in report.runs), digest(report.model_dump(mode="json"))


def merge(bundles: Sequence[Bundle], profiles: Mapping[str, Collection[str]], when: dt.datetime) -> Merged:
    """One report of several, judged at a moment; in which order they are given does not matter.

    Raises:
        ReportError: there are none, or they are not about the same: it says which differs in what.
    """
    if not bundles or not all(bundle.report.runs for bundle in bundles):
        raise ReportError("nothing to merge", next_step="Name the bundles of one or more runs.")
    _same(bundles)
    ordered = sorted(bundles, key=_age)
    runs = _runs(ordered)
    sources = [_Source(bundle, len(runs) == 1) for bundle in ordered]
    newest = sources[-1]
    chosen = _choose(sources)
    results: list[Result] = []
    evidence: dict[str, bytes] = {}
    for template in newest.report.results:
        picked = [chosen[template.requirement, template.item, check.name] for check in template.checks]
        lead = max(picked, key=lambda candidate: candidate.rank, default=None)
        run = lead.source.run_of(lead.result) if lead else template.run
        checks = tuple(candidate.placed() for candidate in picked)
        results.append(template.model_copy(update={"checks": checks, "run": run}))
        for candidate in picked:
            evidence.update(candidate.evidence())
    report = newest.report.model_copy(
        update={
            "generated": when,
            "runs": runs,
            "results": tuple(results),
            "causes": _causes(sources, {check.cause for result in results for check in result.checks}),
            "problems": _problems(sources, chosen.values()),
        }
    )
    report = conclude(report, profiles)
    return Merged(report if len(runs) == 1 else _whole(report, profiles), newest.bundle.spec, evidence)


def _same(bundles: Sequence[Bundle]) -> None:
    first = bundles[0]
    for other in bundles[1:]:
        for name in _SAME:
            if (mine := getattr(first.report, name)) != (theirs := getattr(other.report, name)):
                shown = "" if name == "requirements" else f" ({_brief(mine)}; {_brief(theirs)})"
                what = f"{other.folder} is of another {name} than {first.folder}{shown}"
                raise ReportError(what, next_step="Only runs of one spec, catalogue and environment make a whole.")
        if _asks(first.report) != _asks(other.report):
            hint = "One of them was trimmed: `afspec report verify` says which."
            raise ReportError(f"{other.folder} and {first.folder} have other instances", next_step=hint)


def _asks(report: Report) -> dict[tuple[str, str], tuple[object, ...]]:
    """What a report is about, without what came of it."""
    names = ("pointer", "promise", "declared", "applicable", "context")
    return {
        (result.requirement, result.item): (
            *(getattr(result, name) for name in names),
            *((check.name, check.test) for check in result.checks),
        )
        for result in report.results
    }


def _brief(value: object) -> str:
    found = getattr(value, "sha256", None)
    return str(found)[:12] if found else str(value)


def _runs(bundles: Sequence[Bundle]) -> tuple[Run, ...]:
    """All runs, the earliest first; a run that several of them have must be the same in each."""
    found: dict[str, Run] = {}
    for run in (run for bundle in bundles for run in bundle.report.runs):
        known = found.setdefault(run.id, run)
        if known.model_copy(update={"partial": run.partial}) != run:
            raise ReportError(f"two runs are called {run.id} and differ", next_step="One of the bundles was edited.")
        # A whole lists its runs without their reasons; where the whole is taken apart again, they count again.
        partial = tuple(dict.fromkeys((*known.partial, *run.partial)))
        found[run.id] = run.model_copy(update={"partial": partial})
    return tuple(sorted(found.values(), key=lambda run: (utc(run.started), run.id)))


def _choose(sources: Sequence[_Source]) -> dict[tuple[str, str, str], _Candidate]:
    """By requirement, item and name of the check, what counts."""
    chosen: dict[tuple[str, str, str], _Candidate] = {}
    for source in sources:
        for result in source.report.results:
            for check in result.checks:
                key = (result.requirement, result.item, check.name)
                candidate = _Candidate(source, result, check)
                if key not in chosen or candidate.rank > chosen[key].rank:
                    chosen[key] = candidate
    return chosen


def _causes(sources: Sequence[_Source], wanted: Collection[str | None]) -> tuple[Cause, ...]:
    """What still stands in the way of something."""
    found: dict[str, Cause] = {}
    for source in sources:
        for cause in source.report.causes:
            name = source.cause(cause.id)
            if name in wanted:
                found[name] = cause.model_copy(update={"id": name})
    return tuple(found.values())


def _problems(sources: Sequence[_Source], chosen: Collection[_Candidate]) -> tuple[Problem, ...]:
    """Faults of the runs that something still comes from."""
    used = {candidate.source.age for candidate in chosen}
    return tuple(
        dict.fromkeys(problem for source in sources if source.age in used for problem in source.report.problems)
    )


def _whole(report: Report, profiles: Mapping[str, Collection[str]]) -> Report:
    """The report, without its runs' reasons for being partial where nothing that decides was left out."""
    deciding = [check for result in report.results if result.decides for check in result.checks]
    if not deciding or any(check.outcome is Outcome.NOT_RUN for check in deciding):
        return report
    runs = tuple(run.model_copy(update={"partial": ()}) for run in report.runs)
    return conclude(report.model_copy(update={"runs": runs}), profiles)

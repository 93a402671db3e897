"""What an attempt claims, held against the evidence that it names."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from afspec.report.errors import ReportError
from afspec.report.plain import parse, sha256
from afspec.verdict import Outcome

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from afspec.report.bundle import Bundle
    from afspec.report.model import Attempt, CheckResult, EvidenceRef, Result


def faults(bundle: Bundle, result: Result, check: CheckResult, number: int) -> Iterator[str]:
    """Where an attempt of a check, counted from 1, does not follow from its evidence.

    A file of evidence is JSON with `check`, `item`, `outcome` and `assertions`, each with `what` and `passed`; where it
    also says `requirement`, `attempt`, `run`, `text`, `degraded` or `proof`, these must agree.
    """
    attempt = check.attempts[number - 1]
    shown: list[bool] = []
    for ref in attempt.evidence:
        try:
            data = _content(bundle, ref)
            shown += _passed(data, ref.file)
        except ReportError as error:
            yield f"{ref.file} {error.what}"
            continue
        yield from _otherwise(data, ref.file, result, check, number)
        if "run" in data and data["run"] not in {run.id for run in bundle.report.runs}:
            yield f"{ref.file} is of the run {data['run']!r}, which the report does not list"
    if attempt.assertions != len(shown):
        yield f"claims {attempt.assertions} things; its evidence shows {len(shown)}"
    yield from _outcome(attempt, shown)


def _otherwise(data: Mapping[str, Any], file: str, result: Result, check: CheckResult, number: int) -> Iterator[str]:
    """What the evidence says otherwise than the report."""
    attempt = check.attempts[number - 1]
    says = {"check": check.name, "item": result.item, "outcome": attempt.outcome.value}
    more = {"requirement": result.requirement, "text": attempt.text, "attempt": number}
    passed = number == len(check.attempts) and check.outcome is Outcome.PASS
    if passed:
        more["proof"] = check.proof.value
    for name, said in (says | {name: said for name, said in more.items() if name in data}).items():
        if data.get(name) != said:
            yield f"says {name} {said!r}; {file} says {data.get(name)!r}"
    if passed and (hidden := _reasons(data) - set(check.degraded)):
        yield f"hides why {file} is not a full pass: {', '.join(sorted(hidden))}"


def _outcome(attempt: Attempt, shown: list[bool]) -> Iterator[str]:
    if attempt.outcome in {Outcome.PASS, Outcome.FAIL} and not attempt.evidence:
        yield f"says {attempt.outcome.value} and shows nothing"
    elif attempt.outcome is Outcome.PASS and not all(shown):
        yield "says pass; its evidence shows what did not"
    elif attempt.outcome is Outcome.FAIL and all(shown):
        yield "says fail; its evidence shows nothing that did not pass"


def _content(bundle: Bundle, ref: EvidenceRef) -> Mapping[str, Any]:
    data = bundle.content(ref.file)
    if len(data) != ref.bytes or sha256(data) != ref.sha256:
        raise ReportError("is not the file that the report names: its digest differs", ref.file)
    found = parse(data, ref.file)
    if not isinstance(found, dict):
        raise ReportError("is no evidence: it must be a map", ref.file)
    return found


def _passed(data: Mapping[str, Any], file: str) -> list[bool]:
    """Of each thing that is claimed, whether it holds."""
    claims = data.get("assertions")
    wrong = ReportError("is no evidence: `assertions` must be a list of maps with `what` and `passed`", file)
    if not isinstance(claims, list):
        raise wrong
    found = []
    for claim in claims:
        if not isinstance(claim, dict) or not isinstance(claim.get("passed"), bool) or not claim.get("what"):
            raise wrong
        found.append(claim["passed"])
    return found


def _reasons(data: Mapping[str, Any]) -> set[str]:
    reasons = data.get("degraded", [])
    return {str(reason) for reason in reasons} if isinstance(reasons, list) else {str(reasons)}

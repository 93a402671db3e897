"""A bundle that was tampered with is refused, with the reason, also where every digest was computed again."""

from __future__ import annotations

import contextlib
import datetime as dt
import json
from typing import TYPE_CHECKING, Any

import pytest
from bundle_support import (
    COMES_BACK,
    DAY,
    NOW,
    PROFILES,
    RUNS,
    SPEC,
    WORKS,
    Maker,
    made,
    put,
    required,
    waiver,
)

from afspec.report import bundle
from afspec.report.attempts import checked
from afspec.report.conclude import conclude
from afspec.report.errors import ReportError
from afspec.report.model import Report
from afspec.report.plain import digest, render, sha256
from afspec.report.verify import refusals
from afspec.verdict import Outcome

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from afspec.report.bundle import Bundle
    from afspec.report.verify import Required

FAILS = WORKS | {RUNS: Outcome.FAIL}
Data = dict[str, Any]


def told(folder: Path, now: dt.datetime = NOW, spec: Data | None = None) -> str:
    return "\n".join(refusals(bundle.read(folder), required, now, spec))


def tampered(folder: Path, change: Callable[[Data], object]) -> str:
    """What is said of a report that was changed by hand, after everything in it that can be was computed again."""
    path = folder / "report.json"
    data = json.loads(path.read_text())
    change(data)
    report = Report.model_validate(data)
    with contextlib.suppress(ValueError):
        report = conclude(report, PROFILES)
    path.write_bytes(render(report.model_dump(mode="json")))
    return told(folder)


def with_evidence(folder: Path, change: Callable[[Data], object]) -> str:
    """The same for a file of evidence, with its digest in the report computed again."""
    ref = json.loads((folder / "report.json").read_text())["results"][0]["checks"][0]["attempts"][0]["evidence"][0]
    data = json.loads((folder / ref["file"]).read_text())
    change(data)
    (folder / ref["file"]).write_bytes(render(data))
    new = (folder / ref["file"]).read_bytes()

    def again(report: Data) -> None:
        report["results"][0]["checks"][0]["attempts"][0]["evidence"][0].update(sha256=sha256(new), bytes=len(new))

    return tampered(folder, again)


@pytest.mark.parametrize(
    "outcomes", [WORKS, FAILS, {}, WORKS | {RUNS: Outcome.UNVERIFIED}, WORKS | {COMES_BACK: Outcome.ERROR}]
)
@pytest.mark.parametrize("cause", [None, "batch"])
def test_an_honest_bundle_holds(tmp_path: Path, outcomes: Any, cause: str | None) -> None:
    put(tmp_path / "b", outcomes, cause=cause, waivers=[waiver()])
    assert told(tmp_path / "b", NOW, SPEC) == ""


def first(data: Data) -> Data:
    found: Data = data["results"][0]
    return found


def attempt(data: Data) -> Data:
    found: Data = data["results"][0]["checks"][0]["attempts"][0]
    return found


def passes(data: Data) -> None:
    attempt(data)["outcome"] = first(data)["checks"][0]["outcome"] = "pass"


def drop_attempt(data: Data) -> None:
    first(data)["checks"][0].update(attempts=[], outcome="not_run", assertions=0)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (passes, "says outcome 'pass'; evidence/AF-BATCH-001/slurm-roma.runs.1.json says 'fail'"),
        (passes, "says pass; its evidence shows what did not"),
        (lambda data: first(data)["checks"][0].update(outcome="pass"), "says pass; its last attempt says fail"),
        (lambda data: attempt(data).update(assertions=9), "claims 9 things; its evidence shows 2"),
        (lambda data: attempt(data).update(text="all is well"), "says text 'all is well'"),
        (drop_attempt, "slurm-roma.runs.1.json is not named by the report"),
        (lambda data: attempt(data).update(evidence=[]), "says fail and shows nothing"),
        (lambda data: attempt(data)["evidence"][0].update(file="evidence/../../x"), "is no path of evidence"),
        (lambda data: attempt(data)["evidence"][0].update(file="runs/zz/evidence/x.json"), "belongs to no run"),
        (lambda data: attempt(data)["evidence"][0].update(file="evidence/x.json"), "evidence/x.json is missing"),
        (
            lambda data: attempt(data).update(evidence=data["results"][1]["checks"][0]["attempts"][0]["evidence"]),
            "is shown twice",
        ),
        (lambda data: data["results"].pop(0), "AF-BATCH-001[slurm/roma] is required and missing"),
        (lambda data: data["requirements"].pop(0), "AF-BATCH-001 is missing from its requirements"),
        (
            lambda data: first(data)["checks"].pop(0),
            "has other checks than are required: runs (test_batch.py::test_runs)",
        ),
        (lambda data: first(data)["checks"][0].update(test="test_easy.py::test_it"), "has other checks"),
        (lambda data: first(data).update(item="slurm/easy"), "AF-BATCH-001[slurm/easy] is not required"),
        (lambda data: first(data).update(promise="planned"), "promise says planned; it is promised"),
        (lambda data: first(data).update(declared="no"), "declared says no; it is yes"),
        (lambda data: first(data).update(applicable=False, context="no"), "applicable says False; it is True"),
        (lambda data: data["requirements"][0].update(level="MAY"), "level says MAY; it is MUST"),
        (lambda data: data["requirements"][0].update(max_age=1e9), "max_age says 1000000000.0; it is 604800.0"),
        (
            lambda data: data["catalogue"].update(sha256="d" * 64),
            "another catalogue (dddddddddddd; here: cccccccccccc)",
        ),
        (lambda data: data["spec"].update(sha256="d" * 64), "spec.json is not the spec that the report was made from"),
        (lambda data: data.update(site="bnl"), "its site says bnl; its spec says toy"),
        (lambda data: data.update(title="BNL"), "its title says BNL"),
        (lambda data: data.update(generated="2027-01-01T00:00:00Z"), "which is yet to come"),
        (lambda data: attempt(data).update(at="2026-11-23T12:00:00Z"), "which is in no run of the report"),
        (lambda data: data.update(runs=[]), "it is of no run"),
        (lambda data: data["runs"][0].update(finished="2026-11-21T00:00:00Z"), "ended before it began"),
    ],
)
def test_a_tampered_report_is_refused_though_it_was_concluded_again(
    tmp_path: Path, change: Callable[[Data], object], reason: str
) -> None:
    put(tmp_path / "b", FAILS)
    assert reason in tampered(tmp_path / "b", change)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (
            lambda data: data["summary"].update(word="conformant"),
            "word says conformant; what follows is non-conformant",
        ),
        (lambda data: data.update(exit_code=0), "exit_code says 0; what follows is 100"),
        (lambda data: first(data).update(verdict="verified"), "verdict says verified; what follows is broken"),
        (lambda data: first(data).update(decides=False), "decides says False"),
        (lambda data: data["summary"]["counts"].update(broken=0), "count of broken says 0"),
        (lambda data: data["profiles"][0].update(word="conformant"), "profile agc-ready: word says conformant"),
        (lambda data: data["profiles"].clear(), "profiles"),
        (lambda data: first(data).update(fresh_until="2028-01-01T00:00:00Z"), "fresh_until says 2028"),
        (lambda data: first(data).update(waiver="W-1"), "waiver says W-1"),
    ],
)
def test_what_does_not_follow_is_refused(tmp_path: Path, change: Callable[[Data], object], reason: str) -> None:
    put(tmp_path / "b", FAILS)
    path = tmp_path / "b/report.json"
    data = json.loads(path.read_text())
    change(data)
    path.write_text(json.dumps(data))
    assert reason in told(tmp_path / "b")


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda data: data.update(outcome="pass"), "says outcome 'fail'"),
        (lambda data: data.update(check="other"), "says check 'runs'"),
        (lambda data: data.update(item=""), "says item 'slurm/roma'"),
        (lambda data: data.update(requirement="AF-DASK-001"), "says requirement 'AF-BATCH-001'"),
        (lambda data: data.update(attempt=2), "says attempt 1; "),
        (lambda data: data.update(run="r7"), "is of the run 'r7', which the report does not list"),
        (lambda data: data["assertions"].pop(), "claims 2 things; its evidence shows 1"),
        (
            lambda data: data["assertions"][1].update(passed=True),
            "says fail; its evidence shows nothing that did not pass",
        ),
        (lambda data: data["assertions"][1].update(passed="no"), "must be a list of maps with `what` and `passed`"),
        (lambda data: data["assertions"][1].pop("what"), "must be a list of maps with `what` and `passed`"),
        (lambda data: data.update(assertions={}), "must be a list of maps"),
        (lambda data: data.pop("check"), "says None"),
    ],
)
def test_evidence_that_was_edited_is_refused_though_its_digest_was_computed_again(
    tmp_path: Path, change: Callable[[Data], object], reason: str
) -> None:
    put(tmp_path / "b", FAILS)
    assert reason in with_evidence(tmp_path / "b", change)


def test_a_pass_that_hides_why_it_is_no_full_one_is_refused(tmp_path: Path) -> None:
    put(tmp_path / "b", WORKS)
    assert "not a full pass: slow" in with_evidence(tmp_path / "b", lambda data: data.update(degraded=["slow"]))


def test_a_configured_limit_that_is_said_to_be_tried_is_refused(tmp_path: Path) -> None:
    put(tmp_path / "b", WORKS)
    assert "says proof 'demonstrated'" in with_evidence(tmp_path / "b", lambda data: data.update(proof="configured"))


def test_a_failed_attempt_cannot_be_forgotten(tmp_path: Path) -> None:
    report, evidence = made(WORKS)
    maker = Maker("r1", NOW, None, "seen")
    attempts = [maker.attempt(RUNS, Outcome.FAIL), maker.attempt(RUNS, Outcome.PASS, 2)]
    result = report.results[0]
    retried = checked("runs", "test_batch.py::test_runs", attempts)
    results = (result.model_copy(update={"checks": (retried, *result.checks[1:])}), *report.results[1:])
    report = conclude(report.model_copy(update={"results": results}), PROFILES)
    bundle.write(tmp_path / "b", report, SPEC, evidence | maker.evidence)
    assert told(tmp_path / "b") == ""

    def forget(data: Data) -> None:
        gone = first(data)["checks"][0]["attempts"].pop(0)
        first(data)["checks"][0]["degraded"] = []
        (tmp_path / "b" / gone["evidence"][0]["file"]).unlink()

    assert "says attempt 1; " in tampered(tmp_path / "b", forget)


def test_a_digest_that_was_not_computed_again_is_refused(tmp_path: Path) -> None:
    put(tmp_path / "b", WORKS)
    path = tmp_path / "b/evidence/AF-BATCH-001/slurm-roma.runs.1.json"
    path.write_bytes(path.read_bytes() + b" ")
    assert "its digest differs" in told(tmp_path / "b")


@pytest.mark.parametrize("name", ["evidence/more.json", "notes.txt", "runs/r1/evidence/x.json", "report.json.sig.old"])
def test_a_file_that_the_report_does_not_name_is_refused(tmp_path: Path, name: str) -> None:
    put(tmp_path / "b", WORKS)
    (tmp_path / "b" / name).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / "b" / name).write_text("{}")
    assert told(tmp_path / "b") == f"{name} is not named by the report"


def test_another_spec_is_refused(tmp_path: Path) -> None:
    put(tmp_path / "b", WORKS)
    assert "another spec of toy: batch differ" in told(tmp_path / "b", NOW, SPEC | {"batch": []})


def test_a_spec_exchanged_together_with_its_digest_is_refused_where_the_spec_is_known(tmp_path: Path) -> None:
    put(tmp_path / "b", WORKS)
    smaller = {"name": "toy", "title": "A toy facility"}
    (tmp_path / "b/spec.json").write_bytes(render(smaller))
    tampered(tmp_path / "b", lambda data: data["spec"].update(sha256=digest(smaller)))
    assert "another spec" in told(tmp_path / "b", NOW, SPEC)


def test_a_spec_with_errors_is_a_refusal(tmp_path: Path) -> None:
    def broken(_: Bundle) -> Required:
        raise ReportError("its spec has errors: no name")

    found = put(tmp_path / "b", WORKS)
    assert refusals(found, broken, NOW) == ["its spec has errors: no name"]


def test_age_alone_is_no_tampering(tmp_path: Path) -> None:
    put(tmp_path / "b", WORKS)
    assert told(tmp_path / "b", NOW + 400 * DAY) == ""


def test_a_waiver_of_more_than_its_term_covers_nothing(tmp_path: Path) -> None:
    report, evidence = made(FAILS, waivers=[waiver(expires=dt.date(2028, 1, 1))])
    bundle.write(tmp_path / "b", report, SPEC, evidence)
    data = json.loads((tmp_path / "b/report.json").read_text())
    data["waivers"][0].update(valid=True, problem="")
    (tmp_path / "b/report.json").write_text(json.dumps(data))
    assert "waiver W-1: valid says True" in told(tmp_path / "b")

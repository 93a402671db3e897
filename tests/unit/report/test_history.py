"""The past on record: a small file a run, read back with its gaps."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from bundle_support import DASK, DAY, NOW, PROFILES, WORKS, made, put

from afspec.report import history
from afspec.report.errors import ReportError
from afspec.report.html.strips import strips
from afspec.report.merge import merge
from afspec.verdict import Outcome, Verdict

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def test_a_run_is_put_on_record_and_read_back(tmp_path: Path) -> None:
    report = made(WORKS, "r1", partial=("interrupted",))[0]
    assert history.add(tmp_path, report) == [tmp_path / "toy/2026-11-22-r1.json"]
    (run,) = history.read(tmp_path)
    assert (run.site, run.environment, run.run, run.at, run.partial) == ("toy", "site", "r1", NOW, ("interrupted",))
    assert run.verdicts["AF-DASK-001", ""] is Verdict.VERIFIED


def test_what_was_not_asked_is_a_gap(tmp_path: Path) -> None:
    for number, told in enumerate([WORKS, {DASK: Outcome.FAIL}, WORKS]):
        history.add(tmp_path, made(told, f"r{number}", when=NOW + number * DAY)[0])
    past = history.read(tmp_path)
    assert [run.verdicts.get(("AF-BATCH-001", "slurm/roma")) for run in past] == [
        Verdict.VERIFIED,
        None,
        Verdict.VERIFIED,
    ]
    assert strips(past)["toy"].strip("AF-BATCH-001", "slurm/roma").summary == "last 3 runs: 2 verified, 1 not asked"


def test_adding_again_changes_nothing(tmp_path: Path) -> None:
    report = made(WORKS)[0]
    (path,) = history.add(tmp_path, report)
    before = path.read_bytes()
    assert history.add(tmp_path, report) == []
    assert path.read_bytes() == before
    assert [each.name for each in path.parent.iterdir()] == [path.name]


@pytest.mark.parametrize("merged_first", [True, False])
def test_a_merged_report_never_replaces_a_fuller_record(tmp_path: Path, *, merged_first: bool) -> None:
    old = put(tmp_path / "a", WORKS, "ra", when=NOW - DAY)
    new = put(tmp_path / "b", {DASK: Outcome.FAIL}, "rb")
    reports = [merge([old, new], PROFILES, NOW).report, old.report]
    for report in reports if merged_first else reversed(reports):
        history.add(tmp_path / "history", report)
    full, part = history.read(tmp_path / "history")
    assert len(full.verdicts) == 3
    assert set(part.verdicts) == {("AF-DASK-001", "")}


def test_a_twin_is_on_record_as_a_twin(tmp_path: Path) -> None:
    history.add(tmp_path, made(WORKS, environment="twin")[0])
    history.add(tmp_path, made(WORKS)[0])
    assert sorted(run.environment for run in history.read(tmp_path)) == ["site", "twin"]


@pytest.mark.parametrize("name", ["../../etc/x", "", ".hidden", "a/b", "a\n"])
@pytest.mark.parametrize("field", ["site", "run"])
def test_a_name_that_leads_elsewhere_is_refused(tmp_path: Path, name: str, field: str) -> None:
    report = made(WORKS, name if field == "run" else "r1")[0]
    report = report.model_copy(update={"site": name}) if field == "site" else report
    with pytest.raises(ReportError, match="cannot name a record"):
        history.add(tmp_path / "history", report)
    assert not (tmp_path / "history").exists()


@pytest.mark.parametrize(
    ("damage", "told"),
    [
        (lambda path: path.write_text("{"), "is no JSON"),
        (lambda path: path.write_text("{}"), "/site: Field required"),
        (lambda path: path.write_text(json.dumps(json.loads(path.read_text()) | {"x": 1})), "/x: Extra inputs"),
        (lambda path: path.rename(path.with_name("2020-01-01-r9.json")), "not where it belongs: toy/2026-11-22-r1"),
    ],
)
def test_what_is_wrong_with_a_record_is_said(tmp_path: Path, damage: Callable[[Path], object], told: str) -> None:
    (path,) = history.add(tmp_path, made(WORKS)[0])
    damage(path)
    with pytest.raises(ReportError) as caught:
        history.read(tmp_path)
    assert told in str(caught.value)
    assert "toy/" in caught.value.place


def test_without_a_folder_there_is_no_past(tmp_path: Path) -> None:
    assert history.read(tmp_path / "absent") == ()

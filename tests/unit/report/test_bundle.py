"""Bundles are written whole or not at all, and read without trusting them."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from bundle_support import SPEC, WORKS, made, put
from hypothesis import given
from hypothesis import strategies as st

from afspec.report import bundle, place
from afspec.report.errors import ReportError
from afspec.report.plain import digest, parse, render
from afspec.report.scan import Forbidden

if TYPE_CHECKING:
    from collections.abc import Callable


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_what_was_written_is_read(tmp_path: Path) -> None:
    report, evidence = made(WORKS)
    bundle.write(tmp_path / "b", report, SPEC, evidence)
    found = bundle.read(tmp_path / "b")
    assert found.report == report
    assert found.spec == SPEC
    assert {path: found.content(path) for path in evidence} == evidence
    assert found.files() == sorted([*evidence, "report.json", "spec.json"])


def test_evidence_that_nothing_names_stays_out(tmp_path: Path) -> None:
    report, evidence = made(WORKS)
    bundle.write(tmp_path / "b", report, SPEC, evidence | {"evidence/more.json": b"{}"})
    assert "evidence/more.json" not in bundle.read(tmp_path / "b").files()


def test_evidence_that_is_named_must_be_there(tmp_path: Path) -> None:
    report, evidence = made(WORKS)
    evidence.popitem()
    with pytest.raises(ReportError, match="names evidence that is not there"):
        bundle.write(tmp_path / "b", report, SPEC, evidence)
    assert not any(tmp_path.iterdir())


@pytest.mark.parametrize("moment", ["write", "put"])
@pytest.mark.parametrize("failure", [KeyboardInterrupt, OSError])
def test_an_interrupt_leaves_the_old_bundle(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, moment: str, failure: type[BaseException]
) -> None:
    put(tmp_path / "b", WORKS)
    before = contents(tmp_path)

    def stop(*_: object) -> None:
        raise failure

    if moment == "put":
        monkeypatch.setattr(bundle, "put", stop)
    else:
        monkeypatch.setattr(Path, "write_bytes", stop)
    report, evidence = made({}, "r2")
    with pytest.raises((ReportError, KeyboardInterrupt)):
        bundle.write(tmp_path / "b", report, SPEC, evidence)
    assert contents(tmp_path) == before


def test_a_new_bundle_takes_the_place_of_the_old_one_whole(tmp_path: Path) -> None:
    put(tmp_path / "b", WORKS)
    put(tmp_path / "b", {}, "r2")
    assert set(contents(tmp_path)) == {"b/report.json", "b/spec.json"}


def test_a_folder_of_something_else_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("years of work")
    report, evidence = made(WORKS)
    with pytest.raises(ReportError, match="something else than a bundle"):
        bundle.write(tmp_path, report, SPEC, evidence)
    assert set(contents(tmp_path)) == {"thesis.tex"}


def test_an_empty_folder_is_taken(tmp_path: Path) -> None:
    (tmp_path / "b").mkdir()
    assert put(tmp_path / "b", WORKS).report.site == "toy"


def test_a_file_in_the_way_is_named(tmp_path: Path) -> None:
    (tmp_path / "b").write_text("")
    report, evidence = made(WORKS)
    with pytest.raises(ReportError, match="cannot be written"):
        bundle.write(tmp_path / "b", report, SPEC, evidence)


def test_a_file_system_that_cannot_exchange_changes_nothing(tmp_path: Path) -> None:
    (tmp_path / "old").mkdir()
    (tmp_path / "old/x").write_text("")
    with pytest.raises(OSError, match="one step"):
        place.put(tmp_path / "absent", tmp_path / "old")
    assert (tmp_path / "old/x").exists()


def test_what_must_not_be_published_is_not_written(tmp_path: Path) -> None:
    report, evidence = made(WORKS, text="ran as alice with canary1234")
    forbidden = Forbidden(secrets=("canary1234",), users=("alice",))
    with pytest.raises(ReportError, match="not to be published") as caught:
        bundle.write(tmp_path / "b", report, SPEC, evidence, forbidden)
    assert "canary" not in str(caught.value)
    assert "report.json holds a user name" in str(caught.value)
    assert not any(tmp_path.iterdir())


@pytest.mark.parametrize(
    "path",
    [
        "/etc/passwd",
        "../x.json",
        "evidence/../../x.json",
        "evidence/./x",
        "evidence//x",
        "evidence/",
        "evidence",
        "evidence/.hidden",
        "evidence/a\\b",
        "evidence/a\nb",
        "evidence/a\x00",
        "report.json",
        "other/x.json",
        "",
    ],
)
def test_a_path_that_leads_elsewhere_is_refused(path: str) -> None:
    with pytest.raises(ReportError, match="no path of evidence"):
        bundle.check_path(path)


@given(path=st.text(alphabet="ab./\\-_ \n~", max_size=20))
def test_a_path_that_is_allowed_stays_inside(path: str) -> None:
    try:
        bundle.check_path(f"evidence/{path}")
    except ReportError:
        return
    assert os.path.normpath(f"/bundle/evidence/{path}") == f"/bundle/evidence/{path}"


def spoil(change: Callable[[dict[str, Any]], object]) -> Callable[[Path], object]:
    def spoilt(folder: Path) -> None:
        data = json.loads((folder / "report.json").read_text())
        change(data)
        (folder / "report.json").write_text(json.dumps(data))

    return spoilt


@pytest.mark.parametrize(
    ("damage", "told"),
    [
        (shutil.rmtree, "no such bundle"),
        (lambda folder: (folder / "report.json").unlink(), "report.json: No such file"),
        (lambda folder: (folder / "spec.json").unlink(), "spec.json: No such file"),
        (lambda folder: (folder / "spec.json").write_text("[]"), "spec.json: is no map"),
        (lambda folder: (folder / "spec.json").write_text('{"a": 1, "a": 2}'), "says a twice"),
        (lambda folder: (folder / "spec.json").write_text('{"a": NaN}'), "NaN is no number"),
        (lambda folder: (folder / "spec.json").write_text('{"a": "\\ud800"}'), "is no JSON"),
        (lambda folder: (folder / "spec.json").write_text("[" * 100_000), "is no JSON"),
        (lambda folder: (folder / "report.json").write_bytes(b"\xff"), "is no JSON"),
        (lambda folder: (folder / "report.json").write_text('{"site": "x"'), "is no JSON"),
        (spoil(lambda data: data.update(extra=1)), "/extra: Extra inputs are not permitted"),
        (spoil(lambda data: data["results"][0].update(extra=1)), "/results/0/extra"),
        (spoil(lambda data: data.pop("exit_code")), "/exit_code: Field required"),
        (spoil(lambda data: data.update(exit_code="0")), "/exit_code: Input should be a valid integer"),
        (spoil(lambda data: data["results"][0].update(verdict="fine")), "/results/0/verdict"),
        (spoil(lambda data: data["results"][0].update(requirement="X")), "/results/0/requirement"),
        (spoil(lambda data: data.update(afspec_report=2)), "/afspec_report"),
        (lambda folder: (folder / "evidence/link.json").symlink_to("/etc/passwd"), "is a link"),
        (lambda folder: (folder / "evidence/up").symlink_to(".."), "is a link"),
        (lambda folder: os.mkfifo(folder / "pipe"), "is no ordinary file"),
    ],
)
def test_what_is_wrong_with_a_bundle_is_said(tmp_path: Path, damage: Callable[[Path], object], told: str) -> None:
    put(tmp_path / "b", WORKS)
    damage(tmp_path / "b")
    with pytest.raises(ReportError) as caught:
        bundle.read(tmp_path / "b")
    assert told in str(caught.value)
    assert caught.value.next_step


def test_a_report_that_became_a_link_is_refused(tmp_path: Path) -> None:
    put(tmp_path / "b", WORKS)
    (tmp_path / "b/report.json").rename(tmp_path / "elsewhere.json")
    (tmp_path / "b/report.json").symlink_to(tmp_path / "elsewhere.json")
    with pytest.raises(ReportError, match="is a link"):
        bundle.read(tmp_path / "b")


def test_a_file_too_large_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(tmp_path / "b", WORKS)
    monkeypatch.setattr(bundle, "MAX_BYTES", 100)
    with pytest.raises(ReportError, match="more than 100 bytes"):
        bundle.read(tmp_path / "b")


def test_the_digest_does_not_depend_on_order_or_form() -> None:
    assert digest({"b": 1, "a": ["é"]}) == digest({"a": ["é"], "b": 1})
    # sha256sum of {"a":["é"],"b":1} in UTF-8
    assert digest({"a": ["é"], "b": 1}) == "cde3c54c1d323a37b399fbf0246d2a68a66d3f4c8b57844aaab17ee6cddfdc07"
    assert digest({"a": 1}) != digest({"a": "1"})


@given(st.dictionaries(st.text(st.characters(codec="utf-8")), st.integers() | st.none() | st.booleans()))
def test_a_digest_outlives_a_file(data: dict[str, Any]) -> None:
    assert digest(parse(render(data), "x")) == digest(data)

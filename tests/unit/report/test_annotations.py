"""Remarks stand beside a report, dated, and never change it."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import pytest
from bundle_support import WORKS, put

from afspec.report import annotations as remarks
from afspec.report.errors import ReportError
from afspec.report.html import Annotation

if TYPE_CHECKING:
    from pathlib import Path

DISPUTE = """\
- site: toy
  date: 2026-11-22
  kind: dispute
  author: Toy operations
  requirement: AF-BATCH-001
  item: slurm/roma
  text: The pool was drained that day.
"""
REPLY = DISPUTE.replace("dispute", "reply").replace("2026-11-22", "2026-11-20").replace("  item: slurm/roma\n", "")


def write(folder: Path, **files: str) -> Path:
    folder.mkdir(exist_ok=True)
    for name, text in files.items():
        (folder / f"{name}.yaml").write_text(text)
    return folder


def test_remarks_are_read_by_their_dates(tmp_path: Path) -> None:
    found = remarks.read(write(tmp_path, a=DISPUTE, b=REPLY))
    text = "The pool was drained that day."
    assert found == (
        Annotation("toy", dt.date(2026, 11, 20), "Toy operations (reply)", text, "AF-BATCH-001"),
        Annotation("toy", dt.date(2026, 11, 22), "Toy operations (dispute)", text, "AF-BATCH-001", "slurm/roma"),
    )


def test_a_remark_never_changes_a_report(tmp_path: Path) -> None:
    folder = put(tmp_path / "b", WORKS).folder
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    write(folder / "annotations", a=DISPUTE)
    remarks.read(folder / "annotations")
    assert {path: path.read_bytes() for path in before} == before


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (DISPUTE.replace("2026-11-22", "yesterday"), "entry 1: date: Input should be a valid date"),
        (DISPUTE.replace("2026-11-22", "2026-11-22 10:00:00"), "entry 1: date"),
        (DISPUTE.replace("2026-11-22", "2026-11-22 00:00:00"), "entry 1: date"),
        (DISPUTE.replace("dispute", "rant"), "entry 1: kind: Input should be 'dispute' or 'reply'"),
        (DISPUTE.replace("  author: Toy operations\n", ""), "entry 1: author: Field required"),
        (DISPUTE.replace("Toy operations", "' '"), "entry 1: author"),
        (DISPUTE.replace("AF-BATCH-001", "batch"), "entry 1: requirement"),
        (DISPUTE.replace("  requirement: AF-BATCH-001\n", ""), "an item needs the requirement"),
        (DISPUTE + "  verdict: verified\n", "entry 1: verdict: Extra inputs are not permitted"),
        (DISPUTE + DISPUTE.replace("toy", "[]"), "entry 2: site"),
        ("site: toy\n", "is no list"),
        ("- just words\n", "entry 1: entry"),
        ("a: [", "is no YAML"),
        ("", "is no list"),
    ],
)
def test_what_is_wrong_with_a_remark_is_said(tmp_path: Path, text: str, told: str) -> None:
    with pytest.raises(ReportError) as caught:
        remarks.read(write(tmp_path, remarks=text))
    assert told in str(caught.value)
    assert caught.value.place.endswith("remarks.yaml")
    assert caught.value.next_step


def test_without_a_folder_there_are_no_remarks(tmp_path: Path) -> None:
    assert remarks.read(tmp_path / "absent") == ()

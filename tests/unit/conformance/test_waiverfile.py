"""The file of waivers: what does not fit is refused, and where; whether a waiver holds is not for the file to say."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import pytest

from afspec.conformance.waiverfile import WaiversError, load_waivers

if TYPE_CHECKING:
    from pathlib import Path

KNOWN = {"AF-BATCH-003"}
ONE = (
    "{id: W-1, requirement: AF-BATCH-003, owner: ops, reason: moved, issue: 'https://example.org/1', "
    "granted: 2026-11-02, expires: 2027-01-31}"
)


def load(tmp_path: Path, text: str | bytes) -> tuple[object, ...]:
    path = tmp_path / "waivers.yaml"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return load_waivers(path, KNOWN)


def test_a_waiver_is_read_and_holds_for_every_instance_unless_it_names_one(tmp_path: Path) -> None:
    path = tmp_path / "waivers.yaml"
    path.write_text(f"- {ONE}\n")
    (waiver,) = load_waivers(path, KNOWN)
    assert (waiver.item, waiver.expires, waiver.valid) == ("*", dt.date(2027, 1, 31), False)


def test_an_empty_file_waives_nothing(tmp_path: Path) -> None:
    assert load(tmp_path, "") == ()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("- [", "no YAML"),
        (f"- {ONE}".replace("2027-01-31", "2027-02-30"), "no YAML"),
        (b"\xff\xfe", "no YAML"),
        ("word", "the whole: "),
        (f"- {ONE}".replace("owner: ops, ", ""), "0.owner: Field required"),
        (f"- {ONE}".replace("expires: 2027-01-31", "expires: never"), "0.expires"),
        (f"- {ONE}".replace("reason: moved, ", ""), "0.reason"),
        (f"- {ONE}".replace("issue: 'https://example.org/1', ", ""), "0.issue"),
        (f"- {ONE}\n- {ONE}", "used twice: W-1"),
        (f"- {ONE}".replace("AF-BATCH-003", "AF-BATCH-999"), "no such requirement: AF-BATCH-999"),
    ],
)
def test_what_does_not_fit_is_refused_by_its_place(tmp_path: Path, text: str | bytes, words: str) -> None:
    with pytest.raises(WaiversError, match=r"waivers\.yaml") as caught:
        load(tmp_path, text)
    assert words in str(caught.value)


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(WaiversError, match="No such file"):
        load_waivers(tmp_path / "none", KNOWN)

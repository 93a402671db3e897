"""Two files: what must be there, what may be missing, what is not compared; and the command."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from click.testing import CliRunner

from afspec.agc.compare import compare, exactly, read, told
from afspec.agc.errors import AgcError
from afspec.agc.histogram import Histogram
from afspec.cli.agc import agc

if TYPE_CHECKING:
    from pathlib import Path

EDGES = np.linspace(50.0, 550.0, 26)


def flat(value: float) -> Histogram:
    return Histogram(EDGES, np.full(27, value), np.full(27, value))


NAMES = ("4j1b_ttbar", "4j1b_ttbar_pt_res_up", "4j2b_pseudodata", "4j2b_wjets")
REFERENCE = {name: flat(100.0) for name in NAMES}


def without(name: str) -> dict[str, Histogram]:
    return {other: each for other, each in REFERENCE.items() if other != name}


def test_a_file_is_like_itself() -> None:
    assert compare(REFERENCE, REFERENCE).alike
    assert compare(REFERENCE, REFERENCE, exactly(0.0)).alike


def test_what_is_missing_is_a_difference() -> None:
    found = compare(without("4j2b_wjets"), REFERENCE)
    assert not found.alike
    assert found.missing == ("4j2b_wjets",)


def test_pseudodata_may_be_missing_but_not_when_exact() -> None:
    found = compare(without("4j2b_pseudodata"), REFERENCE)
    assert found.alike
    assert (found.missing, found.absent) == ((), ("4j2b_pseudodata",))
    assert compare(without("4j2b_pseudodata"), REFERENCE, exactly(1e-6)).missing == ("4j2b_pseudodata",)


def test_additional_ones_are_told_and_count_when_exact() -> None:
    found = compare(REFERENCE, without("4j2b_wjets"))
    assert found.alike
    assert found.additional == ("4j2b_wjets",)
    assert not compare(REFERENCE, without("4j2b_wjets"), exactly(1e-6)).alike


@pytest.mark.parametrize(("unstable", "alike"), [(None, True), (False, True), (True, False)])
def test_upstreams_random_numbers_are_not_compared_unless_asked(unstable: bool | None, alike: bool) -> None:  # noqa: FBT001
    other = {**REFERENCE, "4j1b_ttbar_pt_res_up": flat(200.0)}
    found = compare(other, REFERENCE, unstable=unstable)
    assert found.alike is alike
    assert [each.name for each in found.checked if each.skipped] == (["4j1b_ttbar_pt_res_up"] if alike else [])
    assert not compare(other, REFERENCE, exactly(1e-6)).alike


def test_their_edges_are() -> None:
    moved = Histogram(EDGES + 1.0, np.full(27, 100.0), None)
    assert not compare({**REFERENCE, "4j1b_ttbar_pt_res_up": moved}, REFERENCE).alike


def test_nothing_compared_shows_nothing() -> None:
    assert not compare({}, {}).alike
    assert not compare(REFERENCE, {"4j1b_ttbar_pt_res_up": flat(100.0)}).alike


def test_the_worst_comes_first() -> None:
    found = compare({**REFERENCE, "4j1b_ttbar": flat(101.0), "4j2b_wjets": flat(150.0)}, REFERENCE)
    assert [each.name for each in found.differing] == ["4j2b_wjets", "4j1b_ttbar"]
    lines = list(told(found))
    assert lines[0] == "differs    4j2b_wjets"
    assert "underflow to overflow, 27 bins" in lines[1]
    assert "got 150, expected 100 (+50 %)" in lines[1]
    assert lines[-1].startswith("DIFFERENT: 3 histograms compared, 3 with variances; 2 differ")


def save(path: Path, histograms: dict[str, Histogram]) -> str:
    path.write_text(json.dumps({name: each.document() for name, each in histograms.items()}), "utf-8")
    return str(path)


def run(*arguments: str) -> Any:
    return CliRunner().invoke(agc, ["compare", *arguments])


def test_exit_codes(tmp_path: Path) -> None:
    reference = save(tmp_path / "reference.json", REFERENCE)
    other = save(tmp_path / "other.json", {**REFERENCE, "4j1b_ttbar": flat(101.0)})
    assert run(reference, "--reference", reference).exit_code == 0
    assert run(other, "--reference", reference).exit_code == 1
    assert run(other, "--reference", reference, "--rtol", "0.02").exit_code == 0
    assert run(other, "--reference", reference, "--exact", "0.02").exit_code == 0
    assert run(other, "--reference", reference, "--exact", "0.02", "--rtol", "1").exit_code == 2
    assert run(str(tmp_path / "none.json"), "--reference", reference).exit_code == 2
    assert run(other).exit_code == 2


def test_json_and_plots(tmp_path: Path) -> None:
    reference = save(tmp_path / "reference.json", REFERENCE)
    one = REFERENCE["4j2b_wjets"].contents.copy()
    one[5] = np.nan
    other = save(tmp_path / "other.json", {**REFERENCE, "4j2b_wjets": Histogram(EDGES, one, None)})
    answer = run(other, "--reference", reference, "--json", "--plots", str(tmp_path / "plots"))
    told = json.loads(answer.stdout, parse_constant=lambda word: pytest.fail(f"{word} is no JSON"))
    assert answer.exit_code == 1
    assert told["alike"] is False
    assert told["differing"] == {
        "4j2b_wjets": [
            {
                "kind": "contents",
                "bins": [5, 5],
                "range_gev": [130.0, 150.0],
                "got": ["nan"],
                "expected": [100.0],
                "relative": "inf",
            }
        ]
    }
    assert sorted(told["plots"]) == sorted(str(path) for path in (tmp_path / "plots").iterdir())
    assert len(told["plots"]) == 2


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is not JSON"),
        ("[1]", "holds no object"),
        ("{}", "holds no histograms"),
        ('{"a": {"edges": [0, 1]}}', "a is no histogram"),
        ('{"a": {"edges": [0, 1], "contents": [1]}}', "a: 2 edges want 3 contents"),
        ('{"a": 7}', "a is no histogram"),
        ("\udcff", "is not JSON"),
    ],
)
def test_files_that_hold_something_else_are_refused(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "odd.json").write_text(text, "utf-8", "surrogateescape")
    with pytest.raises(AgcError, match=message) as caught:
        read(tmp_path / "odd.json")
    assert "odd.json" in str(caught.value)

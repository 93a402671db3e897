"""Lists of input files: what is taken, what is chosen, and what is refused where."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from afspec.agc.errors import AgcError
from afspec.agc.run.addresses import Addresses
from afspec.agc.run.filelist import File, load, of_document

if TYPE_CHECKING:
    from pathlib import Path

GOOD = {
    "ttbar": {
        "nominal": {"nevts_total": 5, "files": [{"path": "a.root", "nevts": 2}, {"path": "b.root", "nevts": 3}]},
        "ME_var": {"nevts_total": 7, "files": [{"path": "root://door//c.root", "nevts": 7}]},
    },
    "wjets": {"nominal": {"nevts_total": 0, "files": [{"path": "d.root", "nevts": 0}]}},
}
NAMES = st.text("abc", min_size=1, max_size=3)
SAMPLES = st.builds(
    lambda files: {
        "nevts_total": sum(files.values()),
        "files": [{"path": path, "nevts": events} for path, events in files.items()],
    },
    st.dictionaries(NAMES, st.integers(0, 10**9), min_size=1, max_size=3),
)
DOCUMENTS = st.dictionaries(NAMES, st.dictionaries(NAMES, SAMPLES, min_size=1, max_size=3), min_size=1, max_size=3)


def changed(*place: Any, to: Any) -> Any:
    """The good list with one thing else."""
    document = json.loads(json.dumps(GOOD))
    inner = document
    for part in place[:-1]:
        inner = inner[part]
    inner[place[-1]] = to
    return document


def test_paths_are_relative_to_the_list(tmp_path: Path) -> None:
    (tmp_path / "list.json").write_text(json.dumps(GOOD))
    files = load(tmp_path / "list.json")
    assert files.samples["ttbar", "nominal"] == (File(f"{tmp_path}/a.root", 2), File(f"{tmp_path}/b.root", 3))
    assert files.samples["ttbar", "ME_var"] == (File("root://door//c.root", 7),)
    assert files.events == 12
    assert files.notes == ()


@given(DOCUMENTS)
def test_there_and_back(document: dict[str, Any]) -> None:
    assert of_document(document, "x").document() == document


@pytest.mark.parametrize(
    ("document", "where"),
    [
        ([], "the whole file: a mapping is wanted"),
        ({}, "names no files at all"),
        ({"ttbar": {}}, "names no files at all"),
        (changed("ttbar", to=3), "/ttbar: a mapping is wanted, 3"),
        (changed("ttbar", "nominal", to=[]), "/ttbar/nominal: a mapping is wanted"),
        (changed("ttbar", "nominal", "files", to={}), "/ttbar/nominal/files: a list of files is wanted"),
        (changed("ttbar", "nominal", "files", to=[]), "ttbar nominal has no files"),
        (changed("ttbar", "nominal", "files", 1, to="b.root"), "/ttbar/nominal/files/1: a mapping is wanted"),
        (changed("ttbar", "nominal", "files", 1, "path", to=""), "/ttbar/nominal/files/1/path: an address"),
        (changed("ttbar", "nominal", "files", 1, "path", to=None), "/ttbar/nominal/files/1/path: .* nothing is there"),
        (changed("ttbar", "nominal", "files", 1, "nevts", to=-1), "/files/1/nevts: a number of events is wanted, -1"),
        (changed("ttbar", "nominal", "files", 1, "nevts", to=True), "/files/1/nevts: a number of events"),
        (changed("ttbar", "nominal", "files", 1, "nevts", to=2.0), "/files/1/nevts: a number of events"),
        (changed("ttbar", "nominal", "nevts_total", to="5"), "/ttbar/nominal/nevts_total: a number of events"),
        (changed("ttbar", "nominal", "files", 1, "path", to="./a.root"), "a.root twice, as files 0 and 1"),
    ],
)
def test_what_is_refused(document: Any, where: str, tmp_path: Path) -> None:
    (tmp_path / "list.json").write_text(json.dumps(document))
    with pytest.raises(AgcError, match=where) as refused:
        load(tmp_path / "list.json")
    assert "list.json" in str(refused.value)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", r"list\.json:1:1 is no JSON"),
        ('{"ttbar": {},\n  "wjets" {}}', r"list\.json:2:11 is no JSON"),
        ('{"ttbar": {}, "ttbar": {}}', "'ttbar' is there twice"),
        ("[" * 100_000, "list.json"),
        ("\xff", "not text in UTF-8"),
    ],
)
def test_what_is_no_json(text: str, why: str, tmp_path: Path) -> None:
    (tmp_path / "list.json").write_bytes(text.encode("latin-1"))
    with pytest.raises(AgcError, match=why):
        load(tmp_path / "list.json")


def test_a_list_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(AgcError, match="cannot be read: No such file"):
        load(tmp_path / "list.json")


def test_totals_that_differ_are_told_and_not_used() -> None:
    files = of_document(changed("ttbar", "nominal", "nevts_total", to=6), "x")
    assert files.events == 12
    assert files.notes == ("x: ttbar nominal: nevts_total is 6, its files add up to 5; the files count",)


def test_a_file_in_two_samples_is_told() -> None:
    files = of_document(changed("wjets", "nominal", "files", 0, "path", to="a.root"), "x")
    assert files.notes == ("x: a.root is in ttbar nominal and wjets nominal",)


def test_choosing() -> None:
    files = of_document(GOOD, "x")
    assert list(files.chosen(["wjets"]).samples) == [("wjets", "nominal")]
    assert [len(each) for each in files.chosen(max_files=1).samples.values()] == [1, 1, 1]
    assert files.chosen(max_files=1).events == 9
    assert files.chosen() == files
    with pytest.raises(AgcError, match=r"x has no process 'zjets'\. It has ttbar, wjets"):
        files.chosen(["zjets"])


def test_other_ways_to_the_same_files_have_one_digest() -> None:
    files = of_document(GOOD, "x")
    moved = files.rewritten(Addresses((("root://door//", "/data/"),)))
    assert moved.samples["ttbar", "ME_var"][0].path == "/data/c.root"
    assert moved.digest == files.digest
    assert moved.rewritten(Addresses((("/data/", "/else/"),))).digest == files.digest
    assert of_document(changed("ttbar", "nominal", "files", 1, "nevts", to=4), "x").digest != files.digest
    assert of_document(changed("ttbar", "nominal", "files", 1, "path", to="e"), "x").digest != files.digest


def test_rewriting_two_files_into_one_is_refused() -> None:
    with pytest.raises(AgcError, match=r"x, addresses rewritten: ttbar nominal has Z twice"):
        of_document(GOOD, "x").rewritten(Addresses((("a.root", "Z"), ("b.root", "Z"))))

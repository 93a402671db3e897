"""What is remembered, by what, and what is not trusted."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest
from cluster_files import FILES, charts

from afspec.verify import Compiled, memory, verify
from afspec.verify.check import Finding, Skipped
from afspec.verify.cluster.charts import Charts
from afspec.verify.registry import all_checks
from afspec.verify.tools import Located

if TYPE_CHECKING:
    from pathlib import Path

FOUND = [Finding("a.sh", 2, "what it says", 3), Finding("b.sh", 0, "and more")]
KEY = "0" * 64


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.delenv("AFSPEC_NO_CACHE", raising=False)
    return tmp_path / "afspec/verified"


@pytest.mark.parametrize("found", [[], FOUND])
def test_what_was_found_is_recalled(folder: Path, found: list[Finding]) -> None:
    assert memory.recall(KEY) is None
    memory.remember(KEY, found)
    assert memory.recall(KEY) == found
    assert [path.name for path in folder.iterdir()] == [f"{KEY}.json"]


@pytest.mark.parametrize(
    "damage",
    ["", "{", "[]", "null", '{"found": []}', '{"key": "other", "found": []}', f'{{"key": "{KEY}", "found": [1]}}'],
)
def test_damaged_and_foreign_entries_are_none(folder: Path, damage: str) -> None:
    memory.remember(KEY, [])
    (folder / f"{KEY}.json").write_text(damage)
    assert memory.recall(KEY) is None


def test_folder_that_others_may_write_to_is_not_trusted(folder: Path) -> None:
    memory.remember(KEY, [])
    folder.chmod(0o777)
    assert memory.recall(KEY) is None


def test_nothing_is_remembered_where_nobody_wants_it(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    memory.remember(KEY, [])
    monkeypatch.setenv("AFSPEC_NO_CACHE", "1")
    assert memory.recall(KEY) is None
    memory.remember("1" * 64, [])
    assert len(list(folder.iterdir())) == 1


def test_folder_does_not_grow_for_ever(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "_MOST", 10)
    for number in range(30):
        memory.remember(f"{number:064}", [])
    assert len(list(folder.iterdir())) <= 10
    assert memory.recall(f"{29:064}") == []


@pytest.mark.parametrize("changed", ["checks/dask.py", "probes/jobqueue.py", "probing.py", "bench.py"])
def test_key_changes_with_what_decides_in_our_own_code(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, changed: str
) -> None:
    check = next(check for check in all_checks() if check.name == "dask")
    shutil.copytree(memory._HERE, tmp_path / "verify")
    monkeypatch.setattr(memory, "_HERE", tmp_path / "verify")
    site = Compiled.of_texts("toy", {"dask/dask.yaml": "a: 1\n"})
    keys = set()
    for code in ("", "# changed\n"):
        with (tmp_path / "verify" / changed).open("a") as file:
            file.write(code)
        # Each run of afspec reads its own code once.
        memory._code.cache_clear()
        keys.add(memory.key_of(check, Located({}, "1", "here"), site, ["dask/dask.yaml"]))
    memory._code.cache_clear()
    assert len(keys) == 2


def test_key_changes_with_tool_files_and_check() -> None:
    check = next(check for check in all_checks() if check.name == "condor_submit")
    other = next(check for check in all_checks() if check.name == "condor_config")
    old, new = Located({}, "1", "here"), Located({}, "2", "here")
    site = Compiled.of_texts("toy", {"htcondor/a.sub": "a", "htcondor/run.sh": "b", "docs/index.md": "c"})
    keys = {
        memory.key_of(check, old, site, ["htcondor/a.sub"]),
        memory.key_of(check, new, site, ["htcondor/a.sub"]),
        memory.key_of(other, old, site, ["htcondor/a.sub"]),
        memory.key_of(check, old, Compiled.of_texts("toy", {"htcondor/a.sub": "A"}), ["htcondor/a.sub"]),
    }
    # The script beside it counts, the page does not.
    beside = Compiled.of_texts("toy", {"htcondor/a.sub": "a", "htcondor/run.sh": "B", "docs/index.md": "c"})
    keys.add(memory.key_of(check, old, beside, ["htcondor/a.sub"]))
    assert len(keys) == 5
    page = Compiled.of_texts("toy", {"htcondor/a.sub": "a", "htcondor/run.sh": "b", "docs/index.md": "d"})
    assert memory.key_of(check, old, page, ["htcondor/a.sub"]) in keys


def test_what_was_skipped_is_remembered_too(folder: Path) -> None:
    came: list[Finding | Skipped] = [FOUND[0], Skipped("a chart that is not there")]
    memory.remember(KEY, came)
    assert memory.recall(KEY) == came
    assert folder.is_dir()


def test_key_changes_with_the_charts_for_who_reads_them(tmp_path: Path) -> None:
    first, second = charts(tmp_path / "a"), charts(tmp_path / "b", version="1.2.1")
    tool = Located({}, "1", "here")
    for name, differ in (("charts", True), ("custom-resources", True), ("helm", True), ("references", False)):
        check = next(check for check in all_checks() if check.name == name)
        sites = [Compiled.of_texts("toy", FILES, at) for at in (None, Charts(first), Charts(first), Charts(second))]
        keys = [memory.key_of(check, tool, site, check.files(site)) for site in sites]
        assert keys[1] == keys[2]
        assert len(set(keys)) == (3 if differ else 1)


def test_unchanged_site_is_not_even_parsed(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What costs time, reading YAML and schemas, is not done again for the same files and charts."""
    at = charts(tmp_path / "charts")
    wanted = [check for check in all_checks() if check.rooms and check.name != "helm"]
    first = verify(Compiled.of_texts("toy", FILES, Charts(at)), wanted)
    assert len(list(folder.iterdir())) == len(wanted) == len(first.verdicts)

    def fails(*_: object) -> None:
        raise AssertionError

    for name in ("manifests.documents", "charts.documents", "official.Official", "schemas.validator"):
        monkeypatch.setattr(f"afspec.verify.cluster.{name}", fails)
    again = verify(Compiled.of_texts("toy", FILES, Charts(at)), wanted)
    assert all(verdict.remembered for verdict in again.verdicts)
    assert [verdict.state for verdict in again.verdicts] == [verdict.state for verdict in first.verdicts]


def test_key_changes_with_the_room_that_a_check_is_made_of(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    check = next(check for check in all_checks() if check.name == "references")
    shutil.copytree(memory._HERE, tmp_path / "verify")
    monkeypatch.setattr(memory, "_HERE", tmp_path / "verify")
    site = Compiled.of_texts("toy", FILES)
    keys = set()
    for code in ("", "# changed\n"):
        with (tmp_path / "verify/cluster/links.py").open("a") as file:
            file.write(code)
        memory._code.cache_clear()
        keys.add(memory.key_of(check, Located({}, "1", "here"), site, check.files(site)))
    memory._code.cache_clear()
    assert len(keys) == 2

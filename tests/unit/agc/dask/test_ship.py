"""What is sent to workers, and who is refused."""

from __future__ import annotations

import io
import sys
import tempfile
import threading
import tomllib
import zipfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import afspec
from afspec.agc.errors import ClusterError
from afspec.agc.run.dask import far
from afspec.agc.run.dask.ship import _FILES, NEEDS, PROCESS, Shipped, archive, pickled, refuse, same_python, zipped

REPOSITORY = Path(__file__).parents[4]
PACKAGE = Path(afspec.__path__[0])
FILES = far.contents(PACKAGE)
DIGEST = far.digest_of(FILES)
HERE = f"{sys.version_info[0]}.{sys.version_info[1]}.0.final.0"


def test_the_needs_are_those_of_an_installation() -> None:
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"]
    asked = dict(line.split(">=") for line in (*extras["agc"], *extras["xrootd"]))
    asked["numpy"] = dict(NEEDS)["numpy"]
    # numpy comes with the others.
    for needs in (NEEDS, *_FILES.values()):
        assert {name: asked[name] for name, _ in needs} == dict(needs)


def test_the_analysis_is_sent_and_nothing_else() -> None:
    with zipfile.ZipFile(io.BytesIO(archive(PACKAGE))) as packed:
        names = packed.namelist()
    assert len(names) == len(set(names))
    assert zipped(FILES) == zipped(dict(FILES))
    assert set(names) == {f"afspec/{name}" for name in far.contents(PACKAGE)}
    assert {"afspec/__init__.py", "afspec/agc/ttbar/cpu.py", "afspec/agc/run/work.py"} <= set(names)
    assert all(name == "afspec/__init__.py" or name.startswith("afspec/agc/") for name in names)
    assert not any("__pycache__" in name for name in names)


def _digest(package: Path) -> str:
    return far.digest_of(far.contents(package))


def _package(folder: Path, text: str) -> Path:
    (folder / "agc").mkdir(parents=True)
    (folder / "__init__.py").touch()
    (folder / "agc" / "__init__.py").write_text(text)
    return folder


def test_the_digest_is_that_of_the_files(tmp_path: Path) -> None:
    one, same, other = (_package(tmp_path / name, text) for name, text in (("one", "1"), ("same", "1"), ("other", "2")))
    assert _digest(one) == _digest(same) != _digest(other)
    (same / "agc" / "__pycache__").mkdir()
    (same / "agc" / "__pycache__" / "x.nbi").touch()
    assert _digest(one) == _digest(same)
    (same / "agc" / "more.py").touch()
    assert _digest(one) != _digest(same)
    assert _digest(tmp_path / "none") == ""


def test_it_is_unpacked_once_for_all_workers_of_a_machine(tmp_path: Path) -> None:
    packed, digest = zipped(FILES), DIGEST
    found: list[Path] = []

    def unpack() -> None:
        found.append(far.unpacked(packed, digest, [tmp_path]))

    threads = [threading.Thread(target=unpack) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 4
    assert len(set(found)) == 1
    assert _digest(found[0] / "afspec") == digest
    assert list(tmp_path.iterdir()) == [found[0]]


def test_a_folder_that_somebody_changed_is_not_used(tmp_path: Path) -> None:
    shared, own = tmp_path / "shared", tmp_path / "own"
    shared.mkdir()
    own.mkdir()
    packed, digest = zipped(FILES), DIGEST
    changed = far.unpacked(packed, digest, [shared])
    (changed / "afspec" / "agc" / "tally.py").write_text("")
    assert far.unpacked(packed, digest, [shared, own]).parent == own
    with pytest.raises(OSError, match="arrive changed"):
        far.unpacked(packed, digest, [shared])


def test_a_folder_that_others_may_write_to_is_not_the_user_s_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    folder = far.own_folder()
    assert folder
    assert folder.parent == tmp_path
    folder.chmod(0o777)
    assert far.own_folder() is None
    folder.rmdir()
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir(mode=0o700)
    folder.symlink_to(elsewhere)
    assert far.own_folder() is None


class _Worker:
    local_directory = "nowhere"


def test_a_worker_that_is_a_thread_of_the_client_is_left_as_it_is() -> None:
    """What it has loaded is the client's own, whatever has become of the files since."""
    loaded = sys.modules["afspec"]
    outfit = far.Outfit("outfit", "of other files", b"", NEEDS, origin=PROCESS)
    outfit.setup(_Worker())
    told = outfit.told()
    assert (told["trouble"], told["sent"]) == ("", False)
    assert sys.modules["afspec"] is loaded


def test_a_worker_that_cannot_be_set_up_says_so_and_lives(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    outfit = far.Outfit("outfit", "of other files", b"no archive", NEEDS)
    outfit.setup(_Worker())
    assert outfit.told()["trouble"].startswith("BadZipFile: ")


VERSIONS = st.lists(st.integers(0, 40), min_size=1, max_size=3).map(lambda parts: ".".join(map(str, parts)))


@given(VERSIONS, VERSIONS)
def test_versions_are_compared_as_numbers(has: str, least: str) -> None:
    def padded(version: str) -> list[int]:
        return [*map(int, version.split(".")), 0, 0][:3]

    assert bool(far.lacking({"numba": has}, (("numba", least),))) is (padded(has) < padded(least))


def _versions(**workers: str) -> dict[str, Any]:
    told = {address: {"host": {"python": version}} for address, version in workers.items()}
    return {"workers": told, "scheduler": {"host": {"python": HERE}}}


def test_workers_of_another_python_are_refused() -> None:
    same_python(_versions(good=HERE))
    with pytest.raises(ClusterError, match=r"^1 of 2 Dask workers .*: bad has Python 3\.9 \(here it is 3\.\d+\)\. Use"):
        same_python(_versions(good=HERE, bad="3.9.18.final.0"))


def test_a_scheduler_that_is_too_old_to_read_graphs_is_refused() -> None:
    with pytest.raises(ClusterError, match=r"scheduler runs Python 3\.10, older than 3\.11"):
        same_python({**_versions(good=HERE), "scheduler": {"host": {"python": "3.10.1.final.0"}}})


def test_of_many_that_are_refused_a_few_are_named() -> None:
    with pytest.raises(ClusterError, match=r"^9 of 12 .* a has X; b has X; c has X; and 6 more\. "):
        refuse({name: {"trouble": "X"} for name in "ihgfedcba"}, 12)


def test_workers_that_cannot_reach_the_files_are_refused_before_any_work() -> None:
    poor = {
        "packages": {"fsspec-xrootd": "", "xrootd": "5.9", "aiohttp": "3.14"},
        "python": "3.11",
        "platform": "linux",
    }
    shipped = Shipped("outfit", {"tcp://w1:1": poor})
    shipped.reach(["/data/a.root", "https://eospublic.cern.ch/a.root"])
    with pytest.raises(
        ClusterError, match=r"w1:1 has fsspec-xrootd is missing .*; xrootd 5\.9 \(6 or newer is needed\)"
    ):
        shipped.reach(["/data/a.root", "root://eospublic.cern.ch//a.root"])


def test_an_analysis_that_cannot_travel_is_found_at_once() -> None:
    with pytest.raises(TypeError, match="lock"):
        pickled(threading.Lock())

"""What is compiled is kept, and kept apart: of other sources, and where the package's own folder takes nothing."""

from __future__ import annotations

import pickle
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import afspec
from afspec.agc.kept import digest, kept
from afspec.agc.ttbar.analysis import Ttbar

if TYPE_CHECKING:
    import pytest

# Where Numba would keep what it compiles; nothing is compiled, a second's worth of import is all.
_SHOW = """
from numba import njit
import afspec.agc.ttbar.cpu as cpu
print(njit(cache=True)(cpu.tally_events.py_func)._cache.cache_path)
"""


def cache_of(package: Path, home: Path) -> Path:
    found = subprocess.run(
        [sys.executable, "-c", _SHOW],
        env={"HOME": str(home), "PYTHONPATH": str(package), "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=True,
    )
    return Path(found.stdout.strip())


def test_a_package_that_nobody_may_write_to_is_compiled_into_the_user_s_cache(tmp_path: Path) -> None:
    """As in an image or a site's installation; a file where the folder would be keeps even root from writing."""
    source = Path(afspec.__file__).parent
    package = tmp_path / "site-packages/afspec"
    shutil.copytree(source, package, ignore=shutil.ignore_patterns("__pycache__"))
    home = tmp_path / "home"
    assert cache_of(package.parent, home).is_relative_to(package)
    shutil.rmtree(package / "agc/ttbar/__pycache__", ignore_errors=True)
    (package / "agc/ttbar/__pycache__").write_text("")
    assert cache_of(package.parent, home).is_relative_to(home)


def test_a_change_of_any_source_asks_for_compiling_again(tmp_path: Path) -> None:
    files = [tmp_path / name for name in ("task.py", "event.py", "cpu.py")]
    for file in files:
        file.write_text("LIMIT = 30.0\n")
    before = digest(*files)
    assert digest(*files) == before
    for file in files:
        file.write_text("LIMIT = 31.0\n")
        assert digest(*files) != before
        file.write_text("LIMIT = 30.0\n")


def test_where_nothing_can_be_kept_it_is_compiled_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    """As for a user without a home of their own, in a container."""
    asked = []

    def njit(signature: object, **options: object) -> object:
        def compile_it(function: object) -> object:
            asked.append((signature, options.get("cache", False)))
            if options.get("cache"):
                raise RuntimeError("cannot cache function 'f': no locator available for file 'f.py'")
            return function

        return compile_it

    monkeypatch.setattr("afspec.agc.kept.njit", njit)
    assert kept(len, "a signature") is len
    assert asked == [("a signature", True), ("a signature", False)]


def test_an_analysis_travels_to_workers() -> None:
    for analysis in (Ttbar(), Ttbar(1, systematics=False)):
        assert pickle.loads(pickle.dumps(analysis)) == analysis  # noqa: S301 - of our own making
        assert len(pickle.dumps(analysis)) < 300
    assert len({Ttbar(version, systematics).name for version in (1, 2) for systematics in (True, False)}) == 4

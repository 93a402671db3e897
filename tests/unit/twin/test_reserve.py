"""Two twins that start at the same moment."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from afspec.twin.reserve import reserve

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def twin(tmp_path: Path, name: str) -> Path:
    (tmp_path / name).mkdir()
    return tmp_path / name


def test_no_port_is_promised_twice(tmp_path: Path) -> None:
    first = reserve(twin(tmp_path, "a"), [8000, 8001], free=lambda _: True)
    second = reserve(twin(tmp_path, "b"), [8000, 8001], free=lambda _: True)
    assert first == {8000: 8000, 8001: 8001}
    assert not set(first.values()) & set(second.values())


def test_a_twin_that_is_gone_keeps_nothing(tmp_path: Path) -> None:
    gone = twin(tmp_path, "a")
    reserve(gone, [8000], free=lambda _: True)
    gone.rmdir()
    assert reserve(twin(tmp_path, "b"), [8000], free=lambda _: True) == {8000: 8000}


def test_a_twin_may_choose_its_own_again(tmp_path: Path) -> None:
    folder = twin(tmp_path, "a")
    reserve(folder, [8000], free=lambda _: True)
    assert reserve(folder, [8000], free=lambda _: True) == {8000: 8000}

"""Paths of another root file system."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from afspec.twin.room.tree import resolve


def test_an_absolute_link_stays_inside(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "var").mkdir()
    (tmp_path / "var/run").symlink_to("/run")
    assert resolve(tmp_path, "/var/run/x.pid") == tmp_path / "run/x.pid"


def test_links_of_links(tmp_path: Path) -> None:
    (tmp_path / "a").symlink_to("/b")
    (tmp_path / "b").symlink_to("c/../d")
    (tmp_path / "c").mkdir()
    assert resolve(tmp_path, "/a/e") == tmp_path / "d/e"


def test_a_circle_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "a").symlink_to("b")
    (tmp_path / "b").symlink_to("a")
    with pytest.raises(OSError, match="too many"):
        resolve(tmp_path, "/a")


@given(st.lists(st.sampled_from(["a", "b", "..", ".", "", "link", "up"]), max_size=8))
def test_nothing_leads_outside(parts: list[str]) -> None:
    with TemporaryDirectory() as folder:
        root = Path(folder) / "root"
        root.mkdir()
        (root / "link").symlink_to("/../../etc")
        (root / "up").symlink_to("../../..")
        assert resolve(root, "/" + "/".join(parts)).is_relative_to(root)

"""Pages on disk: old or new, never half, and only in a folder of their own."""

from __future__ import annotations

import dataclasses
import fcntl
import os
from typing import TYPE_CHECKING

import pytest
from unit.report import factory as make
from unit.report import gallery

from afspec.report import place
from afspec.report.html import MARKER, PagesError, SitePages, folder, render, write_pages

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from afspec.report.html import Pages


def of(site: str) -> Pages:
    report = make.report(site)
    return dataclasses.replace(
        gallery.pages(), sites=(SitePages(site, site, site, report),), twins=(), annotations=(), history=()
    )


def names(where: Path) -> set[str]:
    return {str(path.relative_to(where)) for path in where.rglob("*")}


def test_new_pages_take_the_place_of_the_old(tmp_path: Path) -> None:
    out = tmp_path / "deep" / "pages"
    assert write_pages(out, of("slac")) == 3
    assert write_pages(out, of("bnl")) == 3
    assert names(out) == {MARKER, "index.html", "site-bnl.html", "AF-BATCH-001.html"}
    assert names(out.parent) == {"pages", *(f"pages/{name}" for name in names(out))}


def test_files_are_what_was_rendered(tmp_path: Path) -> None:
    out = tmp_path / "pages"
    write_pages(out, gallery.pages())
    for path, text in render(gallery.pages()):
        assert (out / path).read_bytes() == text.encode()


def test_interrupted_writing_leaves_the_old_pages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    out = tmp_path / "pages"
    write_pages(out, of("slac"))
    before = (out / "index.html").read_bytes()

    def interrupted(pages: Pages) -> Iterator[tuple[str, str]]:
        yield next(iter(render(pages)))
        raise KeyboardInterrupt

    monkeypatch.setattr(folder, "render", interrupted)
    with pytest.raises(KeyboardInterrupt):
        write_pages(out, of("bnl"))
    assert (out / "index.html").read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == ["pages"]


def test_what_a_killed_one_left_is_removed(tmp_path: Path) -> None:
    left = tmp_path / ".pages.afspec-new" / "twins"
    left.mkdir(parents=True)
    (left / "index.html").write_text("half")
    write_pages(tmp_path / "pages", of("slac"))
    assert [path.name for path in tmp_path.iterdir()] == ["pages"]
    assert not (tmp_path / "pages" / "twins").exists()


def test_bad_pages_leave_the_old_ones(tmp_path: Path) -> None:
    out = tmp_path / "pages"
    write_pages(out, of("slac"))
    twice = dataclasses.replace(of("slac"), sites=of("slac").sites * 2)
    with pytest.raises(PagesError, match="given twice"):
        write_pages(out, twice)
    assert (out / "site-slac.html").exists()


def test_folder_of_somebody_else_is_refused(tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text("mine")
    with pytest.raises(PagesError, match="files that afspec did not write"):
        write_pages(tmp_path, of("slac"))
    assert names(tmp_path) == {"README.md"}


def test_empty_folder_is_taken(tmp_path: Path) -> None:
    (tmp_path / "pages").mkdir()
    assert write_pages(tmp_path / "pages", of("slac")) == 3


def test_file_and_link_are_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    (tmp_path / "link").symlink_to(tmp_path)
    with pytest.raises(PagesError, match="no folder"):
        write_pages(tmp_path / "file", of("slac"))
    with pytest.raises(PagesError, match="symbolic link"):
        write_pages(tmp_path / "link", of("slac"))


def test_second_writer_is_refused(tmp_path: Path) -> None:
    descriptor = os.open(tmp_path, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        with pytest.raises(PagesError, match="another process"):
            write_pages(tmp_path / "pages", of("slac"))
    finally:
        os.close(descriptor)
    assert list(tmp_path.iterdir()) == []


def test_what_cannot_be_written_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(folder, "put", full)
    with pytest.raises(PagesError, match="No space left on device"):
        write_pages(tmp_path / "pages", of("slac"))


def test_half_a_character_does_not_stop_the_pages(tmp_path: Path) -> None:
    pages = dataclasses.replace(of("slac"), title="a \ud800 b")
    write_pages(tmp_path / "pages", pages)
    assert "a &#55296; b" in (tmp_path / "pages" / "index.html").read_text()


def test_put_exchanges_folders_in_one_step(tmp_path: Path) -> None:
    for name in ("old", "new"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "what").write_text(name)
    place.put(tmp_path / "new", tmp_path / "old")
    assert (tmp_path / "old" / "what").read_text() == "new"
    assert (tmp_path / "new" / "what").read_text() == "old"


def test_put_says_why_it_cannot(tmp_path: Path) -> None:
    (tmp_path / "old").mkdir()
    (tmp_path / "old" / "what").write_text("old")
    with pytest.raises(OSError, match="exchange folders in one step"):
        place.put(tmp_path / "absent", tmp_path / "old")

"""Reading a compiled folder."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from support import codes, refused

from afspec.verify import Compiled

if TYPE_CHECKING:
    from pathlib import Path


def write(folder: Path, files: dict[str, str], **lock: object) -> None:
    for path, text in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text)
    record = {"code": "c", "inputs": "i", "outputs": dict.fromkeys(files, "0")}
    data = {"afspec-lock": 1, "site": "toy", "core": "", "inputs": [], "generators": {"g": record}} | lock
    (folder / "afspec.lock.json").write_text(json.dumps(data))


def test_files_are_those_of_the_lock(tmp_path: Path) -> None:
    write(tmp_path, {"a.sh": "a\n", "b/c.sh": "c\n"})
    (tmp_path / "mine.sh").write_text("(\n")
    site = Compiled.read(tmp_path)
    assert (site.site, site.contents) == ("toy", {"a.sh": b"a\n", "b/c.sh": b"c\n"})
    assert site.like("*.sh") == ["a.sh", "b/c.sh"]
    assert site.shown("a.sh") == f"{tmp_path}/a.sh"


def test_missing_files_are_named(tmp_path: Path) -> None:
    write(tmp_path, {"a.sh": "a\n", "b.sh": "b\n"})
    (tmp_path / "a.sh").unlink()
    site = Compiled.read(tmp_path)
    assert (site.missing, list(site.contents)) == (("a.sh",), ["b.sh"])


def test_folder_that_was_not_compiled(tmp_path: Path) -> None:
    assert codes(refused(lambda: Compiled.read(tmp_path))) == ["AF5001"]
    assert codes(refused(lambda: Compiled.read(tmp_path / "none"))) == ["AF5001"]


def test_lock_that_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "afspec.lock.json").write_bytes(b"\xff")
    assert codes(refused(lambda: Compiled.read(tmp_path))) == ["AF4009"]
    write(tmp_path, {}, generators={"g": {"code": "", "inputs": "", "outputs": {"../../etc/passwd": ""}}})
    assert codes(refused(lambda: Compiled.read(tmp_path))) == ["AF4009"]


def test_digest_is_of_names_and_contents() -> None:
    digests = {
        Compiled.of_texts("toy", files).digest(sorted(files))
        for files in ({"a": "1"}, {"b": "1"}, {"a": "2"}, {"a": "1", "b": ""}, {})
    }
    assert len(digests) == 5

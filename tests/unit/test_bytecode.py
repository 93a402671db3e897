"""Compiled templates in the cache folder: a help where it is safe, and never in the way."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from afspec.generators import Format
from afspec.generators.bytecode import bytecode_cache
from afspec.generators.templates import environment

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache folder of one's own, and templates that no other test has compiled."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.delenv("AFSPEC_NO_CACHE", raising=False)
    (tmp_path / "templates").mkdir()
    (tmp_path / "templates/t.j2").write_text("value={{ value }}\n")
    return tmp_path


def rendered(home: Path) -> str:
    environment.cache_clear()
    return environment(str(home / "templates"), Format.INI).get_template("t.j2").render(value="x")


def entries(home: Path) -> list[Path]:
    return sorted((home / "cache").rglob("*.cache"))


def test_is_made_and_used(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert rendered(home) == "value=x\n"
    (entry,) = entries(home)
    assert entry.parent.stat().st_mode & 0o077 == 0
    monkeypatch.setattr("jinja2.environment.Environment._generate", None)  # compiling would fail now
    assert rendered(home) == "value=x\n"


def test_a_changed_template_is_compiled_anew(home: Path) -> None:
    rendered(home)
    (home / "templates/t.j2").write_text("other={{ value }}\n")
    assert rendered(home) == "other=x\n"


@pytest.mark.parametrize("damage", [b"", b"j2", None])
def test_damaged_entries_are_compiled_anew(home: Path, damage: bytes | None) -> None:
    rendered(home)
    (entry,) = entries(home)
    whole = entry.read_bytes()
    for data in [damage] if damage is not None else [whole[:end] for end in range(len(whole))]:
        entry.write_bytes(data)
        assert rendered(home) == "value=x\n"


def test_a_folder_that_others_can_write_is_not_used(home: Path) -> None:
    (home / "cache/afspec").mkdir(parents=True)
    (home / "cache/afspec").chmod(0o777)
    assert bytecode_cache(Format.INI) is None
    assert rendered(home) == "value=x\n"


def test_a_link_is_not_followed(home: Path) -> None:
    (home / "elsewhere").mkdir(mode=0o700)
    (home / "cache").mkdir()
    (home / "cache/afspec").symlink_to(home / "elsewhere")
    assert bytecode_cache(Format.INI) is None


@pytest.mark.parametrize(("name", "value"), [("AFSPEC_NO_CACHE", "1"), ("XDG_CACHE_HOME", "/dev/null/none")])
def test_without_a_folder_all_works(home: Path, monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(name, value)
    assert bytecode_cache(Format.INI) is None
    assert rendered(home) == "value=x\n"
    assert entries(home) == []

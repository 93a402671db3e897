"""Writing: nothing outside the folder is touched, nobody's file is lost, and whatever kills it can be made good."""

from __future__ import annotations

import errno
import json
import os
import stat
from typing import TYPE_CHECKING, Any

import pytest
from support import Workshop, codes, refused, text_file

from afspec.compiler import Action
from afspec.compiler.lock import LOCK_NAME
from afspec.compiler.writer import JOURNAL_NAME, OutputFolder
from afspec.diagnostics import AfspecError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workshop:
    return Workshop(tmp_path, monkeypatch)


def outputs(shop: Workshop) -> dict[str, str]:
    return {path: text for path, text in shop.files().items() if path != LOCK_NAME}


def test_files_are_written_and_the_lock_lists_them(shop: Workshop) -> None:
    shop.give(text_file("a.txt"), text_file("b/c/d.sh", "#!/bin/sh\n", executable=True))
    outcome = shop.compile()
    assert outputs(shop) == {"a.txt": "text\n", "b/c/d.sh": "#!/bin/sh\n"}
    assert outcome.changes is not None
    assert outcome.changes.new == ("a.txt", "b/c/d.sh")
    lock = json.loads((shop.site / LOCK_NAME).read_text())
    assert set(lock["generators"]["toy"]["outputs"]) == {"a.txt", "b/c/d.sh"}
    assert stat.S_IMODE((shop.site / "b/c/d.sh").stat().st_mode) & stat.S_IXUSR
    assert not stat.S_IMODE((shop.site / "a.txt").stat().st_mode) & stat.S_IXUSR


def test_unchanged_files_are_left_alone(shop: Workshop) -> None:
    shop.give(text_file("a.txt"), text_file("b.txt"))
    shop.compile()

    def state() -> dict[str, tuple[int, int]]:
        return {name: (s.st_ino, s.st_mtime_ns) for name in shop.files() for s in [(shop.site / name).stat()]}

    before = state()
    assert not shop.compile().differs
    assert state() == before
    shop.give(text_file("a.txt"), text_file("b.txt", "other\n"))
    shop.compile()
    after = state()
    assert after["a.txt"] == before["a.txt"]
    assert after["b.txt"] != before["b.txt"]


def test_outputs_that_are_gone_are_removed_with_their_folders(shop: Workshop) -> None:
    shop.give(text_file("a.txt"), text_file("b/c/d.txt"), text_file("b/e/f.txt"), text_file("g/h.txt"))
    shop.compile()
    (shop.site / "b/c/mine.txt").write_text("mine\n")
    shop.give(text_file("a.txt"))
    outcome = shop.compile()
    assert outcome.changes is not None
    assert outcome.changes.removed == ("b/c/d.txt", "b/e/f.txt", "g/h.txt")
    assert outputs(shop) == {"a.txt": "text\n", "b/c/mine.txt": "mine\n"}
    assert not (shop.site / "b/e").exists()
    assert not (shop.site / "g").exists()


def test_output_that_was_removed_by_hand_may_go(shop: Workshop) -> None:
    shop.give(text_file("a.txt"), text_file("b/c.txt"))
    shop.compile()
    (shop.site / "b/c.txt").unlink()
    (shop.site / "b").rmdir()
    shop.give(text_file("a.txt"))
    shop.compile()
    assert outputs(shop) == {"a.txt": "text\n"}


def test_foreign_files_are_kept(shop: Workshop) -> None:
    shop.compile()
    (shop.site / "notes.txt").write_text("mine\n")
    shop.give(text_file("z.txt"))
    shop.compile()
    assert outputs(shop) == {"notes.txt": "mine\n", "z.txt": "text\n"}


@pytest.mark.parametrize(
    ("prepare", "code"),
    [
        pytest.param(lambda shop: shop.site.mkdir(parents=True), "AF4006", id="foreign"),
        pytest.param(lambda shop: shop.compile(), "AF4007", id="edited"),
    ],
)
def test_persons_file_is_overwritten_only_by_force(
    shop: Workshop, prepare: Callable[[Workshop], object], code: str
) -> None:
    shop.give(text_file("a.txt"), text_file("b.txt"))
    prepare(shop)
    for name in ("a.txt", "b.txt"):
        (shop.site / name).write_text(f"mine {name}\n")
    before = shop.files()
    found = refused(shop.compile)
    assert [(d.code, d.place) for d in found] == [(code, str(shop.site / name)) for name in ("a.txt", "b.txt")]
    assert shop.files() == before
    shop.compile(force=True)
    assert outputs(shop) == {"a.txt": "text\n", "b.txt": "text\n"}
    assert not shop.compile().differs


def test_edited_output_that_is_no_longer_generated(shop: Workshop) -> None:
    shop.give(text_file("a.txt"), text_file("b.txt"))
    shop.compile()
    (shop.site / "b.txt").write_text("mine\n")
    shop.give(text_file("a.txt"))
    assert codes(refused(shop.compile)) == ["AF4007"]
    shop.compile(force=True)
    assert outputs(shop) == {"a.txt": "text\n"}


def test_foreign_file_with_the_right_text_is_adopted(shop: Workshop) -> None:
    shop.site.mkdir(parents=True)
    (shop.site / "a.txt").write_text("text\n")
    shop.compile()
    assert not shop.compile().differs


def link_file(shop: Workshop, outside: Path) -> None:
    (shop.site / "sub").mkdir(parents=True)
    (shop.site / "sub/a.txt").symlink_to(outside / "file")


def link_folder(shop: Workshop, outside: Path) -> None:
    shop.site.mkdir(parents=True)
    (shop.site / "sub").symlink_to(outside)


def link_site(shop: Workshop, outside: Path) -> None:
    shop.output.mkdir()
    shop.site.symlink_to(outside)


def link_lock(shop: Workshop, outside: Path) -> None:
    shop.site.mkdir(parents=True)
    (shop.site / LOCK_NAME).symlink_to(outside / "file")


def link_journal(shop: Workshop, outside: Path) -> None:
    shop.site.mkdir(parents=True)
    (shop.site / JOURNAL_NAME).symlink_to(outside / "file")


@pytest.mark.parametrize("action", list(Action))
@pytest.mark.parametrize("force", [False, True])
@pytest.mark.parametrize("link", [link_file, link_folder, link_site, link_lock, link_journal])
def test_no_link_is_followed(
    shop: Workshop,
    link: Callable[[Workshop, Path], None],
    force: bool,  # noqa: FBT001
    action: Action,
) -> None:
    outside = shop.folder / "outside"
    outside.mkdir()
    (outside / "file").write_text("precious\n")
    shop.give(text_file("sub/a.txt"), text_file("sub/b.txt"))
    link(shop, outside)
    assert codes(refused(lambda: shop.compile(force=force, action=action))) == ["AF4005"]
    assert [(path.name, path.read_text()) for path in outside.iterdir()] == [("file", "precious\n")]


def test_link_that_dangles(shop: Workshop) -> None:
    shop.site.mkdir(parents=True)
    (shop.site / "a.txt").symlink_to(shop.folder / "nowhere")
    assert codes(refused(shop.compile)) == ["AF4005"]
    assert not (shop.folder / "nowhere").exists()


def test_link_above_the_site_is_the_users_own_choice(shop: Workshop) -> None:
    (shop.folder / "elsewhere").mkdir()
    shop.output.symlink_to(shop.folder / "elsewhere")
    shop.compile()
    assert (shop.folder / "elsewhere/toy/a.txt").read_text() == "text\n"


def make_folder(shop: Workshop) -> None:
    (shop.site / "sub/a.txt").mkdir(parents=True)


def make_pipe(shop: Workshop) -> None:
    (shop.site / "sub").mkdir(parents=True)
    os.mkfifo(shop.site / "sub/a.txt")


def make_file_for_folder(shop: Workshop) -> None:
    shop.site.mkdir(parents=True)
    (shop.site / "sub").write_text("mine\n")


def make_file_for_site(shop: Workshop) -> None:
    shop.output.mkdir()
    shop.site.write_text("mine\n")


@pytest.mark.parametrize("obstacle", [make_folder, make_pipe, make_file_for_folder, make_file_for_site])
@pytest.mark.parametrize("force", [False, True])
def test_what_is_in_the_way_is_left_there(
    shop: Workshop,
    obstacle: Callable[[Workshop], None],
    force: bool,  # noqa: FBT001
) -> None:
    shop.give(text_file("sub/a.txt"))
    obstacle(shop)
    [found] = refused(lambda: shop.compile(force=force))
    assert found.code == "AF4008"
    assert "symbolic link" not in found.message
    assert found.place.startswith(str(shop.site))


def test_output_where_no_folder_can_be_made(shop: Workshop) -> None:
    shop.output = type(shop.output)("/proc/afspec")
    [found] = refused(shop.compile)
    assert (found.code, found.place) == ("AF4008", "/proc/afspec/toy")


@pytest.mark.parametrize("number", [errno.EACCES, errno.EROFS, errno.ENOSPC, errno.EDQUOT])
@pytest.mark.parametrize("call", ["mkdir", "rename", "unlink", "rmdir", "open"])
def test_system_that_refuses(shop: Workshop, monkeypatch: pytest.MonkeyPatch, call: str, number: int) -> None:
    shop.give(text_file("a.txt"), text_file("b/c.txt"))
    shop.compile()
    shop.give(text_file("a.txt", "new\n"), text_file("d/e.txt"))
    before = shop.files()
    original = getattr(os, call)

    def refusing(*args: Any, **named: Any) -> Any:
        if call == "open" and not args[1] & os.O_CREAT:
            return original(*args, **named)
        raise OSError(number, os.strerror(number))

    with monkeypatch.context() as patch:
        patch.setattr(os, call, refusing)
        if call == "rmdir":
            shop.compile()  # an empty folder that stays is no error
        else:
            [found] = refused(shop.compile)
            assert found.code == "AF4008"
            assert os.strerror(number) in found.message
    assert not [name for name in shop.files() if "afspec-new" in name]
    assert {name for name in before if name not in shop.files()} <= {"b/c.txt"}
    shop.compile()
    assert outputs(shop) == {"a.txt": "new\n", "d/e.txt": "text\n"}


def test_second_compiler_is_refused_while_the_first_writes(shop: Workshop) -> None:
    shop.compile()
    shop.give(text_file("a.txt", "new\n"))
    with OutputFolder(str(shop.site)):
        [found] = refused(shop.compile)
        assert found.code == "AF4008"
        assert "another afspec" in found.message
        assert outputs(shop) == {"a.txt": "text\n"}
        assert shop.compile(action=Action.CHECK).differs  # looking needs no lock
    shop.compile()
    assert outputs(shop) == {"a.txt": "new\n"}


def test_folder_is_free_after_a_failure(shop: Workshop) -> None:
    shop.site.mkdir(parents=True)
    (shop.site / "a.txt").write_text("mine\n")
    for _ in range(2):
        assert codes(refused(shop.compile)) == ["AF4006"]


LOCKS = ["", "{", "[]", "null", "5", '{"afspec-lock": 99}', '{"afspec-lock": 1}', "\x00", "[" * 100_000]
LOCKS += ['{"afspec-lock": 1, "site": "a", "core": "b", "inputs": [1], "generators": {}}']
LOCKS += ['{"afspec-lock": 1, "site": "a", "core": "b", "inputs": [], "generators": {"toy": {"outputs": []}}}']


@pytest.mark.parametrize("text", LOCKS, ids=range(len(LOCKS)))
def test_lock_that_cannot_be_read(shop: Workshop, text: str) -> None:
    shop.compile()
    (shop.site / LOCK_NAME).write_text(text)
    [found] = refused(shop.compile)
    assert (found.code, found.place) == ("AF4009", str(shop.site / LOCK_NAME))
    shop.compile(force=True)
    assert not shop.compile().differs


ESCAPES = ["../victim", "a/../../victim", "/{}/victim", "", ".", "..", "a//b", "a\0b"]


@pytest.mark.parametrize("path", ESCAPES)
def test_lock_or_journal_cannot_lead_outside(shop: Workshop, path: str) -> None:
    shop.give(text_file("a.txt"), text_file("gone.txt"))
    shop.compile()
    victim = shop.output / "victim"
    victim.write_text("text\n")
    path = path.format(shop.output)
    lock = json.loads((shop.site / LOCK_NAME).read_text())
    written = lock["generators"]["toy"]["outputs"]
    written[path] = written["gone.txt"]
    (shop.site / JOURNAL_NAME).write_text(json.dumps({path: [written["gone.txt"]], "gone.txt": []}))
    shop.give(text_file("a.txt"))
    (shop.site / LOCK_NAME).write_text(json.dumps(lock))
    assert codes(refused(shop.compile)) == ["AF4009"]
    shop.compile(force=True)
    assert victim.read_text() == "text\n"
    assert outputs(shop) == {"a.txt": "text\n"}


@pytest.mark.parametrize("text", ["", "{", "[]", "null", '{"a.txt": 5}', '{"a.txt": null}', "[" * 100_000, "\xff"])
def test_journal_that_cannot_be_read_tells_nothing(shop: Workshop, text: str) -> None:
    shop.compile()
    (shop.site / JOURNAL_NAME).write_text(text, encoding="latin-1")
    shop.compile()
    assert outputs(shop) == {"a.txt": "text\n"}


class KilledError(BaseException):
    """Stands for a signal that no handler sees."""


class Killer:
    """Lets `steps` changes to the disk happen, and none after that, as if the process had been killed.

    Code that cleans up after an exception is stopped as well: a killed process cleans up nothing.
    """

    def __init__(self, patch: pytest.MonkeyPatch, steps: int) -> None:
        self.left = steps
        self.dead = False
        for name in ("mkdir", "rename", "unlink", "rmdir", "makedirs", "fdopen", "open"):
            patch.setattr(os, name, self.guard(name, getattr(os, name)))

    def guard(self, name: str, original: Callable[..., Any]) -> Callable[..., Any]:
        def guarded(*args: Any, **named: Any) -> Any:
            changes = name not in {"open", "fdopen"}
            changes |= name == "open" and bool(args[1] & os.O_CREAT)
            changes |= name == "fdopen" and args[1] == "wb"
            if changes:
                self.dead |= self.left <= 0
                self.left -= 1
                if self.dead:
                    raise KilledError
            return original(*args, **named)

        return guarded


def killed_after(shop: Workshop, steps: int) -> bool:
    """Compile, killed after some steps; whether it was."""
    with pytest.MonkeyPatch.context() as patch:
        killer = Killer(patch, steps)
        try:
            shop.compile()
        except KilledError:
            return True
        return killer.dead


OLD = [text_file("a.txt", "old\n"), text_file("b/c.txt", "old\n"), text_file("b/same.txt"), text_file("gone/x.txt")]
NEW = [text_file("a.txt", "new\n"), text_file("b/c.txt", "new\n"), text_file("b/same.txt"), text_file("made/y.txt")]
NEXT = [text_file("a.txt", "next\n"), text_file("b/c.txt", "next\n"), text_file("z/y.txt"), text_file("made/y.txt")]
STEPS = 30


def fresh(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, files: list[Any]) -> dict[str, str]:
    """What a compile into an empty folder gives."""
    (tmp_path / "fresh").mkdir()
    other = Workshop(tmp_path / "fresh", monkeypatch)
    other.give(*files)
    other.compile()
    return other.files()


def folders(shop: Workshop) -> set[str]:
    return {os.path.relpath(folder, shop.site) for folder, _, _ in os.walk(shop.site)}


def test_there_are_no_more_steps_than_are_tried(shop: Workshop) -> None:
    shop.give(*OLD)
    shop.compile()
    shop.give(*NEW)
    assert not killed_after(shop, STEPS)


@pytest.mark.parametrize("goal", [NEW, OLD, NEXT], ids=["goes on", "goes back", "goes elsewhere"])
@pytest.mark.parametrize("start", [OLD, []], ids=["over an old tree", "into nothing"])
@pytest.mark.parametrize("steps", range(STEPS))
def test_killed_at_any_step(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, steps: int, start: list[Any], goal: list[Any]
) -> None:
    expected = fresh(tmp_path, monkeypatch, goal)
    shop = Workshop(tmp_path, monkeypatch)
    if start:
        shop.give(*start)
        shop.compile()
    before = shop.files()
    shop.give(*NEW)
    killed = killed_after(shop, steps)
    old, new = {a.path: a.text for a in start}, {a.path: a.text for a in NEW}
    for path, text in outputs(shop).items():
        if not path.startswith(".afspec.journal") and not path.endswith("-new"):
            assert text in {old.get(path), new.get(path)}, path
    if killed and shop.files() != before:
        assert shop.compile(action=Action.CHECK).differs
    shop.give(*goal)
    shop.compile()
    assert shop.files() == expected
    assert folders(shop) == {".", *(a.path.rpartition("/")[0] or "." for a in goal)}
    assert not shop.compile(action=Action.CHECK).differs


@pytest.mark.parametrize("second", range(2, STEPS, 3))
@pytest.mark.parametrize("first", range(2, STEPS, 3))
def test_killed_twice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, first: int, second: int) -> None:
    expected = fresh(tmp_path, monkeypatch, OLD)
    shop = Workshop(tmp_path, monkeypatch)
    shop.give(*OLD)
    shop.compile()
    for files, steps in ((NEW, first), (NEXT, second)):
        shop.give(*files)
        killed_after(shop, steps)
    shop.give(*OLD)
    shop.compile()
    assert shop.files() == expected


def test_edit_after_a_kill_is_still_the_persons(shop: Workshop) -> None:
    shop.give(*OLD)
    shop.compile()
    shop.give(*NEW)
    assert killed_after(shop, 8)
    (shop.site / "a.txt").write_text("mine\n")
    assert codes(refused(shop.compile)) == ["AF4007"]
    assert (shop.site / "a.txt").read_text() == "mine\n"


def test_interrupt_leaves_no_half_written_copy(shop: Workshop, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(os, "rename", lambda *_, **__: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            shop.compile()
    assert shop.files() == {}


@pytest.mark.parametrize("steps", range(12))
def test_part_after_a_kill_leaves_the_rest_to_the_whole(shop: Workshop, steps: int) -> None:
    shop.give(name="one", *[text_file("a.txt", "old\n")], two=[text_file("b.txt", "old\n")])  # noqa: B026
    shop.compile()
    shop.give(name="one", *[text_file("a.txt", "new\n")], two=[text_file("b.txt", "new\n")])  # noqa: B026
    killed_after(shop, steps)
    shop.compile("one")
    assert outputs(shop)["a.txt"] == "new\n"
    shop.compile()
    assert outputs(shop) == {"a.txt": "new\n", "b.txt": "new\n"}


def test_error_is_no_os_error(shop: Workshop) -> None:
    (shop.folder / "build").write_text("a file\n")
    with pytest.raises(AfspecError):
        shop.compile()

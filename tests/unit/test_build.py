"""Compiling a site: what is written, compared, shown, or found to need no work at all."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from support import AS_OF, HEAD, Toy, Workshop, codes, refused, text_file

from afspec.compiler import Action, Frontend, look_up, render_site, unchanged
from afspec.compiler import build as build_module
from afspec.compiler.lock import LOCK_NAME, Input, Lock, Record, digest_inputs, parse_lock
from afspec.compiler.lookup import PACKAGED
from afspec.compiler.toolchain import core_digest, generator_digest
from afspec.compiler.writer import JOURNAL_NAME
from afspec.generators import Format, Generator

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workshop:
    return Workshop(tmp_path, monkeypatch)


def lock_of(shop: Workshop) -> Lock:
    return parse_lock((shop.site / LOCK_NAME).read_text(), "lock")


def test_unknown_generator_with_the_nearest_name(shop: Workshop) -> None:
    [found] = refused(lambda: shop.compile("tou"))
    assert (found.code, "`toy`" in found.hint) == ("AF4011", True)
    [found] = refused(lambda: shop.compile("xyzzy"))
    assert "There are: toy." in found.hint
    assert not shop.output.exists()


def test_part_keeps_the_records_of_the_rest(shop: Workshop) -> None:
    shop.give(text_file("a.txt"), name="one", two=[text_file("b.txt")])
    shop.compile()
    before = lock_of(shop)
    shop.give(text_file("a2.txt"), name="one", two=[text_file("b2.txt")])
    outcome = shop.compile("one")
    assert outcome.outputs == 1
    assert set(shop.files()) == {"a2.txt", "b.txt", LOCK_NAME}
    after = lock_of(shop)
    assert after.generators["two"] == before.generators["two"]
    assert set(after.generators["one"].outputs) == {"a2.txt"}


def test_part_of_another_state_is_named_until_the_whole_is_compiled(shop: Workshop) -> None:
    shop.give(text_file("a.txt"), name="one", two=[text_file("b.txt")])
    shop.compile()
    shop.spec.write_text(HEAD + "label: X\n")
    assert shop.compile("one").stale == ("two",)
    outcome = shop.compile("one", action=Action.CHECK)
    assert outcome.stale == ("two",)
    assert "two: of another state of the spec" in outcome.describe(Action.CHECK)
    shop.compile()
    assert not shop.compile(action=Action.CHECK).differs


def test_generator_that_exists_no_more_loses_its_files(shop: Workshop) -> None:
    shop.give(text_file("a.txt"), name="one", two=[text_file("b/b.txt")])
    shop.compile()
    shop.give(text_file("a.txt"), name="one")
    shop.compile()
    assert set(shop.files()) == {"a.txt", LOCK_NAME}
    assert set(lock_of(shop).generators) == {"one"}


def test_file_that_moves_to_another_generator_stays(shop: Workshop) -> None:
    shop.give(text_file("a.txt"), text_file("m.txt"), name="one", two=[text_file("b.txt")])
    shop.compile()
    shop.give(text_file("a.txt"), name="one", two=[text_file("b.txt"), text_file("m.txt", "new\n")])
    shop.compile()
    assert shop.files()["m.txt"] == "new\n"
    assert not shop.compile(action=Action.CHECK).differs


def differing_tree(shop: Workshop) -> None:
    shop.give(*(text_file(f"{name}.txt") for name in ("changed", "edited", "removed", "same")))
    shop.compile()
    (shop.site / "edited.txt").write_text("mine\n")
    (shop.site / "foreign.txt").write_text("mine\n")
    names = ("changed", "edited", "foreign", "new")
    shop.give(text_file("same.txt"), *(text_file(f"{name}.txt", "other\n") for name in names))


def test_check_names_each_difference_and_writes_nothing(shop: Workshop) -> None:
    differing_tree(shop)
    before = shop.files()
    outcome = shop.compile(action=Action.CHECK)
    assert outcome.differs
    said = outcome.describe(Action.CHECK)
    for name, why in {
        "new": "missing",
        "changed": "differs",
        "edited": "edited by hand",
        "foreign": "not afspec's",
        "removed": "no longer generated",
    }.items():
        assert f"  {name}.txt: {why}\n" in said + "\n"
    assert "same.txt" not in said
    assert shop.files() == before
    assert outcome.summary() == {
        "site": "toy", "folder": str(shop.site), "outputs": 5, "new": ["new.txt"], "changed": ["changed.txt"],
        "removed": ["removed.txt"], "edited": ["edited.txt"], "foreign": ["foreign.txt"],
        "stale": [LOCK_NAME], "warnings": 0,
    }  # fmt: skip


def test_diff_shows_each_difference_and_writes_nothing(shop: Workshop) -> None:
    differing_tree(shop)
    before = shop.files()
    said = shop.compile(action=Action.DIFF).describe(Action.DIFF)
    assert "--- a/changed.txt\n+++ b/changed.txt\n@@ -1 +1 @@\n-text\n+other" in said
    assert "--- a/edited.txt\n+++ b/edited.txt\n@@ -1 +1 @@\n-mine\n+other" in said
    assert "@@ -0,0 +1 @@\n+other" in said
    assert "--- a/removed.txt\n+++ b/removed.txt\n@@ -1 +0,0 @@\n-text" in said
    assert "same.txt" not in said
    assert shop.files() == before


@pytest.mark.parametrize("action", [Action.CHECK, Action.DIFF])
def test_looking_makes_no_folder(shop: Workshop, action: Action) -> None:
    outcome = shop.compile(action=action)
    assert outcome.differs
    assert not shop.output.exists()
    assert "a.txt" in outcome.describe(action)


@pytest.mark.parametrize("action", list(Action))
def test_looking_at_what_is_current(shop: Workshop, action: Action) -> None:
    shop.compile()
    outcome = shop.compile(action=action)
    assert not outcome.differs
    assert "changes" in outcome.describe(action) or "unchanged" in outcome.describe(action)


def test_check_names_an_interrupted_run(shop: Workshop) -> None:
    shop.compile()
    (shop.site / JOURNAL_NAME).write_text("{}")
    assert shop.compile(action=Action.CHECK).stale == (JOURNAL_NAME,)


def test_check_names_a_lock_of_other_inputs(shop: Workshop) -> None:
    shop.compile()
    shop.spec.write_text(HEAD + "# a comment\n")
    assert shop.compile(action=Action.CHECK).stale == (LOCK_NAME,)


def test_what_was_done_is_said(shop: Workshop) -> None:
    assert shop.compile().describe(Action.WRITE) == f"{shop.site}: 1 file: 1 new"
    assert shop.compile().describe(Action.WRITE) == f"{shop.site}: 1 file, unchanged"
    shop.give(text_file("b.txt"))
    assert shop.compile().describe(Action.WRITE) == f"{shop.site}: 1 file: 1 new, 1 removed"


def test_unchanged_site_is_not_even_parsed(shop: Workshop, monkeypatch: pytest.MonkeyPatch) -> None:
    assert unchanged(shop.request()) is None
    shop.compile()

    def forbidden(*_: object) -> None:
        raise AssertionError("an unchanged site was parsed")

    for name in ("afspec.source.load.parse", "afspec.compiler.build.render_site"):
        monkeypatch.setattr(name, forbidden)
    outcome = unchanged(shop.request())
    assert outcome is not None
    assert (outcome.name, outcome.folder, outcome.outputs, outcome.differs) == ("toy", str(shop.site), 1, False)


def with_base(shop: Workshop) -> None:
    (shop.folder / "base").mkdir()
    (shop.folder / "base/b.yaml").write_text("label: X\n")
    shop.spec.write_text(HEAD + "extends: base/b.yaml\n")


def link(shop: Workshop) -> None:
    (shop.site / "a.txt").rename(shop.folder / "t")
    (shop.site / "a.txt").symlink_to(shop.folder / "t")


CHANGES: dict[str, Callable[[Workshop], object]] = {
    "spec": lambda shop: shop.spec.write_text(shop.spec.read_text() + "# more\n"),
    "name": lambda shop: shop.spec.write_text(shop.spec.read_text().replace("name: toy", "name: joy")),
    "base": lambda shop: (shop.folder / "base/b.yaml").write_text("label: Y\n"),
    "base removed": lambda shop: (shop.folder / "base/b.yaml").unlink(),
    "output": lambda shop: (shop.site / "a.txt").write_text("mine\n"),
    "output removed": lambda shop: (shop.site / "a.txt").unlink(),
    "output a link": link,
    "generator": lambda shop: shop.digests.update(toy="other"),
    "new generator": lambda shop: shop.digests.update(other="digest"),
    "generator removed": lambda shop: shop.digests.clear(),
    "journal": lambda shop: (shop.site / JOURNAL_NAME).write_text("{}"),
    "lock removed": lambda shop: (shop.site / LOCK_NAME).unlink(),
    "lock broken": lambda shop: (shop.site / LOCK_NAME).write_text("{"),
    "spec removed": lambda shop: shop.spec.unlink(),
    "spec renamed": lambda shop: setattr(shop, "spec", shop.spec.rename(shop.folder / "other.yaml")),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_change_is_noticed(shop: Workshop, change: Callable[[Workshop], object]) -> None:
    with_base(shop)
    shop.compile()
    assert unchanged(shop.request()) is not None
    change(shop)
    assert unchanged(shop.request()) is None


def test_change_of_afspec_itself_is_noticed(shop: Workshop, monkeypatch: pytest.MonkeyPatch) -> None:
    shop.compile()
    monkeypatch.setattr(build_module, "core_digest", lambda: "other")
    assert unchanged(shop.request()) is None


def test_checkout_may_be_anywhere(shop: Workshop, monkeypatch: pytest.MonkeyPatch) -> None:
    with_base(shop)
    shop.compile()
    moved = shop.folder / "moved"
    moved.mkdir()
    for name in ("toy.yaml", "base", "build"):
        (shop.folder / name).rename(moved / name)
    monkeypatch.chdir(moved)
    shop.spec, shop.output = moved.relative_to(moved) / "toy.yaml", moved.relative_to(moved) / "build"
    assert unchanged(shop.request()) is not None


@pytest.mark.parametrize(
    "text",
    ["", "title: no name\n", "name: [x]\n", "name: ../x\n", "  name: indented\n", "\xff", "name: " + "x" * 300],
)
def test_guess_that_fails_is_left_to_the_slow_path(shop: Workshop, text: str) -> None:
    shop.compile()
    shop.spec.write_text(text, encoding="latin-1")
    assert unchanged(shop.request()) is None


def test_lock_comes_back() -> None:
    inputs = (Input("a.yaml", "1"), Input("../base/b.yaml", "2"))
    lock = Lock("toy", "core", inputs, {"g": Record("c", digest_inputs(inputs), {"b": "2", "a": "1"})})
    assert parse_lock(lock.dump(), "lock") == lock
    assert lock.outputs == {"a": "1", "b": "2"}
    assert digest_inputs(inputs) != digest_inputs(inputs[::-1])


class Copied(Generator):
    """Exists to have a folder."""

    name = "copied"
    applies = Toy.applies
    render = Toy.render


def test_digest_of_a_generator_is_that_of_its_code_and_templates(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "templates").mkdir()
    monkeypatch.setattr("afspec.compiler.toolchain.inspect.getfile", lambda _: str(tmp_path / "__init__.py"))
    seen = []
    for name, text in (("__init__.py", "1"), ("__init__.py", "2"), ("templates/a.j2", "1"), ("templates/b.j2", "1")):
        (tmp_path / name).write_text(text)
        generator_digest.cache_clear()
        seen.append(generator_digest(Copied))
    (tmp_path / "README.md").write_text("not code")
    (tmp_path / "__pycache__").mkdir()
    (tmp_path / "__pycache__/x.py").write_text("not code")
    generator_digest.cache_clear()
    assert len(set(seen)) == 4
    assert generator_digest(Copied) == seen[-1]
    generator_digest.cache_clear()


def test_digest_of_the_core_is_stable() -> None:
    assert core_digest() == core_digest.__wrapped__()


SPEC = HEAD + (
    "batch: [{name: farm, stance: promised, scheduler: slurm, partitions: [{name: p, stance: promised, cores: 4}]}]\n"
)
PRINT = """
import datetime, json, sys
from afspec.compiler import Frontend, render_site
rendered = render_site(Frontend(datetime.date(2026, 11, 22)).check(sys.argv[1]))
json.dump({name: [tuple(a) for a in made] for name, made in rendered.items()}, sys.stdout)
"""


def test_rendering_gives_the_same_bytes_in_every_process(tmp_path: Path) -> None:
    path = tmp_path / "toy.yaml"
    path.write_text(SPEC)
    seen = {
        subprocess.run(
            [sys.executable, "-c", PRINT, str(path)],
            env=os.environ | {"PYTHONHASHSEED": seed},
            stdout=subprocess.PIPE,
            check=True,
        ).stdout
        for seed in ("0", "1")
    }
    assert len(seen) == 1
    checked = Frontend(AS_OF).check(str(path))
    for _ in range(2):
        here = {name: [list(a) for a in made] for name, made in render_site(checked).items()}
        assert here == json.loads(seen.copy().pop())
    assert all(isinstance(made[2], Format | str) for files in here.values() for made in files)


def test_look_up_as_given_then_under_specs_then_packaged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("afspec.compiler.lookup.PACKAGED", tmp_path / "packaged")
    for folder in ("packaged/sites", "specs/sites", "sites"):
        assert codes(refused(lambda: look_up("sites/*.yml"))) == ["AF0001"]
        (tmp_path / folder).mkdir(parents=True)
        (tmp_path / folder / "a.yaml").touch()
        (tmp_path / folder / "b.yaml").touch()
        prefix = str(tmp_path / folder) if folder.startswith("packaged") else folder
        assert look_up("sites/a.yaml") == [f"{prefix}/a.yaml"]
        assert look_up("sites/*.yaml") == [f"{prefix}/a.yaml", f"{prefix}/b.yaml"]
    (tmp_path / "sites/[a].yaml").touch()
    assert look_up("sites/[a].yaml") == ["sites/[a].yaml"]
    assert look_up(str(tmp_path / "sites/a.yaml")) == [str(tmp_path / "sites/a.yaml")]
    assert codes(refused(lambda: look_up(str(tmp_path / "none.yaml")))) == ["AF0001"]
    assert PACKAGED.name == "specs"

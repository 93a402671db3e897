"""An image that a user names in the form: checked by the site's policy, taken from the best place."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from ood_site import HOSTILE, REFERENCE, App, form, site

if TYPE_CHECKING:
    from pathlib import Path

MINE = "registry.example.org:5000/me/mine"
PINNED = f"{MINE}:2@sha256:{'a' * 64}"
CUSTOM = ("paste_in: true", "custom_image: true")


def made(ruby: str, folder: Path, *changes: tuple[str, str]) -> App:
    app = App(ruby, folder, site(str(folder), CUSTOM, *changes))
    app.stub("apptainer", f'printf "%s\\n" "$@" > {folder}/apptainer.notes')
    return app


def policy(words: str) -> tuple[str, str]:
    return ("images:\n  stance: promised", f"images:\n  stance: promised\n  {words}")


def taken(app: App, image: str) -> str:
    """What Apptainer was told to run."""
    done = app.start(image="own", own_image=image)
    assert done.returncode == 0, done.stderr
    return (app.folder / "apptainer.notes").read_text().splitlines()[-4]


def test_a_reference_is_pulled_unless_it_is_there_already(ruby: str, tmp_path: Path) -> None:
    app = made(ruby, tmp_path)
    assert taken(app, f" docker://{MINE}:2 ") == f"docker://{MINE}:2"
    assert taken(app, PINNED) == f"docker://{MINE}@sha256:{'a' * 64}"
    stored = tmp_path / "store/jdoe" / (f"{MINE}:2".replace(":", "+") + ".sif")
    stored.parent.mkdir(parents=True)
    stored.touch()
    assert taken(app, f"{MINE}:2") == str(stored)
    (tmp_path / "cvmfs" / f"{MINE}:2").mkdir(parents=True)
    assert taken(app, f"{MINE}:2") == str(tmp_path / "cvmfs" / f"{MINE}:2")
    # A tag that is left out is latest's.
    (tmp_path / "cvmfs" / f"{MINE}:latest").mkdir()
    assert taken(app, MINE) == str(tmp_path / "cvmfs" / f"{MINE}:latest")
    # The folder of a tag does not prove a digest.
    assert taken(app, PINNED).startswith("docker://")


def test_a_path_is_taken_as_it_is(ruby: str, tmp_path: Path) -> None:
    assert taken(made(ruby, tmp_path), "/data/jdoe/x+1.sif") == "/data/jdoe/x+1.sif"


@pytest.mark.parametrize("image", ["", *HOSTILE, "a b", "/../x", "/a/.b", "host.example.org", "x" * 600, "{cmd}"])
def test_anything_else_is_refused_before_slurm(image: str, ruby: str, tmp_path: Path) -> None:
    app = made(ruby, tmp_path)
    done = app.press(image="own", own_image=image)
    assert done.returncode == 3, done.stdout
    assert done.stderr.startswith("own_image: not an image's reference")
    assert not app.notes.exists()
    assert not list(tmp_path.rglob("pwned"))


@pytest.mark.parametrize("image", HOSTILE)
def test_an_image_that_nobody_checked_is_one_word_all_the_same(image: str, ruby: str, tmp_path: Path) -> None:
    app = made(ruby, tmp_path)
    (app.folder / "ood/af-jupyter/submit.yml.erb").write_text(
        "batch_connect: {template: basic}\nscript: {native: []}\n"
    )
    app.start(image="own", own_image=image)
    assert not list(tmp_path.rglob("pwned"))


def test_only_what_an_allow_list_holds(ruby: str, tmp_path: Path) -> None:
    app = made(ruby, tmp_path, policy(f"policy: allow_list\n  allowed: ['{REFERENCE}', '{MINE}:2']"))
    assert taken(app, PINNED).startswith("docker://")
    for image in (f"{MINE}:3", "/data/mine.sif"):
        done = app.press(image="own", own_image=image)
        assert (done.returncode, done.stderr.partition(":")[0]) == (3, "own_image")
    assert (
        f"{MINE}:2"
        in form(site("/x", CUSTOM, policy(f"policy: allow_list\n  allowed: ['{MINE}:2']")))["attributes"]["own_image"][
            "help"
        ]
    )


def test_only_unpacked_images_where_the_site_says_so(ruby: str, tmp_path: Path) -> None:
    app = made(ruby, tmp_path, policy("policy: unpacked"))
    folder = tmp_path / "cvmfs" / f"{MINE}:2"
    assert taken(app, f"{MINE}:2") == taken(app, str(folder)) == str(folder)
    for image in (PINNED, "/data/mine.sif"):
        assert app.press(image="own", own_image=image).returncode == 3


def test_where_users_bring_none_the_form_does_not_ask(ruby: str, tmp_path: Path) -> None:
    assert "own_image" not in form(site())["form"]
    app = App(ruby, tmp_path, site(str(tmp_path)))
    assert app.press(image="own", own_image=REFERENCE).returncode == 3

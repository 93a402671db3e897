"""The image's kernels, linked where hubs look for them."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from user_setup_site import Site


def kernel(prefix: Path, name: str = "analysis-systems") -> Path:
    """A kernel's folder below an environment."""
    folder = prefix / "share/jupyter/kernels" / name
    folder.mkdir(parents=True)
    (folder / "kernel.json").write_text('{"argv": ["/opt/env/bin/python"]}')
    return folder


def test_the_images_kernel_is_linked_where_hubs_look(ready: Site) -> None:
    folder = kernel(ready.root / "opt/env")
    kernel(ready.root / "opt/env", "python3")
    (folder.parent / "not-a-kernel").mkdir()
    twice = f"source '{ready.setup}'; af_kernels; echo \"$JUPYTER_PATH ${{JUPYTER_DATA_DIR-unset}}\""
    share = f"{ready.root}/opt/env/share/jupyter"
    assert ready.prints(twice) == f"{share} unset"
    assert ready.prints(twice, JUPYTER_PATH="/a:/b") == f"{share}:/a:/b unset"
    links = ready.home / ".local/share/jupyter/kernels"
    assert {path.name: str(path.readlink()) for path in links.iterdir()} == {"analysis-systems": str(folder)}


def test_nothing_is_linked_outside_the_image(ready: Site) -> None:
    assert ready.prints('echo "${JUPYTER_PATH-unset}"') == "unset"
    assert list(ready.home.iterdir()) == []
    done = ready.bash("af_kernels || echo $?")
    assert done.stdout == "1\n"


@pytest.mark.parametrize("kind", ["folder", "file", "link"])
def test_what_is_the_users_stays(kind: str, ready: Site) -> None:
    kernel(ready.root / "opt/env")
    mine = ready.home / ".local/share/jupyter/kernels/analysis-systems"
    mine.parent.mkdir(parents=True)
    if kind == "folder":
        mine.mkdir()
        (mine / "kernel.json").write_text("mine")
    elif kind == "file":
        mine.write_text("mine")
    else:
        mine.symlink_to(ready.root / "sdf")
    done = ready.bash("echo fine")
    assert done.stdout == "fine\n"
    assert "is yours and stays" in done.stderr
    if kind == "folder":
        assert [path.name for path in mine.iterdir()] == ["kernel.json"]
    elif kind == "link":
        assert mine.readlink() == ready.root / "sdf"


def test_the_link_follows_a_new_image(ready: Site) -> None:
    old, new = kernel(ready.root / "old"), kernel(ready.root / "new")
    link = ready.home / ".local/share/jupyter/kernels/analysis-systems"
    ready.prints(f"af_kernels '{ready.root}/old'")
    assert link.readlink() == old
    ready.prints(f"af_kernels '{ready.root}/new'; af_kernels '{ready.root}/new'")
    assert link.readlink() == new
    shutil.rmtree(ready.root / "new")
    ready.prints(f"af_kernels '{ready.root}/old'")
    assert link.readlink() == old


def test_a_home_that_cannot_be_written_leaves_the_path(ready: Site) -> None:
    kernel(ready.root / "opt/env")
    blocked = ready.root / "blocked"
    blocked.write_text("not a folder")
    done = ready.bash("echo $JUPYTER_PATH", HOME=str(blocked))
    assert done.stdout == f"{ready.root}/opt/env/share/jupyter\n"
    assert "cannot be made" in done.stderr

"""What a person sees on a terminal: a bar for many sites, colours, and lines that the bar does not spoil."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from support import HEAD

if TYPE_CHECKING:
    from pathlib import Path


def on_terminal(folder: Path, *arguments: str, **environment: str) -> tuple[str, str]:
    """Standard output, and what the terminal showed of standard error."""
    ours, theirs = pty.openpty()
    kept = {key: value for key, value in os.environ.items() if key != "NO_COLOR"}
    process = subprocess.Popen(
        [sys.executable, "-m", "afspec", *arguments],
        cwd=folder,
        env={**kept, "TERM": "xterm", **environment},
        stdout=subprocess.PIPE,
        stderr=theirs,
        text=True,
    )
    os.close(theirs)
    shown = b""
    # Reading a terminal whose other side has closed is an error on Linux (EIO), not an end of file.
    while True:
        try:
            shown += (part := os.read(ours, 65536))
        except OSError:
            break
        if not part:
            break
    os.close(ours)
    out, _ = process.communicate()
    return out, shown.decode()


@pytest.fixture
def fleet(tmp_path: Path) -> Path:
    (tmp_path / "specs").mkdir()
    for number in range(25):
        (tmp_path / f"specs/s{number}.yaml").write_text(HEAD.replace("toy", f"s{number}", 1))
    return tmp_path


def test_many_sites_have_a_bar_and_a_summary(fleet: Path) -> None:
    out, shown = on_terminal(fleet, "compile", "s*.yaml")
    assert out == "25 sites: 25 written, 0 unchanged, 0 with errors\n"
    assert "Compiling" in shown
    assert "100%" in shown
    assert on_terminal(fleet, "compile", "s*.yaml")[0] == "25 sites: 0 written, 25 unchanged, 0 with errors\n"


def test_what_needs_a_look_has_a_line_of_its_own(fleet: Path) -> None:
    on_terminal(fleet, "compile", "s*.yaml")
    with (fleet / "specs/s7.yaml").open("a") as spec:
        spec.write("lable: x\n")
    with (fleet / "specs/s8.yaml").open("a") as spec:
        spec.write("label: Eight\n")
    out, shown = on_terminal(fleet, "compile", "s*.yaml", "--check")
    assert out.splitlines()[0] == "build/s8: differs from what the spec gives"
    assert out.splitlines()[-1] == "25 sites: 1 different, 23 unchanged, 1 with errors"
    before, _, _ = shown.partition("AF2001")
    assert before.rpartition("\x1b[K")[2].count("%") == 0, "the bar's line is wiped before the diagnostic"


def test_few_sites_have_no_bar(fleet: Path) -> None:
    out, shown = on_terminal(fleet, "compile", "s1.yaml")
    assert out.startswith("build/s1: ")
    assert shown == ""


@pytest.mark.parametrize(("environment", "coloured"), [({}, True), ({"NO_COLOR": "1"}, False)])
def test_colours_are_for_terminals_that_want_them(fleet: Path, environment: dict[str, str], *, coloured: bool) -> None:
    (fleet / "bad.yaml").write_text(HEAD + "lable: x\n")
    _, shown = on_terminal(fleet, "validate", "bad.yaml", **environment)
    assert "AF2001" in shown
    assert ("\x1b[" in shown) == coloured

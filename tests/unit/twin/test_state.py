"""What is on disk of a twin."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from afspec.twin import state as states
from afspec.twin.processes import Process

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    return tmp_path


def make(name: str) -> states.State:
    folder = states.twins_folder() / name
    folder.mkdir(parents=True)
    return states.State(
        name, f"twin/{name}.yaml", folder, private=True, first=Process(12, 34), hosts={"a": "127.0.1.1"}
    )


def test_a_state_is_read_as_it_was_written() -> None:
    state = make("slac")
    state.save()
    assert states.load("slac") == state
    assert states.names() == ["slac"]


def test_a_twin_that_never_began_has_none() -> None:
    make("slac")
    assert states.load("slac") is None
    assert states.names() == ["slac"]  # but can be taken down


def test_processes_of_before_a_reboot_mean_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    state = make("slac")
    assert state.current
    monkeypatch.setattr(states, "boot", lambda: "another")
    assert not state.current


def test_two_commands_are_never_at_one_twin() -> None:
    with states.locked("slac"), pytest.raises(BlockingIOError), states.locked("slac"):
        pass
    with states.locked("slac"), states.locked("bnl"):
        pass


def test_the_lock_of_a_killed_command_is_free() -> None:
    lines = ["import os, signal", "from afspec.twin import state"]
    lines += ["with state.locked('slac'):", "    os.kill(os.getpid(), signal.SIGKILL)"]
    subprocess.run([sys.executable, "-c", "\n".join(lines)], check=False, timeout=30)
    with states.locked("slac"):
        pass

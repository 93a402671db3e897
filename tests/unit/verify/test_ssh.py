"""OpenSSH's client."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from verify_support import ask, check_called, compiled, found

from afspec.verify import Compiled, State, verify

if TYPE_CHECKING:
    from pathlib import Path


def test_option_that_ssh_does_not_know() -> None:
    files = {"ssh/config": "Host a b\n  HostName a.example\n  ProxyJmup c\n"}
    assert found("ssh", files) == [("ssh/config", 3, "Bad configuration option: proxyjmup")]


def test_value_that_ssh_does_not_know() -> None:
    ((path, line, said),) = found("ssh", {"ssh/config": "Host a\n  ControlMaster perhaps\n"})
    assert (path, line) == ("ssh/config", 2)
    assert "perhaps" in said


def test_configuration_of_all_hosts_is_read_too() -> None:
    assert found("ssh", {"ssh/config": "Host *\n  Nonsense yes\n"})


def test_compiled_configuration_is_fine() -> None:
    assert ask("ssh", compiled("slac")).state is State.FINE


@pytest.mark.parametrize("match", ['Match exec "{}"', '  match host a !exec "{}"', 'Match Exec="{}"'])
def test_program_that_a_configuration_names_is_not_started(match: str, tmp_path: Path) -> None:
    line = match.format(f"touch {tmp_path}/started")
    site = Compiled.of_texts("toy", {"ssh/config": f"Host a\n  User x\n{line}\n  User y\n"})
    (verdict,) = verify(site, [check_called("ssh")]).verdicts
    assert (verdict.state, list(tmp_path.iterdir())) == (State.UNCHECKED, [])
    assert "Match exec" in verdict.reason

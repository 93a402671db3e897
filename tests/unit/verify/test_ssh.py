"""OpenSSH's client."""

from __future__ import annotations

from verify_support import ask, compiled, found

from afspec.verify import State


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

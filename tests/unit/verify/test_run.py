"""Making checks: states, what is remembered, and that nothing is left behind."""

from __future__ import annotations

import os
import select
import tempfile
import threading
from typing import TYPE_CHECKING, ClassVar

import pytest

from afspec.diagnostics import CODES
from afspec.verify import Compiled, State, verify
from afspec.verify.bench import Bench, Running, ToolError
from afspec.verify.check import Check, Finding, NotCheckedError
from afspec.verify.registry import all_checks
from afspec.verify.tools import Located, Own, Packages, Program

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SITE = Compiled.of_texts("toy", {"a.sh": "a\n", "b.txt": "b\n"})


class Toy(Check):
    """A check whose tool is a shell."""

    name = "toy"
    code = "AF5101"
    tool: ClassVar[Program | Own] = Program(("sh",), "install a shell")

    def __init__(self, script: str = "exit 0", timeout: float = 60) -> None:
        self.script = script
        self.timeout = timeout
        self.runs = 0

    def files(self, site: Compiled) -> list[str]:
        return site.like("*.sh")

    def run(self, bench: Bench, site: Compiled, files: list[str]) -> Iterator[Finding]:
        assert files == site.like("*.sh")
        self.runs += 1
        done = bench.run(["sh", "-c", self.script], timeout=self.timeout)
        if done.returncode == 3:
            raise NotCheckedError("needs more")
        if done.returncode:
            yield Finding(files[0], 1, done.said)


class Absent(Toy):
    """A check whose tool is not there."""

    name = "absent"
    tool: ClassVar[Program | Own] = Program(("no-such-program",), "build it")


@pytest.fixture(autouse=True)
def own_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.delenv("AFSPEC_NO_CACHE", raising=False)
    (tmp_path / "tmp").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "tmp"))
    return tmp_path


def test_fine_found_and_not_checked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AFSPEC_NO_CACHE", "1")
    checks = (Toy(), Toy("cat a.sh; echo no >&2; exit 1"), Toy("exit 3"), Absent())
    verdicts = [verify(SITE, [check]).verdicts[0] for check in checks]
    assert [verdict.state for verdict in verdicts] == [State.FINE, State.FOUND, State.UNCHECKED, State.UNCHECKED]
    assert [verdict.reason for verdict in verdicts[2:]] == ["needs more", "needs no-such-program (build it)"]


def test_answers_are_remembered_and_failures_are_not(monkeypatch: pytest.MonkeyPatch) -> None:
    check = Toy("echo no; exit 1")
    first, second = (verify(SITE, [check]).verdicts[0] for _ in range(2))
    assert (first.findings, first.remembered) == ((Finding("a.sh", 1, "no"),), False)
    assert (second.findings, second.remembered, check.runs) == (first.findings, True, 1)
    monkeypatch.setenv("AFSPEC_NO_CACHE", "1")
    for trouble in (Toy("exit 3"), Toy("exec sleep 600", timeout=0.05)):
        for _ in range(2):
            (verdict,) = verify(SITE, [trouble]).verdicts
            assert (verdict.state, verdict.remembered) == (State.UNCHECKED, False)
        assert trouble.runs == 2


def test_what_takes_too_long_is_not_remembered() -> None:
    slow = Toy("exec sleep 600", timeout=0.05)
    verdicts = [verify(SITE, [slow]).verdicts[0] for _ in range(2)]
    assert [verdict.reason for verdict in verdicts] == ["sh: no end after 0.05 s"] * 2
    assert slow.runs == 2


def test_tool_sees_nothing_of_the_users(own_folders: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET_OF_MINE", "1")
    script = 'ls "$HOME" "$TMPDIR"/* 2>/dev/null; env | grep SECRET_OF_MINE; echo "$HOME" >&2; exit 1'
    (verdict,) = verify(SITE, [Toy(script)]).verdicts
    assert verdict.findings[0].message.startswith(str(own_folders / "tmp"))
    assert list((own_folders / "tmp").iterdir()) == []


def test_strict_makes_an_error_of_what_was_not_checked() -> None:
    report = verify(SITE, [Absent()])
    assert report.diagnostics() == []
    (only,) = report.diagnostics(strict=True)
    assert (only.code, only.place) == ("AF5003", "a.sh")
    assert "no-such-program" in only.message
    assert report.nobodys == ["b.txt"]
    assert "not checked: needs no-such-program" in report.text()
    assert report.data()["checks"][0]["state"] == "not checked"


def test_before_a_twin_only_what_executes_nothing_is_asked() -> None:
    class Executing(Toy):
        """A check that executes what it checks."""

        static = False

    assert [verdict.check for verdict in verify(SITE, [Toy(), Executing(), Absent()], static=True).verdicts] == ["toy"]


def test_what_is_stopped_ends_with_all_that_it_started(tmp_path: Path) -> None:
    running = Running()
    folder = tmp_path / "bench"
    folder.mkdir()
    bench = Bench(folder, Located({}, "", "here"), running)
    fifo = tmp_path / "started"
    os.mkfifo(fifo)
    caught: list[BaseException | int] = []

    def work() -> None:
        caught.append(bench.run(["sh", "-c", f"sleep 600 & echo $! > {fifo}; wait"]).returncode)

    thread = threading.Thread(target=work)
    thread.start()
    child = int(fifo.read_text())
    ended = os.pidfd_open(child)
    running.stop()
    thread.join(timeout=20)
    assert caught == [-9]
    # A process that was killed is gone when the kernel has had time for it: its descriptor says when.
    assert select.select([ended], [], [], 20)[0] == [ended]
    os.close(ended)
    with pytest.raises(ToolError, match="stopped"):
        bench.run(["true"])


def test_every_check_has_a_code_of_its_own_with_its_meaning() -> None:
    codes = [check.code for check in all_checks()]
    assert len(set(codes)) == len(codes) > 15
    assert set(codes) <= set(CODES)
    assert all(check.title() != check.name and check.tool.needs for check in all_checks())


def test_tools_are_found_on_path_and_their_change_is_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "some-tool"
    tool = Program(("some-tool",), "write it")
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    assert tool.locate() is None
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    first = tool.locate()
    program.write_text("#!/bin/sh\nexit\n")
    second = tool.locate()
    assert first
    assert second
    assert first.programs == {"some-tool": str(program)}
    assert first.identity != second.identity


def test_python_of_a_command_on_path_is_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    tool = Packages(("no_such_package",), "its-command", "install it")
    monkeypatch.setenv("PATH", f"{tmp_path}/env/bin:{os.environ['PATH']}")
    package = tmp_path / "env/lib/python3.11/site-packages/no_such_package"
    package.mkdir(parents=True)
    assert tool.locate() is None
    (tmp_path / "env/bin").mkdir()
    (tmp_path / "env/bin/its-command").write_text(f"#!{tmp_path}/env/bin/python3\n")
    (tmp_path / "env/bin/its-command").chmod(0o755)
    located = tool.locate()
    assert located
    assert located.programs == {"python": f"{tmp_path}/env/bin/python"}

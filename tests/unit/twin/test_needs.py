"""What twins need: how it is found, named and installed; the installers of this machine are stood in for."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from afspec.twin import apt, cache, debian, environments, needs, roots, rootsteps
from afspec.twin.environments import Environment
from afspec.twin.needs import NeedError, Program, call

if TYPE_CHECKING:
    from collections.abc import Callable

OWN = f"{sys.version_info.major}.{sys.version_info.minor}"


def quiet(line: str) -> None:
    """Hears every step, and says nothing."""
    assert line


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache/afspec"


@pytest.fixture
def commands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str, str], Path]:
    """Makes commands, which come before this machine's own; what they are given is written down."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")

    def make(name: str, script: str) -> Path:
        log = folder / f"{name}.log"
        (folder / name).write_text(f'#!/bin/sh\necho "$*" >> "{log}"\n{script}\n')
        (folder / name).chmod(0o755)
        return log

    return make


def test_the_cache_is_where_the_user_wants_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert cache.cache_folder() == tmp_path / "cache/afspec"
    monkeypatch.setenv("XDG_CACHE_HOME", "relative")  # to be ignored (XDG Base Directory Specification)
    assert cache.cache_folder() == Path.home() / ".cache/afspec"
    monkeypatch.delenv("XDG_CACHE_HOME")
    assert cache.cache_folder() == Path.home() / ".cache/afspec"


def test_a_digest_changes_with_every_part() -> None:
    one = cache.digest(["ab", "c"])
    assert one == cache.digest(["ab", "c"])
    assert len({one, cache.digest(["a", "bc"]), cache.digest(["abc"]), cache.digest(["ab", "c", ""])}) == 4


@pytest.mark.parametrize("build", [cache.build_and_rename, cache.build_in_place])
def test_what_fails_leaves_nothing(build: Callable[..., None], tmp_path: Path) -> None:
    def fail(folder: Path) -> None:
        folder.mkdir(parents=True)
        (folder / "half").touch()
        raise NeedError("no")

    final = tmp_path / "all/thing"
    with pytest.raises(NeedError):
        build(final, fail, lambda: None)
    assert not final.exists()
    assert [path.name for path in final.parent.iterdir()] == [".lock"]


@pytest.mark.parametrize("build", [cache.build_and_rename, cache.build_in_place])
def test_what_is_there_is_not_built_again(build: Callable[..., None], tmp_path: Path) -> None:
    final = tmp_path / "all/thing"
    build(final, lambda folder: folder.mkdir(), lambda: None)
    build(final, lambda _: pytest.fail("built again"), lambda: None)
    assert final.is_dir()


def test_what_a_killed_install_left_is_removed(tmp_path: Path) -> None:
    for name in (".partial-1", "half-3.11", "whole-3.11"):
        (tmp_path / name).mkdir()
    (tmp_path / "whole-3.11/ready").touch()
    cache.build_in_place(tmp_path / "new-3.11", lambda folder: folder.mkdir(), lambda: None)
    assert {path.name for path in tmp_path.iterdir()} == {".lock", "whole-3.11", "new-3.11"}
    (tmp_path / ".partial-1").mkdir()
    cache.build_and_rename(tmp_path / "root", lambda folder: folder.mkdir(), lambda: None)
    assert not (tmp_path / ".partial-1").exists()


def test_two_installs_do_not_meet(tmp_path: Path) -> None:
    """The second one waits, says so, and finds what the first one built."""
    script = f"""
import sys
from pathlib import Path
from afspec.twin.cache import build_and_rename
def build(folder):
    folder.mkdir()
    print("building", flush=True)
    sys.stdin.readline()
build_and_rename(Path({str(tmp_path / "thing")!r}), build, lambda: None)
"""
    waited = []
    with subprocess.Popen([sys.executable, "-c", script], stdin=-1, stdout=-1, text=True) as first:
        assert first.stdout is not None
        assert first.stdout.readline() == "building\n"

        def waiting() -> None:
            waited.append(True)
            assert first.stdin is not None
            first.stdin.write("go on\n")
            first.stdin.flush()

        cache.build_and_rename(tmp_path / "thing", lambda _: pytest.fail("built twice"), waiting)
    assert waited == [True]
    assert (tmp_path / "thing").is_dir()


ONE_LINE = """\
# deb http://commented.example/debian bookworm main
deb http://third.example/apt stable main
deb-src http://sources.example/debian bookworm main
deb [arch=amd64 signed-by=/k.gpg] http://mirror.example/debian trixie main contrib # a comment
deb http://second.example/debian bookworm main
"""
DEB822 = """\
Types: deb
URIs: http://off.example/debian
Suites: bookworm
Components: main
Enabled: no

# a comment
Types: deb deb-src
URIs: http://mirror.example/debian
 http://other.example/debian
Suites: bookworm bookworm-updates
Components: main
Signed-By:
 -----BEGIN PGP PUBLIC KEY BLOCK-----
 .
"""


@pytest.mark.parametrize(
    ("name", "text"),
    [("sources.list", ONE_LINE), ("sources.list.d/a.list", ONE_LINE), ("sources.list.d/d.sources", DEB822)],
)
def test_the_mirror_is_the_one_that_this_machine_uses(tmp_path: Path, name: str, text: str) -> None:
    assert apt.debian_mirror(tmp_path) == ""
    (tmp_path / "sources.list.d").mkdir()
    (tmp_path / name).write_text(text)
    assert apt.debian_mirror(tmp_path) == "http://mirror.example/debian"


def test_settings_of_this_machine_are_passed_on(commands: Callable[[str, str], Path]) -> None:
    commands(
        "apt-config",
        """printf '%s\\n' 'Acquire::http::Proxy "http://proxy:3128";' 'Acquire::Check-Date "false";' \
           'Acquire::http "";' 'DPkg::Post-Invoke "rm -rf /";'""",
    )
    assert apt.settings() == ['Acquire::http::Proxy "http://proxy:3128"', 'Acquire::Check-Date "false"']


def test_a_program_is_found_on_the_path_of_an_administrator(commands: Callable[[str, str], Path]) -> None:
    program = Program("mmdebstrap-of-a-test", "no-such-package", "a program")
    assert not program.present()
    assert "no-such-package" in program.command
    assert program.missing()
    commands(program.name, "")
    assert program.present()
    assert program.missing() == ""


def test_a_program_is_installed_by_apt(commands: Callable[[str, str], Path], monkeypatch: pytest.MonkeyPatch) -> None:
    log = commands("apt-get", "")
    program = Program("program-of-a-test", "package-of-a-test", "a program")
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    program.install(quiet)
    assert "install --yes --no-install-recommends package-of-a-test" in log.read_text().splitlines()[-1]
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert program.missing() == "needs root"
    assert program.command.startswith("sudo apt-get install")
    with pytest.raises(NeedError, match="needs root"):
        program.install(quiet)


def test_what_fails_says_why(commands: Callable[[str, str], Path]) -> None:
    commands("broken", "echo it is the network >&2; exit 3")
    with pytest.raises(NeedError, match=r"a step: exit code 3: it is the network"):
        call(["broken"], title="a step", timeout=10)
    commands("slow", "exec sleep 60")
    with pytest.raises(NeedError, match=r"a step: no end after 0\.2 s"):
        call(["slow"], title="a step", timeout=0.2)
    with pytest.raises(NeedError, match="a step"):
        call(["no-such-command-of-a-test"], title="a step", timeout=10)


def test_roots_are_called_after_their_definition(monkeypatch: pytest.MonkeyPatch) -> None:
    slac, other = roots.bookworm("slac"), roots.bookworm("slac-2023")
    # One root file system serves both facilities.
    assert slac.path == other.path
    assert slac.path != roots.trixie("bnl").path
    assert slac.path.parent.name == "roots"
    before = slac.path
    monkeypatch.setattr(roots, "REVISION", "another")
    assert slac.path != before


def test_a_root_needs_root(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    root = roots.bookworm("slac")
    assert root.missing() == "needs root"
    assert root.command.startswith("sudo ")
    assert root.command.endswith("twin install slac")
    with pytest.raises(NeedError, match="needs root"):
        root.install(quiet)


def test_a_root_needs_a_mirror(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(debian, "debian_mirror", lambda: "")
    assert "mirror" in roots.trixie("bnl").missing()


def test_a_root_is_made_out_of_reach_of_this_machine(
    commands: Callable[[str, str], Path], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """In namespaces of its own, its apt inside of it; what is borrowed comes from where it was said."""
    log = commands("unshare", "")
    monkeypatch.setattr(rootsteps, "debian_mirror", lambda: "http://mirror.example/debian")
    monkeypatch.setattr(rootsteps, "settings", lambda: ['Acquire::Retries "3"'])
    borrowed = (rootsteps.Borrowed("sid", ("apptainer",)), rootsteps.Borrowed("trixie", ("libc6",)))
    rootsteps.install_packages(tmp_path / "root", "bookworm", ["slurmd", "munge"], borrowed)
    told = log.read_text()
    assert "--mount --pid" in told
    assert "remount,bind,ro" in told
    assert 'chroot "$1" apt-get install --yes --no-install-recommends apptainer/sid libc6/trixie' in told
    assert "APT_CONFIG" not in told
    assert "--include=slurmd,munge" in told
    for suite in ("bookworm", "sid", "trixie"):
        assert f"http://mirror.example/debian {suite} main" in told
    assert '--aptopt=Acquire::Retries "3"' in told


def test_a_failed_root_leaves_nothing(
    monkeypatch: pytest.MonkeyPatch, own_cache: Path, commands: Callable[[str, str], Path]
) -> None:
    commands("unshare", "echo no such package >&2; exit 100")
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    for module in (debian, rootsteps):
        monkeypatch.setattr(module, "debian_mirror", lambda: "http://mirror.example/debian")
    root = roots.bookworm("slac")
    with pytest.raises(NeedError, match="no such package"):
        root.install(quiet)
    assert not root.present()
    assert [path.name for path in (own_cache / "roots").iterdir()] == [".lock"]


@pytest.fixture
def empty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Environment:
    """An environment without any packages."""
    monkeypatch.setattr(environments, "REQUIREMENTS", tmp_path)
    (tmp_path / "empty.txt").write_text("# nothing\n")
    return Environment("empty", "an environment", "local", "1 MB", (OWN,))


def test_an_environment_works_where_it_lies(empty: Environment) -> None:
    assert empty.missing() == "not installed"
    empty.install(quiet)
    assert empty.present()
    # Its scripts know their Python by path: they must not have been moved.
    done = subprocess.run([empty.path / "bin/pip", "--version"], capture_output=True, text=True, check=True)
    assert str(empty.path) in done.stdout
    before = (empty.path / "ready").stat().st_mtime_ns
    empty.install(quiet)
    assert (empty.path / "ready").stat().st_mtime_ns == before


def test_an_environment_is_another_one_with_other_packages(empty: Environment, tmp_path: Path) -> None:
    before = empty.path
    assert OWN in before.name
    (tmp_path / "empty.txt").write_text("# something else\n")
    assert empty.path != before


def test_an_environment_says_which_python_it_needs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(environments, "REQUIREMENTS", tmp_path)
    (tmp_path / "old.txt").write_text("")
    old = Environment("old", "an environment", "local", "1 MB", ("2.6", "2.7"))
    assert old.missing() == "needs Python 2.6 or 2.7"
    with pytest.raises(NeedError, match=r"needs Python 2\.6 or 2\.7"):
        old.install(quiet)


def test_a_python_that_cannot_make_environments_is_passed_over(
    commands: Callable[[str, str], Path], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A version manager's stand-in for a version that is not installed; Debian's Python without python3-venv."""
    monkeypatch.setattr(environments, "REQUIREMENTS", tmp_path)
    (tmp_path / "some.txt").write_text("")
    some = Environment("some", "an environment", "local", "1 MB", ("9.8", "9.9"))
    commands("python9.8", "exit 127")
    assert some.missing().startswith("needs")
    commands("python9.9", "exit 0")
    assert some.missing() == "not installed"
    assert "some-9.9-" in str(some.path)


def test_every_requirement_is_pinned() -> None:
    for name in ("hub", "triton"):
        lines = (environments.REQUIREMENTS / f"{name}.txt").read_text().splitlines()
        assert all("==" in line for line in lines if line and not line.startswith("#")), name


def test_the_command_is_one_that_a_shell_finds() -> None:
    command = needs.install_command("slac").split()
    assert command[1:] == ["twin", "install", "slac"]
    assert command[0] == "afspec" or Path(command[0]).exists()

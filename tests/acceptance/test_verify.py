"""afspec verify, as a user runs it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

AFSPEC = Path(sys.executable).with_name("afspec")
SPEC = "sites/2023/slac.yaml"
QUICK = ("--only", "bash", "--only", "data")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A compiled site; nothing is changed in it."""
    output = tmp_path_factory.mktemp("build")
    subprocess.run([AFSPEC, "compile", SPEC, "-o", output], check=True, capture_output=True)
    (site,) = output.iterdir()
    return site


@pytest.fixture
def broken(folder: Path, tmp_path: Path) -> Path:
    """The same with a script that ends too early."""
    copy = tmp_path / "slac"
    subprocess.run(["cp", "-r", folder, copy], check=True)
    script = copy / "user-setup/setup.sh"
    script.write_text(script.read_text() + "if true; then\n")
    return copy


def afspec(*argv: str | Path, **more: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([AFSPEC, *argv], capture_output=True, text=True, check=False, env=os.environ | more)


def test_fine_files_and_the_files_of_nobody(folder: Path, tmp_path: Path) -> None:
    done = afspec("verify", folder, *QUICK, XDG_CACHE_HOME=str(tmp_path))
    assert (done.returncode, done.stderr) == (0, "")
    assert f"{folder}: " in done.stdout
    assert "fine (this machine)" in done.stdout
    assert "of no check's concern: " in done.stdout
    again = afspec("verify", folder, *QUICK, XDG_CACHE_HOME=str(tmp_path))
    assert "fine (this machine, remembered)" in again.stdout


def test_finding_has_its_place_and_the_tools_words(broken: Path) -> None:
    done = afspec("verify", broken, "--only", "bash")
    last = len((broken / "user-setup/setup.sh").read_text().splitlines())
    assert done.returncode == 1
    assert "error[AF5101]: bash: syntax error: unexpected end of file" in done.stderr
    assert f"{broken}/user-setup/setup.sh:{last + 1}:1" in done.stderr
    marked = afspec("verify", broken, "--only", "bash", "--format", "github")
    assert marked.stdout.startswith(f"::error title=AF5101,file={broken}/user-setup/setup.sh,line={last + 1},")


def test_json_for_scripts(broken: Path) -> None:
    done = afspec("verify", broken, "--only", "bash", "--json")
    (site,) = json.loads(done.stdout)
    (check,) = site["checks"]
    assert done.returncode == 1
    assert (site["site"], check["check"], check["state"], check["code"]) == ("slac", "bash", "found", "AF5101")
    assert check["findings"][0]["path"] == "user-setup/setup.sh"


def test_missing_file_is_found(broken: Path) -> None:
    (broken / "docs/index.md").unlink()
    done = afspec("verify", broken, "--only", "data")
    assert done.returncode == 1
    assert "AF5002" in done.stderr
    assert "docs/index.md" in done.stderr


def test_absent_tool_is_no_pass(folder: Path, tmp_path: Path) -> None:
    bare = {"PATH": "/nowhere", "XDG_CACHE_HOME": str(tmp_path)}
    done = afspec("verify", folder, "--only", "bash", **bare)
    assert done.returncode == 0
    assert "not checked: needs bash (install bash)" in done.stdout
    strict = afspec("verify", folder, "--only", "bash", "--strict", **bare)
    assert strict.returncode == 1
    assert "error[AF5003]: bash did not check" in strict.stderr


def test_wrong_usage(tmp_path: Path) -> None:
    assert afspec("verify").returncode == 2
    wrong = afspec("verify", tmp_path, "--only", "shelcheck")
    assert wrong.returncode == 2
    assert "did you mean `shellcheck`?" in wrong.stderr
    both = afspec("verify", tmp_path, "--json", "--format", "github")
    assert (both.returncode, both.stdout) == (2, "")
    assert "--json and --format exclude each other" in both.stderr
    nothing = afspec("verify", tmp_path)
    assert nothing.returncode == 1
    assert "AF5001" in nothing.stderr


def test_list_of_checks() -> None:
    rows = json.loads(afspec("verify", "--list", "--json").stdout)
    assert {"bash", "shellcheck", "jupyterhub", "condor_submit", "sbatch"} <= {row["check"] for row in rows}
    assert "sbatch --test-only" in afspec("verify", "--list").stdout


def test_compile_and_verify_in_one_go(tmp_path: Path) -> None:
    done = afspec("compile", SPEC, "-o", tmp_path, "--verify")
    assert done.returncode == 0, done.stderr
    assert "nothing found" in done.stdout
    assert afspec("compile", SPEC, "-o", tmp_path, "--verify", "--check").returncode == 2


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_interrupt_leaves_nothing_behind(folder: Path, tmp_path: Path, number: signal.Signals) -> None:
    (tmp_path / "bin").mkdir()
    (tmp_path / "tmp").mkdir()
    fifo = tmp_path / "started"
    os.mkfifo(fifo)
    slow = tmp_path / "bin/ssh"
    slow.write_text(f"#!/bin/sh\nsleep 600 &\necho $! > {fifo}\nwait\n")
    slow.chmod(0o755)
    more = {
        "PATH": f"{tmp_path}/bin:{os.environ['PATH']}",
        "TMPDIR": str(tmp_path / "tmp"),
        "XDG_CACHE_HOME": str(tmp_path / "cache"),
    }
    with subprocess.Popen([AFSPEC, "verify", folder, "--only", "ssh"], env=os.environ | more, stderr=-1) as process:
        child = int(fifo.read_text())
        process.send_signal(number)
        process.communicate(timeout=60)
    assert process.returncode == (130 if number == signal.SIGINT else 143)
    assert list((tmp_path / "tmp").iterdir()) == []
    stat = Path(f"/proc/{child}/stat")
    assert not stat.exists() or stat.read_text().rpartition(")")[2].split()[0] == "Z"


def test_twin_is_not_started_from_files_that_tools_refuse(tmp_path: Path) -> None:
    """The tool here is one that refuses everything."""
    (tmp_path / "bin").mkdir()
    refusing = tmp_path / "bin/bash"
    refusing.write_text("#!/bin/sh\necho 'a.sh: line 1: no' >&2\nexit 1\n")
    refusing.chmod(0o755)
    environment = {
        "PATH": f"{tmp_path}/bin:{os.environ['PATH']}",
        "XDG_STATE_HOME": str(tmp_path / "state"),
        "AFSPEC_NO_CACHE": "1",
    }
    if afspec("twin", "doctor", "local").returncode:
        if os.environ.get("CI") == "true":
            pytest.fail("the twin local cannot start")
        pytest.skip("the twin local cannot start")
    done = afspec("twin", "up", "local", **environment)
    assert done.returncode == 6
    assert "AF5101" in done.stderr
    assert "--no-verify starts it all the same" in done.stderr
    assert not (tmp_path / "state").exists() or not list((tmp_path / "state").rglob("*.yaml"))

"""afspec verify, as a user runs it."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from cluster_files import FILES, VALUES, charts
from upstream import upstream

from afspec.cli.verify import verify_folders
from afspec.compiler.lock import Lock, Record

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


CLUSTER = ("kubernetes", "custom-resources", "charts", "references", "secrets")


@pytest.mark.parametrize("name", ["bnl", "uchicago", "slac"])
def test_manifests_of_the_facilities_fit_schemas_definitions_and_charts(name: str, tmp_path: Path) -> None:
    """Also without the charts nothing is found; what could not be checked is then said."""
    afspec("compile", f"sites/{name}.yaml", "-o", tmp_path)
    only = [option for check in CLUSTER for option in ("--only", check)]
    done = afspec("verify", tmp_path / name, *only, "--charts", upstream(), "--json", AFSPEC_NO_CACHE="1")
    assert (done.returncode, done.stderr) == (0, "")
    (site,) = json.loads(done.stdout)
    made = {check["check"]: check for check in site["checks"]}
    assert made.keys() >= {"kubernetes", "references", "secrets"}
    assert all(made[check]["state"] == "fine" for check in ("kubernetes", "references", "secrets"))
    assert all(check["tool"] for check in made.values())
    bare = afspec("verify", tmp_path / name, *only, AFSPEC_NO_CACHE="1")
    assert (bare.returncode, bare.stderr) == (0, "")
    assert ("--charts DIR" in bare.stdout) is ("charts" in made)


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """A small site for a cluster, with its lock."""
    folder = tmp_path / "site"
    for path, text in FILES.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text)
    outputs = {path: hashlib.sha256(text.encode()).hexdigest() for path, text in FILES.items()}
    lock = Lock("site", "0", (), {"toy": Record("0", "0", outputs)})
    (folder / "afspec.lock.json").write_text(lock.dump())
    return folder


def test_folder_of_charts_by_option_and_by_environment(site: Path, tmp_path: Path) -> None:
    folder = charts(tmp_path / "charts")
    values = site / VALUES
    values.write_text(values.read_text().replace("port: 8081", "porte: 8081"))
    cache = {"XDG_CACHE_HOME": str(tmp_path / "cache")}
    bare = afspec("verify", site, "--only", "charts", **cache)
    assert bare.returncode == 0
    assert "not checked: toyhub 1.2.0: needs --charts DIR" in bare.stdout
    ways: list[tuple[list[str], dict[str, str]]] = [
        (["--charts", str(folder)], {}),
        ([], {"AFSPEC_CHARTS": str(folder)}),
    ]
    for options, more in ways:
        done = afspec("verify", site, "--only", "charts", *options, **cache, **more)
        assert done.returncode == 1
        assert "error[AF5120]: charts: toyhub: hub.porte: unknown field `porte`; did you mean `port`?" in done.stderr
        assert f"{values}:4:3" in done.stderr
    assert ", remembered)" in done.stdout
    strict = afspec("verify", site, "--only", "charts", "--strict", **cache)
    assert strict.returncode == 1
    assert "error[AF5003]: charts did not check 1 file: toyhub 1.2.0: needs --charts DIR" in strict.stderr
    wrong = afspec("verify", site, "--charts", tmp_path / "nowhere")
    assert wrong.returncode == 1
    assert "error[AF0001]: no folder of charts" in wrong.stderr


def test_folder_of_charts_that_is_far_too_large(
    site: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """It is read when a check asks for it, and is the user's mistake all the same."""
    monkeypatch.setattr("afspec.verify.cluster.charts._MOST_FILES", 2)
    assert verify_folders([str(site)], charts=str(charts(tmp_path / "charts"))) == 1
    said = capsys.readouterr().err
    assert "error[AF0002]: more than 2 files" in said
    assert "Name the folder that has the charts alone." in said


def test_part_that_was_not_checked_is_an_error_where_strict(site: Path, tmp_path: Path) -> None:
    folder = charts(tmp_path / "charts", version="1.3.0")
    done = afspec("verify", site, "--only", "charts", "--charts", folder, "--strict", AFSPEC_NO_CACHE="1")
    assert done.returncode == 1
    assert "charts did not check everything: toyhub 1.2.0: the folder of charts has 1.3.0" in done.stderr


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

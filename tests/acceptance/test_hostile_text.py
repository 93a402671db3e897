"""Hostile text in every string of the real specs: a diagnostic with a place, or a value that nothing executes.

Each scalar of each spec is replaced in turn. Those that the language accepts are then put in all at once, the
facility is compiled, and every script runs in bash, where a file called PWNED would betray an execution.
"""

from __future__ import annotations

import ast
import copy
import datetime as dt
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from afspec.compiler import Frontend, Site, compile_site
from afspec.diagnostics import AfspecError
from afspec.source import Loader, to_plain

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]
TODAY = dt.date(2026, 11, 22)
# No single payload breaks out of every context: each ends what another leaves open.
PAYLOADS = (
    """x'"$(touch PWNED)`touch PWNED`;touch PWNED;\\ #&|>PWNED<""",
    "'; touch PWNED; echo '",
    '"; touch PWNED; echo "',
    "$(touch PWNED)",
)
REFUSED = (
    "{{ 7 * 7 }}",
    "{% raw %}",
    "<% exit %>",
    "a\nb: touch PWNED",
    "a\x00b",
    "\x1b[2J",
    "x\u2028y",
    "../../etc/passwd\x7f",
)

Path_ = tuple[str | int, ...]


def merged(name: str, folder: str = "sites") -> dict[str, Any]:
    """A real spec with its bases merged in, as plain data that stands alone."""
    data: dict[str, Any] = to_plain(Loader().load(str(ROOT / "specs" / folder / f"{name}.yaml")).root)
    data.pop("extends", None)
    return data


def strings(value: Any, path: Path_ = ()) -> Iterator[Path_]:
    if isinstance(value, dict):
        for key, part in value.items():
            yield from strings(part, (*path, key))
    elif isinstance(value, list):
        for index, part in enumerate(value):
            yield from strings(part, (*path, index))
    elif isinstance(value, str):
        yield path


def replaced(data: dict[str, Any], paths: list[Path_], text: str) -> dict[str, Any]:
    changed = copy.deepcopy(data)
    for path in paths:
        node: Any = changed
        for part in path[:-1]:
            node = node[part]
        node[path[-1]] = text
    return changed


def accepted(data: dict[str, Any], path: Path_, text: str, folder: Path) -> bool:
    """Whether the language takes `text` there; where it does not, the diagnostic must have a place in the file."""
    spec = folder / "spec.yaml"
    spec.write_text(json.dumps(replaced(data, [path], text)), encoding="utf-8")
    try:
        Frontend(TODAY).check(str(spec))
    except AfspecError as error:
        places = [diagnostic.span for diagnostic in error.diagnostics if diagnostic.is_error]
        assert places
        assert all(span is not None and span.file == str(spec) for span in places)
        return False
    return True


@pytest.mark.parametrize("text", REFUSED)
def test_marks_and_control_characters_are_refused_everywhere(text: str, tmp_path: Path) -> None:
    data = merged("slac")
    assert [path for path in strings(data) if accepted(data, path, text, tmp_path)] == []


def stubs(folder: Path) -> Path:
    """Commands that the scripts call and this machine lacks: they take note of nothing and succeed."""
    folder.mkdir()
    for name in (
        "apptainer",
        "voms-proxy-init",
        "voms-proxy-info",
        "sbatch",
        "srun",
        "sacctmgr",
        "condor_submit",
        "scontrol",
    ):
        stub = folder / name
        stub.write_text("#!/bin/sh\nexit 0\n", encoding="ascii")
        stub.chmod(0o755)
    return folder


def run_script(script: Path, home: Path, path: Path) -> None:
    """Run a script for what it executes on the way; that it may fail for want of a facility does not matter."""
    environment = {
        "PATH": f"{path}:{os.environ['PATH']}",
        "HOME": str(home),
        "TMPDIR": str(home),
        "AF_INPUT_TIMEOUT": "10",
    }
    if script.name == "setup.sh":
        calls = "for f in $(compgen -A function | grep -E '^(af_|jupyter|setupATLAS)'); do $f a b </dev/null; done"
        command = ["bash", "-c", f'source "$1"; {calls}; echo all called', "bash", str(script)]
    else:
        command = ["bash", str(script), "true"]
    done = subprocess.run(command, cwd=home, env=environment, capture_output=True, text=True, check=False, timeout=120)
    assert script.name != "setup.sh" or "all called" in done.stdout
    assert "syntax error" not in done.stderr
    assert "unexpected EOF" not in done.stderr


@pytest.mark.parametrize("payload", PAYLOADS)
@pytest.mark.parametrize("name", ["bnl", "slac", "uchicago", "local"])
def test_nothing_executes(name: str, payload: str, tmp_path: Path) -> None:
    data = merged(name)
    taken = [path for path in strings(data) if accepted(data, path, payload, tmp_path)]
    assert taken, "titles and notes take any line of text"
    spec = tmp_path / "spec.yaml"
    spec.write_text(json.dumps(replaced(data, taken, payload)), encoding="utf-8")
    compile_site(Site(str(spec), str(tmp_path / "build")), Frontend(TODAY).check(str(spec)))
    build = tmp_path / "build" / name
    home = tmp_path / "home"
    home.mkdir()
    path = stubs(tmp_path / "bin")
    scripts = sorted(build.rglob("*.sh"))
    assert scripts
    for script in scripts:
        subprocess.run(["bash", "-n", script], check=True)
        run_script(script, home, path)
    for module in build.rglob("*.py"):
        subprocess.run([sys.executable, "-c", f"import ast; ast.parse(open({str(module)!r}).read())"], check=True)
    assert list(tmp_path.rglob("PWNED")) == []


@pytest.mark.parametrize("payload", PAYLOADS)
@pytest.mark.parametrize("name", ["bnl", "slac", "slac-2023", "local"])
def test_what_twins_are_started_from_stays_what_it_is(name: str, payload: str, tmp_path: Path) -> None:
    """Files that install and start things are not run here: they are parsed by what would run them."""
    data = merged(name, "twin")
    taken = [path for path in strings(data) if accepted(data, path, payload, tmp_path)]
    assert taken
    spec = tmp_path / "spec.yaml"
    spec.write_text(json.dumps(replaced(data, taken, payload)), encoding="utf-8")
    compile_site(Site(str(spec), str(tmp_path / "build")), Frontend(TODAY).check(str(spec)))
    build = tmp_path / "build" / name
    for script in build.rglob("*.sh"):
        subprocess.run(["bash", "-n", script], check=True)
    for module in build.rglob("*.py"):
        names = {node.id for node in ast.walk(ast.parse(module.read_text())) if isinstance(node, ast.Name)}
        assert not names & {"touch", "PWNED"}
    templates = list(build.rglob("*.erb"))
    if templates and shutil.which("ruby") is None:
        assert "CI" not in os.environ, "CI must have Ruby"
        pytest.skip("no Ruby here")
    for template in templates:
        compiled = ["ruby", "-rerb", "-e", "print ERB.new(ARGF.read, trim_mode: '-').src", str(template)]
        source = subprocess.run(compiled, capture_output=True, text=True, check=True).stdout
        subprocess.run(["ruby", "-c"], input=source, capture_output=True, text=True, check=True)
        assert "touch PWNED" not in "".join(line for line in source.splitlines() if "_erbout.<<" not in line)


@pytest.mark.parametrize("payload", PAYLOADS)
def test_ssh_runs_no_command_of_ours(payload: str, tmp_path: Path) -> None:
    if shutil.which("ssh") is None:
        assert "CI" not in os.environ, "CI must have an OpenSSH client"
        pytest.skip("no OpenSSH client here")
    data = merged("slac")
    taken = [path for path in strings(data) if accepted(data, path, payload, tmp_path)]
    spec = tmp_path / "spec.yaml"
    spec.write_text(json.dumps(replaced(data, taken, payload)), encoding="utf-8")
    compile_site(Site(str(spec), str(tmp_path / "build")), Frontend(TODAY).check(str(spec)))
    config = tmp_path / "build" / "slac" / "ssh" / "config"
    done = subprocess.run(
        ["ssh", "-G", "-F", config, "slac-iana"], capture_output=True, text=True, check=True, cwd=tmp_path
    )
    settings = dict(line.split(" ", 1) for line in done.stdout.splitlines() if " " in line)
    assert settings["hostname"] == "iana"
    assert "proxycommand" not in settings
    assert "localcommand" not in settings
    assert list(tmp_path.rglob("PWNED")) == []

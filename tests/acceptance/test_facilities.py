"""The real facilities: they compile, their scripts are sound, and the 2023 matrix is the talk's table."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import jsonschema
import pytest
import yaml

from afspec.source import to_plain
from afspec.source.parser import parse
from afspec.source.text import decode
from afspec.verify import Compiled, State, verify
from afspec.verify.registry import all_checks

ROOT = Path(__file__).parents[2]
COMMANDS = Path(sys.executable).parent
FACILITIES = ("bnl", "uchicago", "slac", "local")
TWINS = ("bnl", "slac", "slac-2023", "local")
COLUMNS = (
    "federated_login",
    "batch",
    "orchestration",
    "dask",
    "jupyterhub",
    "custom_images",
    "coffea_casa",
    "servicex",
    "gpus",
    "triton",
)
# The closing table of the talk of 4 May 2023, "Summary: Services at a glance".
DECK = {
    "bnl": "yes HTCondor OKD yes yes yes no yes yes no",
    "uchicago": "yes HTCondor Kubernetes yes yes no yes yes yes yes",
    "slac": "no SLURM Kubernetes yes yes yes no no yes no",
}


def afspec(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = [str(COMMANDS / "afspec"), *(str(argument) for argument in arguments)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def build(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The four facilities, compiled by one command."""
    folder = tmp_path_factory.mktemp("build")
    done = afspec("compile", *(f"sites/{name}.yaml" for name in FACILITIES), "-o", folder)
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture(scope="module")
def miniatures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the twins are started from."""
    folder = tmp_path_factory.mktemp("miniatures")
    done = afspec("compile", *(f"twin/{name}.yaml" for name in TWINS), "-o", folder)
    assert done.returncode == 0, done.stderr
    return folder


def test_2023_matrix_is_the_talks_table() -> None:
    done = afspec("matrix", *(f"sites/2023/{name}.yaml" for name in DECK), "--format", "json")
    assert done.returncode == 0, done.stderr
    matrix = json.loads(done.stdout)
    shown = {site: [cells[column]["value"] for column in COLUMNS] for site, cells in matrix.items()}
    # The talk writes SLURM in capitals; every other cell is compared as it stands.
    expected = {site: row.replace("SLURM", "Slurm").split() for site, row in DECK.items()}
    assert shown == expected
    for cells in matrix.values():
        assert {cell["stance"] for cell in cells.values()} <= {"promised", "not_promised"}


@pytest.mark.parametrize(
    "name",
    [
        *(f"sites/{name}" for name in FACILITIES),
        *(f"sites/2023/{name}" for name in DECK),
        *(f"twin/{name}" for name in TWINS),
    ],
)
def test_every_spec_is_valid(name: str) -> None:
    done = afspec("validate", f"{name}.yaml", "--as-of", "2026-11-22")
    assert done.returncode == 0, done.stderr
    assert "error[" not in done.stderr


@pytest.mark.parametrize("path", sorted((ROOT / "specs").rglob("*.yaml")), ids=lambda path: path.stem)
def test_editors_accept_every_spec(path: Path) -> None:
    """What the first line of each file names is the schema that fits it, before any base is merged in."""
    source = decode(str(path), path.read_bytes())
    modeline = re.match(r"# yaml-language-server: \$schema=(\S+)\n", source.text)
    assert modeline, "the first line tells the editor where the schema is"
    schema = json.loads((path.parent / modeline[1]).read_text(encoding="ascii"))
    root = parse(source).root
    assert root is not None
    jsonschema.validate(to_plain(root), schema, cls=jsonschema.Draft202012Validator)


@pytest.mark.parametrize("name", FACILITIES)
def test_scripts_pass_shellcheck_and_bash(build: Path, name: str) -> None:
    check_scripts(build / name)


@pytest.mark.parametrize("name", TWINS)
def test_scripts_of_miniatures_pass_shellcheck_and_bash(miniatures: Path, name: str) -> None:
    check_scripts(miniatures / name)


def check_scripts(folder: Path) -> None:
    own = [check for check in all_checks() if check.name in {"bash", "shellcheck"}]
    report = verify(Compiled.read(folder), own)
    assert [verdict.state for verdict in report.verdicts] == [State.FINE] * len(own), report.diagnostics()


@pytest.mark.parametrize("name", FACILITIES)
def test_setup_runs_with_an_empty_home(build: Path, name: str, tmp_path: Path) -> None:
    setup = build / name / "user-setup" / "setup.sh"
    environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path)}
    command = ["bash", "-euo", "pipefail", "-c", f"source {setup}; source {setup}; declare -F af_check"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["af_check"]


def test_jobs_and_shells_share_one_pulled_image(build: Path, tmp_path: Path) -> None:
    """What af_pull stored is what a container job looks for: the two generators must name it alike."""
    setup, job = build / "slac/user-setup/setup.sh", build / "slac/slurm/roma/container.sh"
    environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "USER": "somebody"}
    reference = "hub.opensciencegrid.org/iris-hep/analysis-systems-base:2022-12-15"
    line = next(line for line in job.read_text(encoding="ascii").splitlines() if "local file=" in line)
    stored = ["bash", "-c", f'source "$1"; af__sif {reference}', "bash", str(setup)]
    looked_for = ["bash", "-c", f'{line.strip().removeprefix("local ")}; printf "%s\\n" "$file"']
    found = [
        subprocess.run(command, env=environment, capture_output=True, text=True, check=True, cwd=tmp_path).stdout
        for command in (stored, looked_for)
    ]
    assert found[0] == found[1]
    assert found[0].startswith("/sdf/data/atlas/u/somebody/")


@pytest.mark.parametrize("name", FACILITIES)
def test_a_second_compile_changes_nothing(build: Path, name: str) -> None:
    done = afspec("compile", f"sites/{name}.yaml", "-o", build, "--check")
    assert done.returncode == 0, done.stdout
    assert "unchanged" in done.stdout


@pytest.mark.parametrize("name", FACILITIES)
def test_yaml_and_python_outputs_load(build: Path, name: str) -> None:
    check_data(build / name)


@pytest.mark.parametrize("name", TWINS)
def test_yaml_and_python_outputs_of_miniatures_load(miniatures: Path, name: str) -> None:
    check_data(miniatures / name)


def check_data(folder: Path) -> None:
    for path in folder.rglob("*.json"):
        assert isinstance(json.loads(path.read_text(encoding="ascii")), dict), path
    for path in folder.rglob("*.yaml"):
        documents = list(yaml.load_all(path.read_text(encoding="ascii"), Loader=yaml.CSafeLoader))
        assert documents, path
        assert all(isinstance(document, dict) for document in documents), path
    for path in folder.rglob("*.py"):
        compile(path.read_text(encoding="ascii"), str(path), "exec")


def test_operators_find_their_own_words(build: Path) -> None:
    """What an operator of the site would look for first."""
    roma = (build / "slac/slurm/roma/cpu.sh").read_text(encoding="ascii")
    assert "--account=atlas:usatlas" in roma
    assert "--partition=roma" in roma
    bnl = "\n".join(path.read_text(encoding="ascii") for path in (build / "bnl/htcondor").rglob("*.sub"))
    assert "group_atlas." in bnl
    assert "x509userproxy = $ENV(X509_USER_PROXY" in bnl
    short = (build / "uchicago/htcondor/short/cpu.sub").read_text(encoding="ascii")
    assert '+queue = "short"' in short
    ssh = (build / "slac/ssh/config").read_text(encoding="ascii")
    assert "s3dflogin-mfa.slac.stanford.edu" in ssh

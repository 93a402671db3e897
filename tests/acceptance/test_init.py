"""`afspec init` as people and scripts use it: what it asks, what it writes, what it leaves alone."""

from __future__ import annotations

import os
import pty
import re
import select
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner
from support import AS_OF, codes, until

from afspec.cli import cli
from afspec.compiler import Frontend

if TYPE_CHECKING:
    from click.testing import Result

ANSWERS = """\
title: "Nebraska: an analysis facility"
organisation: "yes"
declared_by: public_documents
ssh_host: login.example.org
scheduler: slurm
slots: roma
cores: 128
memory: 480 GB
walltime: 72 h
gpu: a100
gpus_per_node: 4
runtime: apptainer
image_policy: any
jupyter: open_ondemand
dask: jobqueue
home: /home/<user>
scratch: /scratch/<user>
services: [triton]
cluster: okd
triton_url: http://triton.example.org:8000
login: cilogon
federated: true
identity_providers: [CERN, home institutions]
mfa: none
source: The facility's pages
source_date: 2026-03
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "answers.yaml").write_text(ANSWERS)
    return tmp_path


def run(*arguments: str) -> Result:
    done = CliRunner().invoke(cli, ["init", *arguments])
    assert done.exception is None or isinstance(done.exception, SystemExit), repr(done.exception)
    return done


def files(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()} - {"answers.yaml"}


@pytest.mark.usefixtures("folder")
class TestWithAnswers:
    def test_spec_validates_and_compiles(self, folder: Path) -> None:
        done = run("nebraska", "--answers", "answers.yaml")
        assert done.exit_code == 0, done.stderr
        assert done.stdout.startswith("wrote specs/sites/nebraska.yaml: valid, 2 warnings\n")
        assert "afspec compile sites/nebraska.yaml" in done.stdout
        # Nobody said what Triton's pods run, nor where its models are.
        assert codes(list(Frontend(AS_OF).check("specs/sites/nebraska.yaml").warnings)) == ["AF3972", "AF3972"]
        compiled = CliRunner().invoke(cli, ["compile", "sites/nebraska.yaml"])
        assert compiled.exit_code == 0, compiled.stderr
        scripts = list((folder / "build/nebraska").rglob("*.sh"))
        assert len(scripts) > 2
        for script in scripts:
            assert subprocess.run(["bash", "-n", script], check=False).returncode == 0

    def test_facts_find_nothing_without_a_source(self) -> None:
        run("nebraska", "--answers", "answers.yaml")
        said = CliRunner().invoke(cli, ["facts", "sites/nebraska.yaml", "--as-of", "2026-11-22"]).stdout
        assert "0 promises without a source" in said
        assert "covered by no source" not in said

    def test_set_wins_over_the_file(self) -> None:
        run("x", "--answers", "answers.yaml", "--set", "cores=64", "-o", "x.yaml")
        facility = Frontend(AS_OF).check("x.yaml").facility
        assert [slots.cores for pool in facility.batch for slots in pool.slots] == [64]
        assert facility.organisation == "yes"

    def test_errors_are_shown_in_the_file_and_nothing_is_written(self, folder: Path) -> None:
        Path("answers.yaml").write_text("cores: 4\nscheduler: slum\nmemory: 4\n")
        done = run("x", "--answers", "answers.yaml")
        assert done.exit_code == 1
        assert "--> answers.yaml:2:12" in done.stderr
        assert "Did you mean `slurm`?" in done.stderr
        assert "`cores` is not asked beside the other answers" in done.stderr
        assert files(folder) == set()

    def test_key_that_is_no_question(self) -> None:
        done = run("x", "--defaults", "--set", "memry=4 GB")
        assert done.exit_code == 1
        assert "Did you mean `memory`?" in done.stderr

    def test_the_form_that_is_printed_can_be_given_back(self) -> None:
        Path("form.yaml").write_text(run("--questions").stdout)
        done = run("x", "--answers", "form.yaml")
        assert done.exit_code == 0
        assert "left out: organisation," in done.stdout
        assert Frontend(AS_OF).check("specs/sites/x.yaml").facility.title == "x"


@pytest.mark.usefixtures("folder")
class TestFile:
    def test_file_that_is_there_stays(self) -> None:
        Path("x.yaml").write_text("mine")
        done = run("x", "--defaults", "-o", "x.yaml")
        assert (done.exit_code, Path("x.yaml").read_text()) == (4, "mine")
        assert "AF4006" in done.stderr
        assert run("x", "--defaults", "-o", "x.yaml", "--force").exit_code == 0
        assert Path("x.yaml").read_text().startswith("# yaml-language-server: $schema=specs/facility.schema.json\n")

    def test_broken_link_is_not_written_through(self, folder: Path) -> None:
        Path("x.yaml").symlink_to(folder / "elsewhere")
        assert run("x", "--defaults", "-o", "x.yaml").exit_code == 4
        assert not (folder / "elsewhere").exists()

    def test_pipe_is_not_replaced_by_force(self, folder: Path) -> None:
        os.mkfifo("pipe")
        done = run("x", "--defaults", "-o", "pipe", "--force")
        assert done.exit_code == 4
        assert "not an ordinary file: pipe" in done.stderr
        assert (folder / "pipe").is_fifo()
        assert files(folder) == set()

    def test_folder_as_output(self, folder: Path) -> None:
        run("x", "--defaults", "-o", "specs/twin/")
        assert files(folder) == {"specs/twin/x.yaml"}

    def test_folder_that_cannot_be_made(self) -> None:
        Path("specs").write_text("a file")
        done = run("x", "--defaults")
        assert done.exit_code == 4
        assert "AF4008" in done.stderr

    def test_base_is_built_on(self) -> None:
        base = Path("specs/base/one.yaml")
        base.parent.mkdir(parents=True)
        base.write_text("afspec: 1\nforum: https://forum.example.org\n")
        assert run("x", "--defaults", "--extends", "../base/one.yaml").exit_code == 0
        assert Frontend(AS_OF).check("specs/sites/x.yaml").facility.forum == "https://forum.example.org"

    def test_base_that_is_not_there(self, folder: Path) -> None:
        done = run("x", "--defaults", "--extends", "../base/none.yaml")
        assert done.exit_code == 1
        assert "--> specs/sites/x.yaml:" in done.stderr
        assert "extends: [../base/none.yaml]" in done.stderr
        assert files(folder) == set()

    @pytest.mark.parametrize("name", ["../x", "a b", "", "-", ".x", "a/b", "x" * 64])
    def test_name_must_be_one(self, folder: Path, name: str) -> None:
        done = run("--defaults", "--", name)
        assert done.exit_code == 2
        assert files(folder) == set()


@pytest.mark.usefixtures("folder")
class TestUsage:
    def test_without_a_terminal_and_without_answers(self) -> None:
        done = run("x")
        assert done.exit_code == 2
        assert "--answers FILE" in done.stderr

    def test_without_a_name(self) -> None:
        assert run("--defaults").exit_code == 2

    def test_set_without_a_value(self) -> None:
        assert run("x", "--defaults", "--set", "cores").exit_code == 2


class Terminal:
    """A person at a terminal, of 80 columns unless it is said otherwise."""

    def __init__(self, folder: Path, *arguments: str, columns: int = 80) -> None:
        self.ours, theirs = pty.openpty()
        kept = {key: value for key, value in os.environ.items() if key not in {"NO_COLOR", "LINES"}}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "afspec", "init", *arguments],
            cwd=folder,
            env={**kept, "TERM": "xterm", "COLUMNS": str(columns)},
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            start_new_session=True,
        )
        os.close(theirs)
        self.shown = ""

    def until(self, text: str = "") -> str:
        """What is shown until `text` is, or until the end."""
        seen = ""
        while not text or text not in seen:
            if not select.select([self.ours], [], [], 60)[0]:
                raise TimeoutError(self.shown)
            try:
                part = os.read(self.ours, 65536)
            except OSError:  # the other side has closed
                break
            if not part:
                break
            seen += part.decode()
            self.shown += part.decode()
        return seen

    def waits(self) -> bool:
        """Whether the command sleeps: it waits for an answer."""
        return Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()[0] == "S"

    def say(self, line: str) -> None:
        os.write(self.ours, f"{line}\n".encode())

    def end(self) -> int:
        self.until()
        os.close(self.ours)
        return self.process.wait()


def test_a_person_is_asked_again_with_the_reason(folder: Path) -> None:
    person = Terminal(folder, "nebraska")
    for prompt, answer in (
        ("title [nebraska]:", "Nebraska"),
        ("organisation [unknown]:", ""),
        ("declared_by [site]:", ""),
        ("contact [unknown]:", "help"),
        ("e-mail address or a URL.", ""),
        ("docs [unknown]:", ""),
        ("ssh_host [unknown]:", "login.example.org"),
        ("bastion [unknown]:", ""),
        ("scheduler [unknown]:", "condor"),
        ("Did you mean", "htcondor"),
    ):
        person.until(prompt)
        person.say(answer)
    for key in ("account", "slots", "walltime", "gpu", "cvmfs", "runtime", "jupyter", "dask"):
        person.until(f"{key} [unknown]:")
        person.say("")
    for key in ("home", "data", "scratch", "services"):
        person.until(f"{key} [unknown]:")
        person.say("")
    person.until("login [unknown]:")
    person.say("ssh-key")
    for prompt in ("federated [unknown]:", "mfa [unknown]:", "opens [ssh, batch]:", "source [unknown]:"):
        person.until(prompt)
        person.say("")
    assert person.end() == 0
    facility = Frontend(AS_OF).check(str(folder / "specs/sites/nebraska.yaml")).facility
    assert (facility.title, facility.contact) == ("Nebraska", None)
    assert [login.opens for login in facility.logins] == [("ssh", "batch")]
    plain = re.sub(r"\x1b\[[0-9;]*m", "", person.shown)
    assert all(len(line) <= 80 for line in plain.splitlines() if not line.startswith("  afspec"))


def test_a_terminal_of_one_column(folder: Path) -> None:
    person = Terminal(folder, "nebraska", columns=1)
    assert "A few questions" in person.until("title [nebraska]:")
    os.write(person.ours, b"\x04")
    assert person.end() == 130


@pytest.mark.parametrize("how", ["interrupt", "end of input"])
def test_a_person_who_leaves_leaves_nothing(folder: Path, how: str) -> None:
    person = Terminal(folder, "nebraska")
    person.until("title [nebraska]:")
    if how == "interrupt":
        # A signal between the prompt and the read would only be seen when the read ends.
        assert until(person.waits)
        person.process.send_signal(signal.SIGINT)
    else:
        os.write(person.ours, b"\x04")
    assert person.end() == 130
    assert "nothing was written" in person.shown
    assert files(folder) == set()
    assert not (folder / "specs").exists()

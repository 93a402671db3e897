"""`afspec report` from the command line, on bundles of the real specs and the real catalogue."""

from __future__ import annotations

import datetime as dt
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from afspec import reports, twins
from afspec.report import bundle
from afspec.report.attempts import checked
from afspec.report.conclude import conclude
from afspec.report.model import (
    Attempt,
    Counts,
    Digested,
    EvidenceRef,
    Report,
    Result,
    Run,
    Summary,
    Tool,
)
from afspec.report.plain import digest, render, sha256
from afspec.verdict import Outcome, SiteWord, Verdict

if TYPE_CHECKING:
    from afspec.report.model import CheckResult

ROOT = Path(__file__).parents[2]
AFSPEC = Path(sys.executable).with_name("afspec")
NOW = dt.datetime.now(tz=dt.UTC).replace(microsecond=0) - dt.timedelta(hours=2)


def report(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = [str(AFSPEC), "report", *map(str, arguments)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=120)


class Site:
    """Makes bundles as a run would: everything required is in it, and only what is told has an outcome."""

    def __init__(self, name: str, *, twin: bool = False) -> None:
        found = twins.find(name if twin else f"sites/{name}.yaml")
        self.spec = found.data
        self.twin = twin
        self.required = reports.required_of(found.facility, None)

    def put(self, folder: Path, run: str, outcome: Outcome, when: dt.datetime = NOW, text: str = "seen") -> Path:
        """A bundle in which every check of what is offered came out so; nothing was asked where that is NOT_RUN."""
        evidence: dict[str, bytes] = {}

        def check(requirement: str, item: str, name: str, test: str) -> CheckResult:
            if outcome is Outcome.NOT_RUN:
                return checked(name, test)
            claims = [{"what": "it works", "passed": outcome is Outcome.PASS}]
            said = {"check": name, "item": item, "outcome": outcome.value, "text": text, "assertions": claims}
            data = render(said | {"steps": [{"command": ["echo", "a b"]}]})
            file = f"evidence/{requirement}/{digest(item)[:12]}.{name}.1.json"
            evidence[file] = data
            ref = EvidenceRef(file=file, sha256=sha256(data), bytes=len(data))
            at = when - dt.timedelta(seconds=9)
            return checked(
                name, test, [Attempt(at=at, seconds=1, outcome=outcome, text=text, assertions=1, evidence=(ref,))]
            )

        results = tuple(
            Result(
                requirement=due.requirement,
                item=due.item,
                pointer=due.pointer,
                promise=due.promise,
                declared=due.declared,
                applicable=due.applicable,
                context=due.context,
                checks=tuple(check(due.requirement, due.item, *each) for each in due.checks),
                verdict=Verdict.UNVERIFIED,
                decides=False,
                run=run,
            )
            for due in self.required.due
        )
        draft = Report(
            site=self.required.site,
            title=self.required.title,
            label=self.required.label,
            environment="twin" if self.twin else "site",
            spec=Digested(name=self.required.site, sha256=digest(self.spec)),
            catalogue=Digested(name="afspec", sha256=self.required.catalogue),
            generated=when,
            runs=(
                Run(
                    id=run,
                    started=when - dt.timedelta(minutes=1),
                    finished=when,
                    vantages=("session",),
                    max_safety="touch",
                    partial=("not asked from outside",) if outcome is Outcome.NOT_RUN else (),
                    tool=Tool(version="0", python="3.11", pytest="9"),
                ),
            ),
            summary=Summary(name="", word=SiteWord.NOT_DEMONSTRATED, counts=Counts()),
            exit_code=0,
            requirements=self.required.rows,
            results=results,
        )
        bundle.write(folder, conclude(draft, self.required.profiles), self.spec, evidence)
        return folder


SLAC = Site("slac")
TWIN = Site("slac", twin=True)


@pytest.fixture
def works(tmp_path: Path) -> Path:
    return SLAC.put(tmp_path / "works", "r1", Outcome.PASS)


def test_what_holds_is_said_to_hold(works: Path) -> None:
    done = report("verify", works)
    assert done.returncode == 0, done.stderr
    assert "the report of slac holds: conformant; unsigned" in done.stdout
    data = json.loads(report("verify", works, "--json").stdout)
    assert (data["holds"], data["signed"], data["word"]) == (True, False, "conformant")


def test_a_twin_is_held_against_its_own_spec(tmp_path: Path) -> None:
    folder = TWIN.put(tmp_path / "twin", "r1", Outcome.PASS)
    done = report("verify", folder)
    assert done.returncode == 0, done.stderr
    assert "twin of slac" in done.stdout
    data = json.loads((folder / "report.json").read_text()) | {"environment": "site"}
    (folder / "report.json").write_text(json.dumps(data))
    done = report("verify", folder)
    assert done.returncode == 1
    assert "it is about another spec of slac" in done.stderr


def test_a_trimmed_bundle_is_refused(works: Path) -> None:
    path = works / "report.json"
    data = json.loads(path.read_text())
    gone = data["results"].pop()
    for check in gone["checks"]:
        for attempt in check["attempts"]:
            for ref in attempt["evidence"]:
                (works / ref["file"]).unlink()
    again = conclude(Report.model_validate(data), SLAC.required.profiles)
    path.write_bytes(render(again.model_dump(mode="json")))
    done = report("verify", works)
    assert done.returncode == 1
    assert f"{gone['requirement']}" in done.stderr
    assert "is required and missing" in done.stderr
    for command, *more in (("sign", "--key", works), ("add", "--history", works), ("export", "--format", "badge")):
        used = report(str(command), works, *map(str, more))
        assert used.returncode == 1
        assert "is refused" in used.stderr


def test_a_smaller_spec_is_refused_unless_it_is_named(works: Path, tmp_path: Path) -> None:
    done = report("verify", works, "--spec", "sites/bnl.yaml")
    assert done.returncode == 1
    assert "another spec" in done.stderr
    assert report("verify", works, "--spec", "sites/slac.yaml").returncode == 0
    assert report("verify", works, "--spec", tmp_path / "absent.yaml").returncode == 1


def test_a_spec_with_errors_is_refused(works: Path) -> None:
    spec = json.loads((works / "spec.json").read_text()) | {"colour": "blue"}
    (works / "spec.json").write_text(json.dumps(spec))
    done = report("verify", works)
    assert done.returncode == 1
    assert "its spec has errors: unknown key `colour`" in done.stderr


@pytest.mark.parametrize("command", ["show", "verify"])
def test_no_bundle_is_said(tmp_path: Path, command: str) -> None:
    done = report(command, tmp_path / "absent")
    assert done.returncode == 1
    assert "no such bundle" in done.stderr
    assert "report.json" in done.stderr


def test_signed_and_verified(works: Path, tmp_path: Path) -> None:
    key = tmp_path / "key"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key], check=True, stdin=subprocess.DEVNULL)
    signers = tmp_path / "allowed"
    signers.write_text(f'slac namespaces="afspec-report" {key.with_suffix(".pub").read_text()}')
    needed = ("--allowed-signers", signers, "--require-signature")
    assert "it is unsigned" in report("verify", works, *needed).stderr
    assert report("sign", works, "--key", key).returncode == 0
    done = report("verify", works, *needed)
    assert done.returncode == 0, done.stderr
    assert "signed by slac" in done.stdout
    signers.write_text(signers.read_text().replace("slac", "bnl"))
    done = report("verify", works, *needed)
    assert done.returncode == 1
    assert "signature refused" in done.stderr
    assert report("verify", works, "--require-signature").returncode == 2


def test_merged_runs_hold(tmp_path: Path) -> None:
    old = SLAC.put(tmp_path / "old", "ra", Outcome.PASS, NOW - dt.timedelta(hours=1))
    new = SLAC.put(tmp_path / "new", "rb", Outcome.NOT_RUN)
    done = report("merge", tmp_path / "whole", new, old)
    assert done.returncode == 0, done.stderr
    assert "conformant, of 2 runs" in done.stdout
    assert report("verify", tmp_path / "whole").returncode == 0
    done = report("merge", tmp_path / "bad", old, TWIN.put(tmp_path / "twin", "rc", Outcome.PASS))
    assert done.returncode == 1
    assert "of another environment" in done.stderr
    assert not (tmp_path / "bad").exists()


def test_compared(works: Path, tmp_path: Path) -> None:
    fails = SLAC.put(tmp_path / "fails", "r2", Outcome.FAIL)
    done = report("compare", works, fails)
    assert done.returncode == 1
    assert "conformant -> non-conformant" in done.stdout
    assert "verified -> broken" in done.stdout
    data = json.loads(report("compare", fails, works, "--json").stdout)
    assert data["worse"] is False
    assert {change["kind"] for change in data["changes"]} == {"better"}
    assert report("compare", works, works).returncode == 0


def test_shown(works: Path, tmp_path: Path) -> None:
    done = report("show", SLAC.put(tmp_path / "fails", "r2", Outcome.FAIL, text="no\x1b[31m such queue"))
    assert done.returncode == 0
    assert done.stdout.startswith("slac: non-conformant\n")
    assert "broken: AF-" in done.stdout
    assert "\x1b" not in done.stdout
    assert json.loads(report("show", works, "--json").stdout)["summary"]["word"] == "conformant"
    assert "verified: AF-" in report("show", works, "--all").stdout


def test_exported(works: Path, tmp_path: Path) -> None:
    for form in ("junit", "intoto", "nagios", "prometheus", "badge"):
        done = report("export", works, "--format", form)
        assert done.returncode == 0, done.stderr
        assert "slac" in done.stdout
        assert report("export", works, "--format", form, "-o", tmp_path / form).stdout == ""
        assert (tmp_path / form).read_text() == done.stdout
    fails = SLAC.put(tmp_path / "fails", "r2", Outcome.FAIL)
    assert report("export", fails, "--format", "nagios").returncode == 2


def test_on_record_and_on_pages(tmp_path: Path) -> None:
    folder = tmp_path / "reports"
    SLAC.put(folder / "sites/slac", "r1", Outcome.NOT_RUN)
    TWIN.put(folder / "twins/slac", "r2", Outcome.PASS)
    for kind in ("sites", "twins"):
        done = report("add", folder / kind / "slac", "--history", folder / "history")
        assert "wrote" in done.stdout, done.stderr
    assert "on record already" in report("add", folder / "sites/slac", "--history", folder / "history").stdout
    (folder / "annotations").mkdir()
    (folder / "annotations/slac.yaml").write_text(
        "- {site: slac, date: 2026-11-22, kind: reply, author: S3DF, text: Nobody asked us yet.}\n"
    )
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    done = report("html", folder, "-o", tmp_path / "pages")
    assert done.returncode == 0, done.stderr
    assert {path: path.read_bytes() for path in before} == before
    assert "Nobody asked us yet." in (tmp_path / "pages/site-slac.html").read_text()
    twin = (tmp_path / "pages/twins/site-slac.html").read_text()
    assert "Nobody asked us yet." not in twin


def test_a_twin_among_the_sites_is_refused(tmp_path: Path) -> None:
    TWIN.put(tmp_path / "reports/sites/slac", "r2", Outcome.PASS)
    done = report("html", tmp_path / "reports", "-o", tmp_path / "pages")
    assert done.returncode == 1
    assert "twin" in done.stderr
    assert not (tmp_path / "pages").exists()


def test_pages_of_what_does_not_hold_are_refused(tmp_path: Path) -> None:
    folder = SLAC.put(tmp_path / "reports/sites/slac", "r1", Outcome.PASS)
    (folder / "evidence/more.json").write_text("{}")
    done = report("html", tmp_path / "reports", "-o", tmp_path / "pages")
    assert done.returncode == 1
    assert "is not named by the report" in done.stderr
    assert report("html", tmp_path / "reports", "-o", tmp_path / "pages", "--no-verify").returncode == 0


@pytest.mark.parametrize("command", ["show", "verify", "sign", "merge", "compare", "add", "export", "html"])
def test_help_teaches(command: str) -> None:
    done = report(command, "--help")
    assert done.returncode == 0
    assert command in done.stdout
    assert len(done.stdout.splitlines()) > 6


def test_nothing_asks_the_network(works: Path) -> None:
    """Verifying works where there is no network at all."""
    script = "import socket, sys\ndef no(*a, **k): raise RuntimeError('network')\nsocket.socket.connect = no\n"
    script += "from afspec.cli import main\nsys.argv = ['afspec', 'report', 'verify', sys.argv[1]]\nmain()\n"
    done = subprocess.run([sys.executable, "-c", script, works], cwd=ROOT, check=False, env=os.environ, timeout=60)
    assert done.returncode == 0


def test_verifying_needs_no_pytest(works: Path) -> None:
    script = "import sys\nsys.modules['pytest'] = None\n"
    script += "from afspec.cli import main\nsys.argv = ['afspec', 'report', 'verify', sys.argv[1]]\nmain()\n"
    done = subprocess.run([sys.executable, "-c", script, works], cwd=ROOT, check=False, timeout=60)
    assert done.returncode == 0

"""The probes of software: CVMFS and the grid's clients are stand-ins in a session, and each fault is seen and said."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
from probed_site import Came, Probed

from afspec.verdict import Outcome, Reason

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

MOUNTED, SETUP, PROXY, RUCIO = (f"AF-SOFTWARE-00{number}" for number in range(1, 5))
REPOSITORY = "afspec.example.org"
CVMFS = f"cvmfs: {{stance: promised, repositories: [{REPOSITORY}]}}"
VOMS = "voms: {stance: promised, vo: atlas, attribute: atlas/usatlas}"
# What a client prints for each of its options, a proxy of US ATLAS by default.
PROXY_SAYS = {
    "exists": "exit 0",
    "vo": "echo atlas",
    "actimeleft": "echo 43000",
    "fqan": "echo /atlas/usatlas/Role=NULL/Capability=NULL; echo /atlas/Role=NULL/Capability=NULL",
}
# ATLASLocalRootBase, as far as it concerns a shell.
LOCAL_SETUP = 'lsetup() { PATH="$ATLAS_LOCAL_ROOT_BASE/$2:$PATH"; }\n'


class Session:
    """A session of a user, with commands of its own before those of this machine."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.commands = folder / "bin"
        self.root = folder / "alrb"
        for path in (self.commands, self.root / "user"):
            path.mkdir(parents=True)

    def command(self, name: str, script: str, where: str = "") -> None:
        path = (self.root / where if where else self.commands) / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)

    def proxy_info(self, where: str = "", **says: str) -> None:
        cases = "\n".join(f"-{option}) {script} ;;" for option, script in {**PROXY_SAYS, **says}.items())
        self.command("voms-proxy-info", f"case $1 in\n{cases}\nesac", where)

    def repository(self, files: str = "echo repo", source: str = "cvmfs2 fuse", fqrn: str = REPOSITORY) -> None:
        self.command("ls", files)
        self.command("df", f"echo Filesystem Type; echo {source}")
        self.command("getfattr", f"printf %s {fqrn}" if fqrn else "exit 1")

    def setup_atlas(self, script: str = LOCAL_SETUP) -> None:
        (self.root / "user/atlasLocalSetup.sh").write_text(script)

    def came(self, requirement: str, software: str, item: str = "") -> Came:
        environment: Mapping[str, str] = {"PATH": f"{self.commands}:{os.defpath}", "HOME": str(self.folder)}
        body = f"software:\n  stance: promised\n  {software}\n"
        return Probed(self.folder, body, session=environment).came(requirement, item)

    @property
    def declared(self) -> str:
        return f"setup_atlas: {{stance: promised, root: {self.root}}}"


@pytest.fixture
def session(tmp_path: Path) -> Session:
    return Session(tmp_path)


@pytest.mark.parametrize(
    ("source", "fqrn"),
    [("cvmfs2 fuse", REPOSITORY), ("cvmfs2 fuse", ""), ("/dev/fuse fuse", REPOSITORY)],
    ids=["both say so", "without getfattr", "by the client's word alone"],
)
def test_a_repository_that_is_mounted(session: Session, source: str, fqrn: str) -> None:
    session.repository(source=source, fqrn=fqrn)
    assert session.came(MOUNTED, CVMFS, REPOSITORY) == (Outcome.PASS, None, "")


def test_no_cvmfs_at_all(session: Session) -> None:
    """With this machine's own commands."""
    came = session.came(MOUNTED, CVMFS, REPOSITORY)
    assert came.outcome is Outcome.FAIL
    assert f"/cvmfs/{REPOSITORY} is there when a user looks" in came.text
    assert "No such file or directory" in came.text


@pytest.mark.parametrize(
    ("says", "words"),
    [
        ({"files": "exit 0"}, "is not empty: it holds nothing"),
        ({"files": "echo 'ls: Transport endpoint is not connected' >&2; exit 2"}, "Transport endpoint"),
        ({"source": "/dev/sda1 ext4", "fqrn": ""}, "is a file system of CernVM-FS: it is on ext4"),
        ({"fqrn": "other.example.org"}, f"is the repository {REPOSITORY}: other.example.org"),
    ],
    ids=["empty", "its client died", "a plain folder", "another repository"],
)
def test_a_repository_that_is_broken(session: Session, says: Mapping[str, str], words: str) -> None:
    session.repository(**says)
    came = session.came(MOUNTED, CVMFS, REPOSITORY)
    assert came.outcome is Outcome.FAIL
    assert words in came.text


def test_setup_atlas_of_the_declared_root(session: Session) -> None:
    session.setup_atlas()
    assert session.came(SETUP, session.declared) == (Outcome.PASS, None, "")


def test_setup_atlas_that_does_not_work(session: Session) -> None:
    came = session.came(SETUP, session.declared)
    assert came.outcome is Outcome.FAIL
    assert f"setupATLAS from {session.root} defines lsetup" in came.text
    assert "No such file or directory" in came.text
    session.setup_atlas("true\n")
    came = session.came(SETUP, session.declared)
    assert came.outcome is Outcome.FAIL
    assert "defines lsetup: " in came.text
    session.setup_atlas(f"ATLAS_LOCAL_ROOT_BASE=/elsewhere\n{LOCAL_SETUP}")
    came = session.came(SETUP, session.declared)
    assert came == (Outcome.FAIL, None, f"not so: it is that of {session.root}: /elsewhere")


def test_setup_atlas_rests_on_its_repository_alone(session: Session) -> None:
    roots = "/cvmfs/atlas.cern.ch/repo/ATLASLocalRootBase"
    software = (
        f"cvmfs: {{stance: promised, repositories: [atlas.cern.ch, {REPOSITORY}]}}\n  setup_atlas: {{stance: promised}}"
    )
    body = f"software:\n  stance: promised\n  {software}\n"
    probed = Probed(session.folder, body, session={})
    plan = probed.run.plan
    instance = plan.by_id[f"{SETUP}[]"]
    assert instance.subject.declared == roots
    assert [below.subject.item for below in plan.below(instance)] == ["atlas.cern.ch"]


def test_a_proxy_of_the_organisation(session: Session) -> None:
    session.proxy_info()
    assert session.came(PROXY, VOMS) == (Outcome.PASS, None, "")


def test_a_client_that_comes_with_lsetup(session: Session) -> None:
    session.setup_atlas()
    session.proxy_info(where="emi")
    assert session.came(PROXY, f"{VOMS}\n  {session.declared}") == (Outcome.PASS, None, "")


@pytest.mark.parametrize(("requirement", "software"), [(PROXY, VOMS), (RUCIO, "rucio: {stance: promised}")])
def test_a_site_without_clients(session: Session, requirement: str, software: str) -> None:
    came = session.came(requirement, software)
    assert came.outcome is Outcome.FAIL
    assert "is there, as it is or with `lsetup" in came.text
    # ATLAS's setup is there, and does not bring it either.
    session.setup_atlas()
    came = session.came(requirement, f"{software}\n  {session.declared}")
    assert came.outcome is Outcome.FAIL
    assert "brings no" in came.text


def test_a_site_that_does_not_trust_the_organisation(session: Session) -> None:
    session.proxy_info(vo="echo 'WARNING: Unable to verify signature! Server certificate possibly not installed.' >&2")
    came = session.came(PROXY, VOMS)
    assert came.outcome is Outcome.FAIL
    assert "the site trusts what VOMS says of atlas: WARNING: Unable to verify signature!" in came.text


@pytest.mark.parametrize(
    ("says", "words"),
    [
        ({"exists": "exit 1"}, "no valid proxy"),
        ({"vo": "true", "actimeleft": "true", "fqan": "true"}, "no attributes of VOMS"),
        ({"vo": "echo cms"}, "is of cms, not of atlas"),
        ({"actimeleft": "echo 0"}, "attributes that are over"),
        ({"fqan": "echo /atlas/usatlas2/Role=NULL"}, "does not carry atlas/usatlas"),
    ],
    ids=["none", "plain", "another's", "expired", "without the attribute"],
)
def test_what_is_the_users_own_is_no_fault_of_the_site(session: Session, says: Mapping[str, str], words: str) -> None:
    session.proxy_info(**says)
    came = session.came(PROXY, VOMS)
    assert came[:2] == (Outcome.UNVERIFIED, Reason.NO_CREDENTIALS)
    assert words in came.text
    assert "voms-proxy-init -voms atlas:/atlas/usatlas" in came.text


def rucio(session: Session, script: str) -> Came:
    session.command("rucio", f'[ "$1" = whoami ] || exit 2\n{script}')
    return session.came(RUCIO, "rucio: {stance: promised}")


def test_rucio_names_the_account(session: Session) -> None:
    assert rucio(session, "echo 'account  : somebody'; echo 'status   : ACTIVE'") == (Outcome.PASS, None, "")


def test_a_client_of_rucio_that_breaks(session: Session) -> None:
    came = rucio(session, "echo \"ModuleNotFoundError: No module named 'rucio'\" >&2; exit 1")
    assert came.outcome is Outcome.FAIL
    assert "Rucio's client says who the user is: ModuleNotFoundError" in came.text


def test_a_central_fault_is_not_the_sites(session: Session) -> None:
    came = rucio(session, "echo 'ServerConnectionException: Cannot connect to the Rucio server.' >&2; exit 1")
    assert came[:2] == (Outcome.UNVERIFIED, Reason.UNREACHABLE)
    came = rucio(session, "echo 'ERROR: Cannot authenticate.' >&2; exit 1")
    assert came[:2] == (Outcome.UNVERIFIED, Reason.NO_CREDENTIALS)

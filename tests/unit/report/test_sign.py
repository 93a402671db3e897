"""Signatures are made by ssh-keygen and hold for one site, one key and every byte of the report."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING

import pytest
from bundle_support import NOW, SPEC, WORKS, made, put

from afspec.report import bundle
from afspec.report.errors import ReportError
from afspec.report.sign import sign, signature_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from afspec.report.bundle import Bundle


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with two keys, a and b."""
    folder = tmp_path_factory.mktemp("keys")
    for name in ("a", "b"):
        made = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", name, "-f", str(folder / name)]
        subprocess.run(made, check=True, stdin=subprocess.DEVNULL)
    return folder


@pytest.fixture
def report(tmp_path: Path) -> Bundle:
    return put(tmp_path / "b", WORKS)


def allowed(folder: Path, keys: Path, line: str = 'toy namespaces="afspec-report" {a}') -> Path:
    path = folder / "allowed_signers"
    names = {name: " ".join((keys / f"{name}.pub").read_text().split()[:2]) for name in ("a", "b")}
    path.write_text(line.format(**names) + "\n")
    return path


def test_unsigned_is_said(report: Bundle, tmp_path: Path, keys: Path) -> None:
    found = signature_of(report, allowed(tmp_path, keys))
    assert (found.label, found.there, found.problem) == ("unsigned", False, "")


def test_a_signature_of_an_allowed_signer_holds(report: Bundle, tmp_path: Path, keys: Path) -> None:
    assert sign(report, keys / "a") == report.folder / "report.json.sig"
    found = signature_of(report, allowed(tmp_path, keys))
    assert found.by.startswith("toy (ED25519 key SHA256:")
    assert found.label.startswith("signed by toy")


def test_without_allowed_signers_it_is_not_taken_for_verified(report: Bundle, keys: Path) -> None:
    sign(report, keys / "a")
    found = signature_of(report, None)
    assert not found.by
    assert found.label == "signed, not verified: no allowed signers were given"


@pytest.mark.parametrize(
    "line",
    [
        'toy namespaces="afspec-report" {b}',
        'bnl namespaces="afspec-report" {a}',
        '* namespaces="afspec-report" {a}',
        'toy namespaces="git" {a}',
        'toy namespaces="afspec-report",valid-before="20200101" {a}',
        "# toy {a}",
        "",
    ],
)
def test_who_may_not_sign_is_refused(report: Bundle, tmp_path: Path, keys: Path, line: str) -> None:
    sign(report, keys / "a")
    found = signature_of(report, allowed(tmp_path, keys, line))
    assert not found.by
    assert found.problem
    assert found.label.startswith("signature refused: ")


def test_a_signature_of_another_report_is_refused(report: Bundle, tmp_path: Path, keys: Path) -> None:
    sign(report, keys / "a")
    path = report.folder / "report.json"
    path.write_bytes(path.read_bytes() + b"\n")
    assert signature_of(bundle.read(report.folder), allowed(tmp_path, keys)).problem


@pytest.mark.parametrize("text", ["", "nonsense", "x" * 100_000])
def test_nonsense_is_no_signature(report: Bundle, tmp_path: Path, keys: Path, text: str) -> None:
    (report.folder / "report.json.sig").write_text(text)
    assert signature_of(report, allowed(tmp_path, keys)).problem


def test_signing_again_replaces_the_signature(report: Bundle, tmp_path: Path, keys: Path) -> None:
    sign(report, keys / "b")
    sign(report, keys / "a")
    assert signature_of(report, allowed(tmp_path, keys)).by


def test_a_new_report_is_unsigned(report: Bundle, keys: Path) -> None:
    sign(report, keys / "a")
    again, evidence = made({}, "r2")
    bundle.write(report.folder, again, SPEC, evidence)
    assert signature_of(bundle.read(report.folder), None).label == "unsigned"


@pytest.fixture
def agent(keys: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """An agent that holds key a."""
    socket = tmp_path / "agent"
    process = subprocess.Popen(["ssh-agent", "-D", "-a", str(socket)], stdout=subprocess.PIPE)
    try:
        assert process.stdout
        process.stdout.readline()
        monkeypatch.setenv("SSH_AUTH_SOCK", str(socket))
        subprocess.run(["ssh-add", "-q", str(keys / "a")], check=True)
        yield
    finally:
        process.terminate()
        process.communicate(timeout=10)


@pytest.mark.usefixtures("agent")
def test_a_key_of_an_agent_signs(report: Bundle, tmp_path: Path, keys: Path) -> None:
    public = tmp_path / "only.pub"
    public.write_bytes((keys / "a.pub").read_bytes())
    sign(report, public)
    assert signature_of(report, allowed(tmp_path, keys)).by


def test_a_public_key_that_no_agent_holds_is_said(
    report: Bundle, tmp_path: Path, keys: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SSH_AUTH_SOCK", raising=False)
    public = tmp_path / "only.pub"
    public.write_bytes((keys / "a.pub").read_bytes())
    with pytest.raises(ReportError, match="ssh-keygen does not sign") as caught:
        sign(report, public)
    assert "ssh-add" in caught.value.next_step
    assert not (report.folder / "report.json.sig").exists()


def test_no_such_key_is_said(report: Bundle, tmp_path: Path) -> None:
    with pytest.raises(ReportError, match="no such key"):
        sign(report, tmp_path / "absent")


def test_no_such_file_of_signers_is_said(report: Bundle, tmp_path: Path, keys: Path) -> None:
    sign(report, keys / "a")
    with pytest.raises(ReportError, match="no such file of allowed signers"):
        signature_of(report, tmp_path / "absent")


def test_without_ssh_keygen_it_is_said(report: Bundle, keys: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", os.devnull)
    with pytest.raises(ReportError, match="no ssh-keygen") as caught:
        sign(report, keys / "a")
    assert "OpenSSH" in caught.value.next_step
    assert report.report.generated == NOW

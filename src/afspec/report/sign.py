"""Signatures by ssh-keygen -Y over report.json, which carries the digests of all else in the bundle.

Who may sign for a site is a file in OpenSSH's form (ssh-keygen(1), ALLOWED SIGNERS), one line a key:
`bnl namespaces="afspec-report" ssh-ed25519 AAAA...`; the principal is the name of the site.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from afspec.report.bundle import REPORT, SIGNATURE
from afspec.report.errors import ReportError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from afspec.report.bundle import Bundle

NAMESPACE: Final = "afspec-report"
# Seconds for ssh-keygen to ask an agent, or a person for a passphrase.
_PATIENCE: Final = 120
_MAX_SIGNATURE: Final = 1 << 16


@dataclass(frozen=True)
class Signed:
    """What is known of a bundle's signature: `by` is the key that made it, where it is allowed for the site.

    `problem` says what is wrong with one that is there.
    """

    by: str = ""
    there: bool = False
    problem: str = ""

    @property
    def label(self) -> str:
        """In words."""
        if self.by:
            return f"signed by {self.by}"
        if self.problem:
            return f"signature refused: {self.problem}"
        return "signed, not verified: no allowed signers were given" if self.there else "unsigned"


def sign(bundle: Bundle, key: Path) -> Path:
    """Sign a bundle; the path of the signature, which is put into it.

    `key` is a private key, or a public key whose private half an agent holds. A passphrase is asked for by ssh-keygen.

    Raises:
        ReportError: there is no ssh-keygen or no such key, or it does not sign.
    """
    if not key.is_file():
        raise ReportError("no such key", str(key), "Make one: ssh-keygen -t ed25519 -f KEY")
    report = (bundle.folder / REPORT).read_bytes()
    with tempfile.TemporaryDirectory(prefix="afspec-sign-") as folder:
        copy = Path(folder) / REPORT
        copy.write_bytes(report)
        # The terminal stays with ssh-keygen, which asks there for a passphrase.
        done = _run(["-q", "-Y", "sign", "-f", str(key), "-n", NAMESPACE, str(copy)])
        made = Path(folder) / SIGNATURE
        if done.returncode or not made.is_file():
            hint = "A public key works where `ssh-add -l` lists its private half."
            raise ReportError(f"ssh-keygen does not sign: {_words(done)}", str(key), hint)
        target = bundle.folder / SIGNATURE
        new = bundle.folder / f".{SIGNATURE}.new"
        new.write_bytes(made.read_bytes())
        new.replace(target)
    return target


def signature_of(bundle: Bundle, allowed: Path | None) -> Signed:
    """What is known of a bundle's signature, held against the keys that may sign for its site.

    Raises:
        ReportError: there is no ssh-keygen, or no such file of allowed signers.
    """
    path = bundle.folder / SIGNATURE
    if not path.is_file():
        return Signed()
    if allowed is None:
        return Signed(there=True)
    if not allowed.is_file():
        raise ReportError("no such file of allowed signers", str(allowed), "Its form: ssh-keygen(1), ALLOWED SIGNERS.")
    if path.stat().st_size > _MAX_SIGNATURE:
        return Signed(there=True, problem=f"{SIGNATURE} is no signature")
    if not _names(allowed, bundle.report.site):
        return Signed(there=True, problem=f"{allowed} allows nobody to sign for {bundle.report.site}")
    arguments = ["-Y", "verify", "-f", str(allowed), "-I", bundle.report.site, "-n", NAMESPACE, "-s", str(path)]
    done = _run(arguments, (bundle.folder / REPORT).read_bytes())
    if done.returncode:
        return Signed(there=True, problem=_words(done))
    found = re.search(r"with (\S+ key \S+)", done.stdout.decode(errors="replace"))
    return Signed(by=f"{bundle.report.site} ({found[1] if found else 'an allowed key'})", there=True)


def _names(allowed: Path, site: str) -> bool:
    """Whether a line names the site itself: `*` would let every key of the file sign for every site."""
    lines = allowed.read_text(encoding="utf-8", errors="replace").splitlines()
    return any(site in line.split()[0].split(",") for line in lines if line.strip() and not line.startswith("#"))


def _run(arguments: Sequence[str], given: bytes | None = None) -> subprocess.CompletedProcess[bytes]:
    tool = shutil.which("ssh-keygen")
    if tool is None:
        raise ReportError("there is no ssh-keygen here", next_step="It comes with OpenSSH 8.1 or newer: install that.")
    try:
        # Words, no shell; keys and signatures are named by path.
        return subprocess.run([tool, *arguments], input=given, capture_output=True, check=False, timeout=_PATIENCE)  # noqa: S603
    except subprocess.TimeoutExpired as error:
        raise ReportError(f"ssh-keygen does not answer within {_PATIENCE} s", next_step="Is the agent well?") from error


def _words(done: subprocess.CompletedProcess[bytes]) -> str:
    text = b" ".join((done.stdout, done.stderr)).decode(errors="replace")
    return " ".join(text.split()) or f"it ends with {done.returncode} and says nothing"

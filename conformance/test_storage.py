"""Storage: areas keep what users write, quotas are those that were promised, homes are their owners' alone."""

from __future__ import annotations

import base64
import hashlib
import secrets
from typing import TYPE_CHECKING

from afspec.conformance.checks import check
from afspec.conformance.clients import quota
from afspec.conformance.clients.files import folder_of
from afspec.facility.quantities import format_bytes
from afspec.verdict import Reason

if TYPE_CHECKING:
    from afspec.conformance.clients.quota import Limit, Space
    from afspec.conformance.probe import Probe

# What a user may have less, or more, than was declared. A file system keeps some for itself; sites say GB for GiB.
LEAST, USUAL, MOST = 0.92, 0.98, 1.1
# Environments of a batch job (sbatch(1); HTCondor manual, Services for running jobs).
_IN_JOB = '[ -n "$SLURM_JOB_ID$_CONDOR_JOB_AD" ] && echo job; exit 0'
_PLACE = """given=$(printenv "$2")
case $given in "$1"/*) echo "$given" ;; *) echo "$1" ;; esac
"""
_FILL = """trap 'rm -f -- "$1"' 0
trap 'exit 1' 1 2 15
head -c "$2" /dev/zero >"$1"
echo "ended $?"
wc -c <"$1"
"""


def _words(size: float) -> str:
    """A measured number of bytes."""
    return f"{size / 1e9:.3g} GB"


def _folder(probe: Probe) -> str:
    """Where the user writes in the area."""
    area = probe.value
    if given := probe.run.credentials.folders.get(area.name):
        return given
    folder = folder_of(area, probe.user) if "<" in area.path else area.path
    if area.purpose == "job_scratch" and area.variable:
        # A job's own folder in it, where the job is told of one.
        return probe.sh(_PLACE, folder, area.variable, check=True).out.strip() or folder
    return folder


def _there(probe: Probe, folder: str) -> None:
    """The folder is one, or it is no wonder that it is not."""
    there = probe.sh('[ -d "$1" ]', folder).ok
    if not there and probe.value.purpose == "job_scratch" and not probe.sh(_IN_JOB).out:
        hint = "Run the kit in a job: session: {host: local://}."
        probe.unverified(Reason.PREREQUISITE_ABSENT, f"{folder} is there in jobs, and this session is none", hint)
    probe.expect(there, f"there is a folder {folder}")


@check("AF-STORAGE-001", "bytes")
def test_bytes_come_back(probe: Probe) -> None:
    """A file of random bytes, named for this run, written once (dCache takes no second time) and read back."""
    folder = _folder(probe)
    _there(probe, folder)
    own = folder != probe.value.path or probe.value.purpose in {"scratch", "job_scratch"}
    if not own and not probe.sh('[ -w "$1" ]', folder).ok:
        hint = f"Give your group's folder under `folders: {probe.value.name}:` of the run's credentials."
        probe.unverified(Reason.NO_CREDENTIALS, f"{folder} is a group's, and this user may not write at its top", hint)
    path, data = f"{folder}/{probe.name}", secrets.token_bytes(64 * 1024)
    probe.spend(size=len(data))
    probe.later(lambda: probe.sh('rm -f -- "$1"', path, check=True), f"rm {path}")
    script = 'umask 077; printf %s "$2" | base64 -d >"$1"'
    answer = probe.sh(script, path, base64.b64encode(data).decode())
    if not answer.ok and ("quota exceeded" in answer.err or _full(probe, folder, answer.err)):
        message = f"the user's quota in {folder} is used up"
        probe.unverified(Reason.PREREQUISITE_ABSENT, message, "Remove something, and ask again.")
    probe.expect(answer.ok, f"a user writes into {folder}", answer.words)
    back = probe.sh('sha256sum <"$1"', path)
    probe.expect(back.out.split()[:1] == [hashlib.sha256(data).hexdigest()], "the bytes come back", back.words)


def _full(probe: Probe, folder: str, said: str) -> bool:
    """Whether it is the user's own limit that is used up; a full file system of all users is the site's matter."""
    if "No space left" not in said or not probe.value.quota:
        return False
    space = quota.space(probe, folder)
    return space.volume.free == 0 and "df" in {limit.told_by for limit in _limits(probe, space)}


def _limits(probe: Probe, space: Space) -> list[Limit]:
    """What tells a user's limit. A home may be mounted by itself and df still show all of its server's disk."""
    most = MOST * probe.value.quota
    return [limit for limit in space.limits if limit.told_by != "df" or limit.bytes[0] <= most]


@check("AF-STORAGE-002", "configured")
def test_quota_is_configured(probe: Probe) -> None:
    """As df or the site's tool for quotas tells it to the user."""
    declared = probe.value.quota
    folder = _folder(probe)
    _there(probe, folder)
    space = quota.space(probe, folder)
    limits = _limits(probe, space)
    if not limits:
        message = f"nothing tells a user's quota in {folder}: df shows all users' {_words(space.volume.size)}"
        probe.unverified(Reason.PREREQUISITE_ABSENT, message, "Ask the site how its users see their quotas.")
    limit = min(limits, key=lambda each: abs(each.nearest(declared) - declared))
    found = limit.nearest(declared)
    probe.configured(f"{limit.told_by} says {_words(found)}")
    claim = f"a user may store the declared {format_bytes(declared)}"
    probe.expect(found >= LEAST * declared, claim, f"{limit.told_by} says {_words(found)}")
    if not USUAL * declared <= found <= MOST * declared:
        probe.degraded(f"{limit.told_by} says {_words(found)}, declared are {format_bytes(declared)}")


@check("AF-STORAGE-003", "refused")
def test_quota_is_kept(probe: Probe) -> None:
    """One file too large for the quota: refused at it, and taken away by the same command."""
    declared = probe.value.quota
    folder = _folder(probe)
    _there(probe, folder)
    used = next((limit.used for limit in _limits(probe, quota.space(probe, folder))), None)
    size = int(declared * MOST)
    probe.spend(size=size)
    path = f"{folder}/{probe.name}"
    probe.later(lambda: probe.sh('rm -f -- "$1"', path, check=True), f"rm {path}")
    answer = probe.sh(_FILL, path, str(size), timeout=120)
    words = answer.out.split()
    written = int(words[2]) if len(words) == 3 and words[2].isdigit() else 0  # noqa: PLR2004 - ended CODE SIZE
    refused = "No space left" in answer.err or "quota exceeded" in answer.err
    probe.expect(refused, f"a file of {_words(size)} is refused", answer.words)
    probe.note("stored until refused [bytes]", written)
    # Without knowing what was stored before, nobody can tell whether it was refused too early.
    if used is not None:
        claim = f"a user stores the declared {format_bytes(declared)} before that"
        probe.expect(written + used >= LEAST * declared, claim, _words(written + used))


@check("AF-STORAGE-004", "private")
def test_home_is_private(probe: Probe) -> None:
    """The modes that count for others: of the home, and of a file that its owner keeps to herself."""
    folder = _folder(probe)
    _there(probe, folder)
    home = probe.sh('stat -c "%a %u" "$1" && id -u', folder, check=True).out.split()
    mode = int(home[0], 8)
    probe.expect(home[1] == home[2], "the home is its user's own", "it is another's")
    probe.expect(not mode & 0o002, "nobody else changes what is in the home", f"its mode is {home[0]}")
    probe.note("mode of the home", home[0])
    path = f"{folder}/{probe.name}"
    probe.later(lambda: probe.sh('rm -f -- "$1"', path, check=True), f"rm {path}")
    probe.put(path, probe.nonce.encode(), mode="600")
    kept = probe.sh('stat -c %a "$1"', path, check=True).out.strip()
    # What another user could open is read from the modes: nobody else takes part.
    probe.configured(f"modes {home[0]} of the home and {kept} of a private file")
    probe.expect(not mode & 0o007 or kept == "600", "a file that is kept private stays so", f"its mode is {kept}")

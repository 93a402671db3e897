"""Software: repositories of CVMFS, setupATLAS, proxies of the virtual organisation, Rucio."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from afspec.conformance.checks import check
from afspec.conformance.clients.atlas import missing, with_tool
from afspec.verdict import Reason

if TYPE_CHECKING:
    from collections.abc import Sequence

    from afspec.conformance.probe import Probe
    from afspec.conformance.reach import Answer

# Seconds: the first look at a repository mounts it, and fetches its catalogue.
MOUNT, SETUP = 30, 90
# Looking is what mounts (autofs). Then: what it is (user.fqrn is the client's own word, CernVM-FS documentation,
# Client configuration), and one file to read.
_LOOK = """ls -A "$1" | head -n 20
echo "-- source"
df --output=source,fstype "$1" 2>/dev/null | tail -n 1
echo "-- fqrn"
if command -v getfattr >/dev/null; then getfattr --only-values -n user.fqrn "$1" 2>/dev/null; fi
echo
"""
_SETUP = """ATLAS_LOCAL_ROOT_BASE=$1
export ATLAS_LOCAL_ROOT_BASE
ls "$1/user/atlasLocalSetup.sh" >/dev/null || exit 1
exec bash -l -c '
shopt -s expand_aliases
source "$ATLAS_LOCAL_ROOT_BASE/user/atlasLocalSetup.sh" -q >&2
type lsetup >/dev/null && echo "lsetup of $ATLAS_LOCAL_ROOT_BASE"'
"""
# No subject of a certificate: who the user is concerns nobody.
_PROXY = "voms-proxy-info -exists || exit 3; voms-proxy-info -vo; voms-proxy-info -actimeleft; voms-proxy-info -fqan"
_NO_PROXY = 3
# Words of Rucio's client (rucio.common.exception) for what is not the facility's doing.
_NOT_LET_IN = ("annot auth", "no valid proxy", "RUCIO_ACCOUNT", "no account", "X509_USER_PROXY", "user proxy", "token")
_NOT_THERE = ("onnectionException", "onnection refused", "timed out", "service is not available", "unavailable")


@check("AF-SOFTWARE-001", "mounted")
def test_repository_is_mounted(probe: Probe) -> None:
    """Not a folder of that name, and not an empty mount point."""
    path = f"/cvmfs/{probe.value}"
    answer = probe.sh(_LOOK, path, timeout=MOUNT)
    names, _, rest = answer.out.partition("-- source\n")
    source, _, fqrn = rest.partition("-- fqrn\n")
    broken = answer.err.strip().splitlines()
    probe.expect(not broken, f"{path} is there when a user looks", broken[0] if broken else "")
    probe.expect(names.strip(), f"{path} is not empty", "it holds nothing")
    if fqrn.strip():
        probe.expect(fqrn.strip() == probe.value, f"{path} is the repository {probe.value}", fqrn.strip())
        return
    words = source.split() or ["", ""]
    if words[-1].startswith("nfs"):
        probe.degraded(f"{path} comes by NFS: nothing tells whether it is the repository")
    claim = f"{path} is a file system of CernVM-FS"
    probe.expect(words[0].startswith("cvmfs") or words[-1].startswith("nfs"), claim, f"it is on {words[-1] or 'none'}")


@check("AF-SOFTWARE-002", "lsetup")
def test_setup_atlas_defines_lsetup(probe: Probe) -> None:
    """In a login shell, as the user's own files leave it."""
    root = probe.value.root
    answer = probe.sh(_SETUP, root, timeout=SETUP)
    told = [line for line in answer.out.splitlines() if line.startswith("lsetup of ")]
    probe.expect(told, f"setupATLAS from {root} defines lsetup", answer.words)
    found = told[-1].removeprefix("lsetup of ").rstrip("/")
    probe.expect(found == root.rstrip("/"), f"it is that of {root}", found)


def _client(probe: Probe, tool: str, package: str, script: str, args: Sequence[str] = ()) -> Answer:
    """What a client says; it must be there, as it is or with lsetup."""
    answer = with_tool(probe, tool, package, script, args, timeout=SETUP)
    probe.expect(not missing(answer), f"{tool} is there, as it is or with `lsetup {package}`", answer.words)
    return answer


@check("AF-SOFTWARE-003", "proxy")
def test_proxy_is_of_the_vo(probe: Probe) -> None:
    """What voms-proxy-info says of the user's proxy: its VO, and how long its attributes last."""
    vo = probe.value.vo
    hint = f"Make one: voms-proxy-init -voms {vo}{f':/{probe.value.attribute}' if probe.value.attribute else ''}."
    answer = _client(probe, "voms-proxy-info", "emi", _PROXY)
    if answer.exit == _NO_PROXY:
        probe.unverified(Reason.NO_CREDENTIALS, "the user has no valid proxy", hint)
    untrusted = next((line for line in answer.err.splitlines() if re.search("verif|valid", line, re.IGNORECASE)), "")
    probe.expect(not untrusted, f"the site trusts what VOMS says of {vo}", untrusted)
    words = answer.out.split()
    given = [f"{line.strip('/')}/" for line in words if line.startswith("/")]
    left = int(words[1]) if len(words) > 1 and words[1].isdigit() else 0
    wanted = probe.value.attribute or vo
    # Whatever else is wrong with it, its user made it so.
    for holds, what in (
        (words, "has no attributes of VOMS"),
        (vo in words[:1], f"is of {words[0] if words else 'no organisation'}, not of {vo}"),
        (left, "has attributes that are over"),
        (any(line.startswith(f"{wanted}/") for line in given), f"does not carry {wanted}"),
    ):
        if not holds:
            probe.unverified(Reason.NO_CREDENTIALS, f"the user's proxy {what}", hint)
    probe.expect(True, f"the proxy is of {vo}, and carries {wanted}", " ".join(given))  # noqa: FBT003
    probe.note("attributes last [s]", left)


@check("AF-SOFTWARE-004", "whoami")
def test_rucio_knows_the_user(probe: Probe) -> None:
    """`rucio whoami`: the client works, and its server knows who asks. The server is not the facility's."""
    answer = _client(probe, "rucio", "rucio", "rucio whoami")
    said = f"{answer.out}\n{answer.err}"
    if not answer.ok or "ACTIVE" not in answer.out:
        if any(word in said for word in _NOT_THERE):
            probe.unverified(Reason.UNREACHABLE, f"the server of Rucio does not answer: {answer.words}")
        if any(word in said for word in _NOT_LET_IN):
            hint = "Make a proxy, and set RUCIO_ACCOUNT."
            probe.unverified(Reason.NO_CREDENTIALS, f"Rucio does not know the user: {answer.words}", hint)
    probe.expect(answer.ok and "ACTIVE" in answer.out, "Rucio's client says who the user is", answer.words)

"""Tools that come with ATLASLocalRootBase: those of the PATH, else what lsetup brings."""

from __future__ import annotations

from typing import TYPE_CHECKING

from afspec.conformance.clients.ssh import NOT_FOUND

if TYPE_CHECKING:
    from collections.abc import Sequence

    from afspec.conformance.probe import Probe
    from afspec.conformance.reach import Answer

# $1 tool, $2 package of lsetup, $3 root or "", $4 script, the rest its arguments. ATLAS's own scripts are bash's.
_WITH = """if command -v "$1" >/dev/null; then script=$4; shift 4; exec sh -c "$script" sh "$@"; fi
ls "$3/" >/dev/null 2>&1
if [ -z "$3" ] || [ ! -r "$3/user/atlasLocalSetup.sh" ]; then echo "afspec: there is no $1" >&2; exit 127; fi
exec bash -c '
tool=$1 package=$2 ATLAS_LOCAL_ROOT_BASE=$3 script=$4
export ATLAS_LOCAL_ROOT_BASE
shift 4
words=("$@")
shopt -s expand_aliases
source "$ATLAS_LOCAL_ROOT_BASE/user/atlasLocalSetup.sh" -q >&2
eval "lsetup -q $package" >&2
command -v "$tool" >/dev/null || { echo "afspec: lsetup $package brings no $tool" >&2; exit 127; }
exec sh -c "$script" sh "${words[@]}"
' bash "$@"
"""


def with_tool(
    probe: Probe, tool: str, package: str, script: str, args: Sequence[str] = (), *, timeout: float = 60
) -> Answer:
    """Run a script that needs a tool; exit code 127 says that the site has none."""
    software = probe.facility.software
    root = software.setup_atlas.root if software and software.setup_atlas and software.setup_atlas.offered else ""
    return probe.sh(_WITH, tool, package, root, script, *args, timeout=timeout)


def missing(answer: Answer) -> bool:
    """Whether there was no such tool."""
    return answer.exit == NOT_FOUND and "afspec: " in answer.err

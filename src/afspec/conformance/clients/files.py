"""Where a user's files are in an area of the spec, and what killed runs left there."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from afspec.conformance.run import PREFIX, leftover
from afspec.conformance.sweep import sweeper
from afspec.conformance.trouble import Trouble

if TYPE_CHECKING:
    from collections.abc import Iterator

    from afspec.conformance.reach import Answer
    from afspec.conformance.run import Run
    from afspec.facility.storage import Area

# Where checks put what belongs to no area: at most a few lines.
TEMPORARY = "/tmp"  # noqa: S108 - names with a nonce, in a folder that is everybody's by its nature
# A host that does not answer must not hold up a whole run.
_SECONDS = 10
_FIND = """prefix=$1; shift
for folder in "$@"; do for path in "$folder/$prefix"*; do [ -e "$path" ] && echo "$path"; done; done
exit 0
"""


def folder_of(area: Area, user: str) -> str:
    """A user's path: <user> is the name, <u> its first letter."""
    return area.path.replace("<user>", user).replace("<u>", user[0])


def _places(run: Run) -> dict[str, list[str]]:
    """Folders in which checks leave names, by the vantage from which they are seen."""
    user, storage = run.credentials.user, run.facility.storage
    areas = [area for area in storage.areas if area.offered] if storage and user else []
    own = [run.credentials.folders.get(area.name) or folder_of(area, user or "") for area in areas]
    found = {"outside": [TEMPORARY], "session": [TEMPORARY, *own]}
    return {vantage: folders for vantage, folders in found.items() if vantage in run.request.vantages}


@sweeper
def files(run: Run) -> Iterator[tuple[str, str]]:
    """Files and folders of ours whose time is over."""
    for vantage, folders in _places(run).items():
        try:
            for path in _names(run, vantage, folders):
                if leftover(path.rpartition("/")[2], run.request.run, time.time()):
                    done = _run(run, vantage, 'rm -rf -- "$1"', path)
                    if done is None or not done.ok:
                        yield f"{path} of an earlier run is still there", f"rm -rf {path}"
        except Trouble:
            # Not reachable: preflight has its own row for that.
            continue


def _names(run: Run, vantage: str, folders: list[str]) -> list[str]:
    found = _run(run, vantage, _FIND, PREFIX, *dict.fromkeys(folders))
    return found.out.splitlines() if found else []


def _run(run: Run, vantage: str, script: str, *args: str) -> Answer | None:
    host = run.vantages.way(vantage).host
    return host.run(["sh", "-c", script, "sh", *args], _SECONDS) if host else None

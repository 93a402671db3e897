"""Running commands and starting daemons: what both kinds of room do alike."""

from __future__ import annotations

import os
import signal
import subprocess
from contextlib import suppress
from typing import TYPE_CHECKING

from afspec.twin.room.interface import RoomError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

# $1 is the file that takes number and start time of the process, $2 its log, $3 its folder, the rest the command.
# Behind the scenes of a shell that ends at once the daemon has no parent, terminal or input left.
LAUNCH = """\
record=$1; log=$2; folder=$3; shift 3
cd "$folder" || exit
setsid "$@" </dev/null >>"$log" 2>&1 &
stat=$(cat "/proc/$!/stat") || { echo "ended at once" >&2; exit 1; }
set -- ${stat##*) }
shift 19
echo "$! $1" > "$record.new" && mv "$record.new" "$record"
"""
_TAIL = 2000


def execute(
    argv: Sequence[str],
    *,
    env: Mapping[str, str],
    title: str,
    stdin: str = "",
    timeout: float = 30,
    check: bool = True,
) -> subprocess.CompletedProcess[str]:
    """Run a command to its end, and all that it started with it where it takes too long.

    Raises:
        RoomError: it takes longer than `timeout` seconds, or fails while `check` is set.
    """
    with subprocess.Popen(  # noqa: S603 - the caller's command is the point
        argv,
        env=dict(env),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        errors="replace",
        start_new_session=True,
    ) as process:
        try:
            out, err = process.communicate(stdin, timeout=timeout)
        except BaseException as error:
            # What was started inside other namespaces is of the same group.
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            if isinstance(error, subprocess.TimeoutExpired):
                raise RoomError(f"{title}: no end after {timeout:g} s") from None
            raise
    if check and process.returncode:
        said = (err.strip() or out.strip())[-_TAIL:]
        raise RoomError(f"{title}: exit code {process.returncode}: {said}")
    return subprocess.CompletedProcess(list(argv), process.returncode, out, err)

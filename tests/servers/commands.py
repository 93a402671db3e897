"""Commands that a service runs for its users: here as processes of this machine, short ones only."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import tempfile
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

# No probe's command needs more. [s]
LIMIT = 10.0


class Command:
    """A command that runs in a folder, with nothing of our own environment but PATH; killed when it takes too long."""

    def __init__(self, argv: Sequence[str], folder: Path, environment: Mapping[str, str]) -> None:
        self._output = tempfile.TemporaryFile()  # noqa: SIM115 - closed by `end`
        self._deadline = time.monotonic() + LIMIT
        self._process: subprocess.Popen[bytes] | None = None
        self._failed: int | None = None
        try:
            self._process = subprocess.Popen(
                list(argv),
                cwd=folder,
                env={"PATH": os.environ["PATH"], "HOME": str(folder), **environment},
                stdin=subprocess.DEVNULL,
                stdout=self._output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        except OSError as error:
            # As a container runtime says it: exit code 128, StartError.
            self._failed = 128
            self._output.write(f"exec: {argv[0]!r}: {error.strerror}\n".encode())

    @property
    def exit_code(self) -> int | None:
        """None while it runs; of one that was killed, 128 and the signal's number."""
        if self._process is None:
            return self._failed
        if self._process.poll() is None and time.monotonic() > self._deadline:
            self._kill()
        code = self._process.poll()
        return code if code is None or code >= 0 else 128 - code

    @property
    def output(self) -> str:
        """What it has written so far."""
        self._output.flush()
        size = os.fstat(self._output.fileno()).st_size
        return os.pread(self._output.fileno(), size, 0).decode(errors="replace")

    def _kill(self) -> None:
        if self._process and self._process.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()

    def end(self) -> None:
        """Kill it if it still runs."""
        self._kill()
        self._output.close()

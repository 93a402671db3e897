"""Where a check works: a temporary folder with the compiled files, and commands run in it for a bounded time."""

from __future__ import annotations

import getpass
import os
import shutil
import signal
import subprocess
import threading
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from afspec.verify.compiled import Compiled
    from afspec.verify.tools import Located

_HERE = Path(__file__).parent
_INSIDE = "/verify"
_NOBODY = 65534
_UNSHARE = ("unshare", "--mount", "--net", "--pid", "--ipc", "--uts", "--fork", "--kill-child", "--")


class ToolError(Exception):
    """A tool does not end, or does not start; that is nothing about the files."""


class Done(NamedTuple):
    """How a command ended, and what it printed."""

    returncode: int
    out: str
    err: str

    @property
    def said(self) -> str:
        """What it printed, errors first, on one line."""
        return " ".join((self.err.strip() or self.out.strip()).split())


class Running:
    """The commands that run now: an interrupt ends them all."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._processes: set[subprocess.Popen[str]] = set()
        self.stopped = False

    def start(self, argv: Sequence[str], directory: Path, env: Mapping[str, str]) -> subprocess.Popen[str]:
        """Start a command with a group of processes of its own.

        Raises:
            ToolError: it cannot be started, or everything was stopped.
        """
        with self._lock:
            if self.stopped:
                raise ToolError("stopped")
            try:
                process = subprocess.Popen(  # noqa: S603 - the checks' commands are the point
                    argv,
                    cwd=directory,
                    env=dict(env),
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.PIPE,
                    text=True,
                    errors="replace",
                    start_new_session=True,
                )
            except OSError as error:
                raise ToolError(f"{argv[0]}: {error.strerror}") from None
            self._processes.add(process)
        return process

    def end(self, process: subprocess.Popen[str]) -> None:
        """End a command with all that it started."""
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        with self._lock:
            self._processes.discard(process)

    def stop(self) -> None:
        """End everything, and let nothing new begin."""
        with self._lock:
            self.stopped = True
            left = list(self._processes)
        for process in left:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)


class Bench:
    """A temporary folder: `site` has the compiled files, `home` and `own` are empty."""

    def __init__(self, folder: Path, tool: Located, running: Running, *, apart: bool = False) -> None:
        self.folder = folder
        self._tool = tool
        self._running = running
        self._apart = apart
        for name in ("site", "home", "own", "mount"):
            (folder / name).mkdir()

    def lay_out(self, site: Compiled, files: Sequence[str], probes: Sequence[str] = ()) -> None:
        """Write what the check reads: files of the site, and what it runs itself."""
        for path in files:
            target = self.folder / "site" / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(site.contents[path])
        if probes:
            (self.folder / "probes").mkdir()
            for name in ("__init__", *probes):
                shutil.copy(_HERE / "probes" / f"{name}.py", self.folder / "probes")
        if self._tool.root:
            for own in (self.folder, *self.folder.rglob("*")):
                os.chown(own, _NOBODY, _NOBODY)

    @property
    def inside(self) -> str:
        """The folder as the tool sees it."""
        return _INSIDE if self._tool.root else str(self.folder)

    @property
    def user(self) -> str:
        """Who the tool runs as."""
        return "nobody" if self._tool.root else getpass.getuser()

    def write(self, name: str, text: str) -> str:
        """Write a file for the tool; the result is its path as the tool sees it."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        if self._tool.root:
            os.chown(path, _NOBODY, _NOBODY)
        return f"{self.inside}/{name}"

    def run(
        self,
        argv: Sequence[str],
        *,
        env: Mapping[str, str] | None = None,
        timeout: float = 60,
        stdin: str = "",
        at: str = "site",
    ) -> Done:
        """Run one of the tool's programs, in the folder `at`; paths in what it prints are as from that folder.

        Raises:
            ToolError: it does not end in `timeout` seconds.
        """
        program = self._tool.programs.get(argv[0], argv[0])
        command = [*self._around(at), program, *argv[1:]]
        process = self._running.start(command, self.folder / at, self._environment(env or {}))
        try:
            out, err = process.communicate(stdin, timeout=timeout)
        except subprocess.TimeoutExpired:
            raise ToolError(f"{argv[0]}: no end after {timeout:g} s") from None
        finally:
            self._running.end(process)
            for stream in (process.stdin, process.stdout, process.stderr):
                if stream:
                    stream.close()
        prefix = f"{self.inside}/{at}/"
        return Done(process.returncode, out.replace(prefix, ""), err.replace(prefix, ""))

    def _environment(self, more: Mapping[str, str]) -> dict[str, str]:
        """Nothing of the user's own but the path."""
        path = "/usr/local/bin:/usr/bin:/bin:/usr/local/sbin:/usr/sbin:/sbin"
        return {
            "PATH": path if self._tool.root else os.environ.get("PATH", path),
            "LANG": "C.UTF-8",
            "HOME": f"{self.inside}/home",
            "TMPDIR": f"{self.inside}/own",
            "USER": "alice",
            "LOGNAME": "alice",
            "PYTHONDONTWRITEBYTECODE": "1",
            **more,
        }

    def _around(self, at: str) -> list[str]:
        # Who is killed takes with him what he started (prctl(2), PR_SET_PDEATHSIG).
        dies = ["setpriv", "--pdeathsig", "KILL"] if shutil.which("setpriv") else []
        if self._tool.root:
            enter = [*_UNSHARE, "sh", str(_HERE / "root.sh"), str(self.folder), str(self._tool.root)]
            return [*dies, *enter, "sh", "-c", 'cd "$0" && exec "$@"', f"{self.inside}/{at}"]
        return [*dies, *(network() if self._apart else ())]


@cache
def network() -> tuple[str, ...]:
    """What puts a command into a network of its own, in which nobody is; empty where the kernel does not let us."""
    for options in ((), ("--user", "--map-current-user")):
        command = ("unshare", *options, "--net", "--")
        with suppress(OSError, subprocess.TimeoutExpired):
            if subprocess.run([*command, "true"], capture_output=True, timeout=10, check=False).returncode == 0:  # noqa: S603
                return command
    return ()

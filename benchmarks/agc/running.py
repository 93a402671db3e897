"""A measured program (see measured.py) as those see it who start it."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import peers

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import TracebackType

    from measured import Job

HERE = Path(__file__).resolve().parent
# Programs, and the peer in whose environment each runs; none is afspec's own.
PROGRAMS = {"afspec": "", "floor": "", "coffea": "coffea", "root": "root"}
# One core each: libraries must not start threads of their own.
ONE_CORE = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS"), "1")


class ProgramError(Exception):
    """A program ended before it answered."""


class Running:
    """A program that is running; it ends with the context."""

    def __init__(self, name: str, job: Job, *, environment: Mapping[str, str] | None = None) -> None:
        peer = PROGRAMS[name]
        python = peers.python(peer) if peer else Path(sys.executable)
        if python is None:
            raise ProgramError(f"{peer} is not installed: python benchmarks/agc/peers.py --setup {peer}")
        self.name = name
        self._folder = tempfile.TemporaryDirectory(prefix="afspec-agc-")
        described = Path(self._folder.name) / "job.json"
        job.write(described)
        self._errors = (Path(self._folder.name) / "errors").open("w+", encoding="utf-8")
        self._process = subprocess.Popen(
            [str(python), str(HERE / f"with_{name}.py"), str(described)],
            env={**os.environ, **ONE_CORE, **(environment or {})},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            text=True,
        )
        self.ready: dict[str, Any] = {}

    def __enter__(self) -> Self:
        try:
            self.ready = self._answer()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End it."""
        self._process.kill()
        self._process.communicate()
        self._errors.close()
        self._folder.cleanup()

    def ask(self, words: str) -> dict[str, Any]:
        """Have it do something.

        Raises:
            ProgramError: it ended instead; the message has the last it said.
        """
        assert self._process.stdin is not None
        # If nobody listens any more, the answer will be missing, too.
        with contextlib.suppress(BrokenPipeError):
            print(words, file=self._process.stdin, flush=True)
        return self._answer()

    def analyse(self, job: Job) -> dict[str, Any]:
        """The histograms of another job."""
        path = Path(self._folder.name) / "next.json"
        job.write(path)
        self.ask(f"job {path}")
        self.ask("run")
        return self.histograms()

    def histograms(self) -> dict[str, Any]:
        """What its last run filled."""
        path = Path(self._folder.name) / "histograms.json"
        self.ask(f"histograms {path}")
        found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        return found

    def _answer(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            self._process.wait()
            self._errors.seek(0)
            raise ProgramError(f"{self.name} ended: {self._errors.read()[-2000:].strip()}")
        answer: dict[str, Any] = json.loads(line)
        return answer

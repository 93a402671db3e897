"""Start-up and compilation, measured on fresh processes: with numba's cache empty, and as the first one left it.

`python -m afspec.agc.bench.startup JOB` is such a process: JOB is JSON with `file`, `variation` and Ttbar's options.
It prints a line of JSON when the first chunk of events is in, and one more when all are.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from afspec.agc.errors import AgcError

if TYPE_CHECKING:
    from afspec.agc.ttbar.analysis import Ttbar


@dataclass(frozen=True, slots=True)
class Start:
    """What a fresh process took.

    Attributes:
        imports: CPU seconds until everything was imported.
        compile: CPU seconds until the kernel had seen an event: compiled, or loaded from numba's cache.
        first: wall seconds from the start of the process until the first chunk of events was in the histograms.
        memory: bytes of the largest resident set, after all events of the file.
    """

    imports: float
    compile: float
    first: float
    memory: int


@dataclass(frozen=True, slots=True)
class StartUp:
    """Without numba's cache, and with it."""

    cold: Start
    warm: Start

    @property
    def jit(self) -> float:
        """CPU seconds of compilation: what the first process ever takes more than later ones."""
        return self.cold.compile - self.warm.compile


def measure(analysis: Ttbar, file: str, variation: str = "nominal") -> StartUp:
    """Start two processes, one after the other, that analyse a file.

    Raises:
        AgcError: one of them failed.
    """
    job = {
        "file": file,
        "variation": variation,
        "version": analysis.version,
        "systematics": analysis.systematics,
    }
    with tempfile.TemporaryDirectory(prefix="afspec-bench-") as folder:
        return StartUp(_once(job, folder), _once(job, folder))


def _once(job: dict[str, Any], cache: str) -> Start:
    command = [sys.executable, "-m", "afspec.agc.bench.startup", json.dumps(job)]
    environment = {**os.environ, "NUMBA_CACHE_DIR": cache}
    begun = time.perf_counter()
    with subprocess.Popen(  # noqa: S603 - this module, by this Python
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None  # noqa: S101 - it is a pipe
        line = process.stdout.readline()
        first = time.perf_counter() - begun
        rest, errors = process.communicate()
    if process.returncode or not line:
        raise AgcError(f"a process that was to be measured failed: {errors.strip()[-500:]}")
    told, memory = json.loads(line), json.loads(rest)["memory"]
    return Start(told["imports"], told["compile"], first, memory)


def main(argument: str) -> None:
    """Be such a process."""
    job = json.loads(argument)
    from afspec.agc.bench.machine import peak  # noqa: PLC0415 - all imports are timed, here and above
    from afspec.agc.events import open_events  # noqa: PLC0415
    from afspec.agc.run.timing import warm  # noqa: PLC0415
    from afspec.agc.ttbar.analysis import Ttbar  # noqa: PLC0415

    imports = time.process_time()
    analysis = Ttbar(job["version"], job["systematics"])
    warm(analysis)
    compiled = time.process_time() - imports
    tally = analysis.tally()
    told = json.dumps({"imports": imports, "compile": compiled})
    with open_events(job["file"], analysis.layout) as events:
        for chunk in events.chunks(0, None):
            analysis.process(chunk, tally, job["variation"])
            if told:
                print(told, flush=True)  # noqa: T201 - what it is for
                told = ""
    print(told or json.dumps({"memory": peak()}), flush=True)  # noqa: T201


if __name__ == "__main__":
    main(sys.argv[1])

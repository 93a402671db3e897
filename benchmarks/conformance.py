"""How long the kit takes: `python benchmarks/conformance.py [TWIN...]`, which starts each twin and takes it down again.

Gives the seconds of `--plan`, those of a whole run over each twin, and what the kit adds to each requirement beyond
the time of its checks: the run's wall time, less that of all attempts and of `--plan`, which is the start, divided by
the number of requirements that were asked.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def timed(*options: str) -> float:
    """Seconds of the kit with some options; its exit code says what it found, not whether it ran."""
    started = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "conformance", "-q", *options],
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
        check=False,
    )
    assert done.returncode in {0, 100, 101}, done.returncode
    return time.perf_counter() - started


def whole(twin: str, *options: str) -> tuple[float, float, int]:
    """Seconds of a whole run, those of its attempts, and how many requirements were asked."""
    with tempfile.TemporaryDirectory() as folder:
        seconds = timed("--site", twin, "--twin", "--report-dir", folder, *options)
        (path,) = Path(folder).glob("*/*/report.json")
        report = json.loads(path.read_text())
    attempts = [
        attempt["seconds"]
        for result in report["results"]
        for check in result["checks"]
        for attempt in check["attempts"]
    ]
    asked = {result["requirement"] for result in report["results"] if any(c["attempts"] for c in result["checks"])}
    return seconds, sum(attempts), len(asked)


def main() -> None:
    """Measure, and print a line for each figure."""
    for site in ("bnl", "uchicago", "slac"):
        print(f"plan of {site}: {timed('--site', site, '--plan'):.2f} s")
    for twin in sys.argv[1:] or ["local", "slac", "bnl"]:
        subprocess.run([sys.executable, "-m", "afspec", "twin", "up", twin], cwd=ROOT, check=True, capture_output=True)
        try:
            seconds, attempts, asked = whole(twin)
            start = timed("--site", twin, "--twin", "--plan")
            added = (seconds - attempts - start) / asked
            print(
                f"{twin}: {seconds:.1f} s, of which checks {attempts:.1f} s; {1000 * added:.0f} ms a requirement more"
            )
            print(f"{twin}, four workers: {whole(twin, '-n', '4')[0]:.1f} s")
        finally:
            subprocess.run([sys.executable, "-m", "afspec", "twin", "down", twin], cwd=ROOT, check=True)


if __name__ == "__main__":
    main()

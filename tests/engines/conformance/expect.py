"""What the kit says of each twin: `python tests/engines/conformance/expect.py --write [TWIN...]` makes it anew.

It starts each twin, runs the whole kit over it, and writes expected/TWIN.json, which is reviewed like code. Without
--write it prints where twins differ from what is written.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[3]
FOLDER = Path(__file__).parent / "expected"
TWINS = ("local", "slac", "bnl")
# All that the kit may do: a twin is nobody's but ours.
OPTIONS = ("--max-safety", "load")


def verdicts(report: dict[str, Any]) -> dict[str, str]:
    """Every instance that was asked, or says why not: its verdict, with reasons and flags, and nothing that varies."""
    found = {}
    for result in report["results"]:
        reasons = sorted({check["reason"] for check in result["checks"] if check["reason"]})
        if report["site"] == "local" and result["requirement"].startswith("AF-IMAGES"):
            # Its machine is this one, which has a container runtime or has not.
            continue
        name = f"{result['requirement']}[{result['item']}]"
        found[name] = " ".join([result["promise"], result["verdict"], *reasons, *result["flags"]])
    return found


def run_kit(twin: str, folder: Path, *more: str) -> tuple[int, dict[str, Any]]:
    """Run the kit over a twin: its exit code, and its report."""
    command = [sys.executable, "-m", "pytest", "conformance", "--site", twin, "--twin", "-q", *OPTIONS]
    done = subprocess.run(
        [*command, "--report-dir", str(folder), *more],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=900,
    )
    reports = list(folder.glob("*/*/report.json"))
    if len(reports) != 1:
        raise RuntimeError(f"the kit left no report of {twin}:\n{done.stdout[-4000:]}\n{done.stderr[-2000:]}")
    return done.returncode, json.loads(reports[0].read_text())


def expected(twin: str) -> dict[str, Any]:
    """What is written of a twin."""
    data: dict[str, Any] = json.loads((FOLDER / f"{twin}.json").read_text())
    return data


def main() -> int:
    """Write, or compare."""
    write = "--write" in sys.argv[1:]
    chosen = [name for name in sys.argv[1:] if not name.startswith("-")] or list(TWINS)
    differs = False
    for twin in chosen:
        with tempfile.TemporaryDirectory() as folder:
            code, report = run_kit(twin, Path(folder))
        now = {"word": report["summary"]["word"], "exit_code": code, "verdicts": verdicts(report)}
        if write:
            FOLDER.mkdir(exist_ok=True)
            (FOLDER / f"{twin}.json").write_text(json.dumps(now, indent=1, sort_keys=True) + "\n")
        elif now != (then := expected(twin)):
            differs = True
            for name in sorted(set(now["verdicts"]) | set(then["verdicts"])):
                old, new = then["verdicts"].get(name, "absent"), now["verdicts"].get(name, "absent")
                if old != new:
                    sys.stdout.write(f"{twin}: {name}: {old} -> {new}\n")
    return 1 if differs else 0


if __name__ == "__main__":
    sys.exit(main())

"""Asking a Python that has the packages: a probe runs there, and prints what it found."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from afspec.verify.bench import ToolError
from afspec.verify.check import Finding, Skipped

if TYPE_CHECKING:
    from collections.abc import Iterator

    from afspec.verify.bench import Bench

_TAIL = 300


def probe(bench: Bench, name: str, *files: str) -> Iterator[Finding | Skipped]:
    """What a probe finds in files of the site, and what it skips where the packages lack one that a file wants.

    Raises:
        ToolError: the probe itself failed.
    """
    paths = [f"{bench.inside}/site/{path}" for path in files]
    done = bench.run(["python", "-m", f"probes.{name}", bench.inside, *paths], at=".", timeout=90)
    last = done.out.strip().rpartition("\n")[2]
    try:
        answer = json.loads(last)
        found = [Finding(files[at], line, said) for at, line, said in answer["found"]]
        lacks = answer["lacks"]
    except (ValueError, KeyError, TypeError):
        raise ToolError(f"{name}: exit code {done.returncode}: {done.said[-_TAIL:]}") from None
    yield from found
    # Remembered as long as the packages are the same: a tool's identity tells which there are.
    if lacks:
        yield Skipped(f"what needs the Python package {lacks}")

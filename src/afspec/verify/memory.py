"""Results that are remembered: what a tool said once of the same files, it will say again.

The key is a digest of the check's code, the tool, the files, and the charts for a check that reads them. An entry that
is damaged, or that does not say what it is an entry of, is none. AFSPEC_NO_CACHE=1 leaves the folder alone.
"""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from afspec.generators.private import private_folder
from afspec.verify.check import Finding, Skipped

if TYPE_CHECKING:
    from collections.abc import Sequence

    from afspec.verify.check import Check
    from afspec.verify.compiled import Compiled
    from afspec.verify.tools import Located

_HERE = Path(__file__).parent
# What decides, besides a check's own module, what comes of it.
_COMMON = ("bench.py", "check.py", "compiled.py", "memory.py", "probing.py", "root.sh", "tools.py")
_MOST = 2000


@cache
def _code(module: str, probes: tuple[str, ...], rooms: tuple[str, ...] = ()) -> str:
    """Digest of a check's code."""
    files = [_HERE / "checks" / f"{module.rpartition('.')[2]}.py", *(_HERE / name for name in _COMMON)]
    files += [_HERE / "probes" / f"{name}.py" for name in probes]
    files += [path for room in rooms for path in sorted((_HERE / room).rglob("*.py"))]
    whole = hashlib.sha256()
    for file in files:
        # A check of somebody else's has its module elsewhere: it is known by its name alone.
        whole.update(file.read_bytes() if file.is_file() else str(file).encode())
    return whole.hexdigest()


def key_of(check: Check, tool: Located, site: Compiled, files: list[str]) -> str:
    """What a result is remembered by."""
    parts = [
        check.name,
        _code(type(check).__module__, check.probes, check.rooms),
        tool.identity,
        site.digest(files),
        site.digest(check.beside(site)),
        site.charts.digest if check.charted and site.charts else "",
    ]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def recall(key: str) -> list[Finding | Skipped] | None:
    """What came of a key: what was found, and what was skipped; None where nothing is remembered."""
    folder = private_folder("verified")
    if folder is None:
        return None
    try:
        data = json.loads((folder / f"{key}.json").read_text())
        if data["key"] != key:
            return None
        found = [Finding(str(path), int(line), str(said), int(column)) for path, line, said, column in data["found"]]
        return [*found, *(Skipped(str(said)) for said in data["skipped"])]
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return None


def remember(key: str, came: Sequence[Finding | Skipped]) -> None:
    """Keep a result; where that cannot be, the tool will be asked again."""
    folder = private_folder("verified")
    if folder is None:
        return
    with suppress(OSError):
        handle, name = tempfile.mkstemp(dir=folder, prefix=".new-")
        try:
            with os.fdopen(handle, "w") as file:
                found = [item for item in came if isinstance(item, Finding)]
                skipped = [item.message for item in came if isinstance(item, Skipped)]
                json.dump({"key": key, "found": found, "skipped": skipped}, file)
            Path(name).replace(folder / f"{key}.json")
        except BaseException:
            Path(name).unlink()
            raise
        _sweep(folder)


def _sweep(folder: Path) -> None:
    """Forget the oldest half of too many entries."""
    entries = list(folder.glob("*.json"))
    if len(entries) > _MOST:
        for old in sorted(entries, key=lambda path: path.stat().st_mtime)[: len(entries) // 2]:
            old.unlink(missing_ok=True)

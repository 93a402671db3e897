"""Ports of twins that are on their way: nothing listens on them yet, and no other twin of this user may choose them."""

from __future__ import annotations

import fcntl
import json
from pathlib import Path
from typing import TYPE_CHECKING

from afspec.twin.cache import cache_folder
from afspec.twin.relocate import choose, is_free

if TYPE_CHECKING:
    from collections.abc import Callable


def reserve(folder: Path, wanted: list[int], free: Callable[[int], bool] = is_free) -> dict[int, int]:
    """A port for each wanted one, as `choose` does, kept for the twin in `folder` for as long as that folder is there.

    Raises:
        OSError: there is none.
    """
    home = cache_folder()
    home.mkdir(parents=True, exist_ok=True)
    path = home / "ports.json"
    with (home / "ports.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        held: dict[str, list[int]] = json.loads(path.read_text()) if path.exists() else {}
        others = {name: ports for name, ports in held.items() if name != str(folder) and Path(name).is_dir()}
        taken = {port for ports in others.values() for port in ports}
        chosen = choose(wanted, lambda port: port not in taken and free(port))
        new = path.with_suffix(".new")
        new.write_text(json.dumps(others | {str(folder): sorted(chosen.values())}))
        new.replace(path)
    return chosen

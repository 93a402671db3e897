"""Where a spec is found: as given, then under specs/ here, then among the specs that came with afspec."""

from __future__ import annotations

import glob
import os
from pathlib import Path

import afspec
from afspec.source.text import fail

PACKAGED = Path(afspec.__file__).parent / "specs"


def look_up(path: str) -> list[str]:
    """The spec that the user named, or those that match a pattern such as sites/*.yaml.

    Raises:
        AfspecError: AF0001 where there is none.
    """
    places = [path] if os.path.isabs(path) else [path, os.path.join("specs", path), str(PACKAGED / path)]
    for place in places:
        if os.path.lexists(place):
            return [place]
    for place in places:
        # The shell expands patterns of files that are there; those under specs/ reach us as they were typed.
        if found := sorted(glob.glob(place)):
            return found
    hint = "Specs are looked for as given, then under specs/, then among those that come with afspec."
    raise fail("AF0001", f"file not found: {path}", place=path, hint=hint)

"""Where a spec is found: as given, then under specs/ here, then among the specs that came with afspec."""

from __future__ import annotations

import glob
import os
from pathlib import Path

import afspec
from afspec.diagnostics import nearest
from afspec.source.text import fail

PACKAGED = Path(afspec.__file__).parent / "specs"


def _neighbours(path: str, place: str) -> list[str]:
    """The specs beside `place`, as the user would have named them."""
    folder = os.path.dirname(path)
    found = glob.glob(os.path.join(glob.escape(os.path.dirname(place) or "."), "*.yaml"))
    return [os.path.join(folder, os.path.basename(spec)) for spec in found]


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
    if near := nearest(path, [neighbour for place in places for neighbour in _neighbours(path, place)]):
        hint = f"Did you mean `{near}`? {hint}"
    raise fail("AF0001", f"file not found: {path}", place=path, hint=hint)

"""Files of another root file system, reached from this one without being led astray by its symbolic links."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

_MOST_LINKS = 40  # as the kernel (path_resolution(7))


def resolve(root: Path, path: str) -> Path:
    """Host path of an absolute path inside `root`; links are followed as a process inside would.

    Raises:
        OSError: links in a circle.
    """
    parts = [part for part in path.split("/") if part not in {"", "."}][::-1]
    here: list[str] = []
    links = 0
    while parts:
        part = parts.pop()
        if part == "..":
            here = here[:-1]
            continue
        candidate = root.joinpath(*here, part)
        if candidate.is_symlink():
            links += 1
            if links > _MOST_LINKS:
                raise OSError(f"too many symbolic links: {path}")
            target = str(candidate.readlink())
            if target.startswith("/"):
                here = []
            parts += [piece for piece in target.split("/") if piece not in {"", "."}][::-1]
        else:
            here.append(part)
    return root.joinpath(*here)

"""Files of all samples of an analysis, and the list of them in upstream's form."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from afspec.agc.errors import AgcError
from afspec.agc.generate import fourleptons, nanoaod
from afspec.agc.generate.samples import shared

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from afspec.agc.generate.files import Form
    from afspec.agc.generate.samples import Sample

# Goes up when the same parameters give other events, so that files of an older afspec are made again.
_VERSION: Final = 1

# What upstream's list of files has: of each process and variation, nevts_total and files, of each path and nevts.
FileSet = dict[str, dict[str, dict[str, Any]]]


def generate_fileset(
    folder: Path,
    events: int,
    *,
    seed: int = 1,
    codec: str = "zstd:5",
    cluster: int = 20_000,
    form: Form = "ttree",
    files_per_sample: int = 1,
    progress: Callable[[int], object] | None = None,
) -> FileSet:
    """Write all nine samples of the ttbar analysis into a folder, about `events` in all, and tell where they are.

    A file that is there already, made with the same parameters, stays; beside each file lies a .json that tells them.
    `progress` is told how many events were written or found, bit by bit.

    Raises:
        AgcError: a number is out of range, or there is no such codec or form.
        OSError: the folder cannot be written.
    """
    if events < 1 or files_per_sample < 1:
        raise AgcError(f"{events} events in {files_per_sample} files a sample cannot be made")
    asked: dict[Sample, list[dict[str, Any]]] = {}
    for (process, variation), count in shared(events).items():
        for number in range(files_per_sample):
            first, last = (count * place // files_per_sample for place in (number, number + 1))
            what = {"process": process, "variation": variation, "start": first, "events": last - first}
            how = {"seed": seed, "codec": codec, "cluster": cluster, "form": form}
            asked.setdefault((process, variation), []).append(what | how)
    return _made(folder, asked, nanoaod.write, progress)


def generate_hzz_fileset(
    folder: Path,
    events: int,
    *,
    seed: int = 1,
    codec: str = "zstd:5",
    cluster: int = 20_000,
    form: Form = "ttree",
    progress: Callable[[int], object] | None = None,
) -> FileSet:
    """The same for the four-lepton analysis: its eight simulated samples, and data, which are few.

    Raises:
        AgcError: a number is out of range, or there is no such codec or form.
        OSError: the folder cannot be written.
    """
    if events < 1:
        raise AgcError(f"{events} events cannot be made")
    asked: dict[Sample, list[dict[str, Any]]] = {
        (process, "nominal"): [
            {"process": process, "events": count, "seed": seed, "codec": codec, "cluster": cluster, "form": form}
        ]
        for process, count in fourleptons.shared(events).items()
    }
    return _made(folder, asked, fourleptons.write_hzz, progress)


def _made(
    folder: Path,
    asked: Mapping[Sample, list[dict[str, Any]]],
    write: Callable[..., None],
    progress: Callable[[int], object] | None,
) -> FileSet:
    found: FileSet = {}
    for (process, variation), parts in asked.items():
        files = []
        for number, each in enumerate(parts):
            path = folder.absolute() / f"{process}__{variation}_{number}.root"
            _make(path, each, write, progress)
            files.append({"path": str(path), "nevts": each["events"]})
        total = sum(each["events"] for each in parts)
        found.setdefault(process, {})[variation] = {"nevts_total": total, "files": files}
    return found


def _make(
    path: Path, asked: dict[str, Any], write: Callable[..., None], progress: Callable[[int], object] | None
) -> None:
    """Write a file unless it is there."""
    note = path.with_name(f"{path.name}.json")
    marked = {"version": _VERSION, **asked}
    if _told(note) == marked | {"bytes": _size(path)}:
        if progress is not None:
            progress(asked["events"])
        return
    note.unlink(missing_ok=True)
    write(path, progress=progress, **asked)
    unfinished = note.with_name(f"{note.name}.new")
    unfinished.write_text(json.dumps(marked | {"bytes": _size(path)}, indent=1) + "\n")
    unfinished.replace(note)


def _told(note: Path) -> Any:
    try:
        return json.loads(note.read_text())
    except (OSError, ValueError):
        return None


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return -1

"""Lists of input files in upstream's form: {process: {variation: {nevts_total, files: [{path, nevts}]}}}."""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from afspec.agc.errors import AgcError
from afspec.agc.run.addresses import is_remote, without_secrets

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping
    from pathlib import Path

    from afspec.agc.run.work import Sample

_FORM = "The form is {process: {variation: {nevts_total, files: [{path, nevts}]}}}"


@dataclass(frozen=True, slots=True)
class File:
    """A file and how many events it is said to have.

    Attributes:
        path: what is opened.
        listed: its address in the list, where that is another.
    """

    path: str
    events: int
    listed: str = ""


@dataclass(frozen=True, slots=True)
class FileList:
    """Files of each (process, variation), in the list's order.

    Attributes:
        source: where the list is from, for messages.
        notes: what is odd about it, though it can be used.
    """

    samples: Mapping[Sample, tuple[File, ...]]
    source: str = ""
    notes: tuple[str, ...] = ()

    def __iter__(self) -> Iterator[tuple[Sample, File]]:
        return ((sample, file) for sample, files in self.samples.items() for file in files)

    @property
    def events(self) -> int:
        """Of all files, as the list has it."""
        return sum(file.events for _, file in self)

    @property
    def digest(self) -> str:
        """SHA-256 of samples, addresses and numbers of events; ways to the same files and secrets do not change it."""
        rows = [[*sample, without_secrets(file.listed or file.path), file.events] for sample, file in self]
        return hashlib.sha256(json.dumps(rows).encode()).hexdigest()

    def chosen(self, processes: Collection[str] = (), max_files: int | None = None) -> FileList:
        """Only some processes (all, if none is named), and the first files of each sample.

        Raises:
            AgcError: a process is not in the list.
        """
        known = list(dict.fromkeys(process for process, _ in self.samples))
        if missing := [process for process in processes if process not in known]:
            raise AgcError(f"{self.source} has no process {missing[0]!r}", f"It has {', '.join(known)}")
        kept = {
            sample: files[:max_files]
            for sample, files in self.samples.items()
            if not processes or sample[0] in processes
        }
        return replace(self, samples=kept)

    def rewritten(self, addresses: Callable[[str], str]) -> FileList:
        """The same files under other addresses (see addresses.Addresses).

        Raises:
            AgcError: a file has none, or two files get the same.
        """
        kept = {
            sample: tuple(File(addresses(file.path), file.events, file.listed or file.path) for file in files)
            for sample, files in self.samples.items()
        }
        _refuse_duplicates(kept, f"{self.source}, addresses rewritten")
        return replace(self, samples=kept)

    def document(self) -> dict[str, dict[str, Any]]:
        """The list in upstream's form."""
        told: dict[str, dict[str, Any]] = {}
        for (process, variation), files in self.samples.items():
            told.setdefault(process, {})[variation] = {
                "nevts_total": sum(file.events for file in files),
                "files": [{"path": file.path, "nevts": file.events} for file in files],
            }
        return told


def load(path: Path) -> FileList:
    """A list from a JSON file; paths in it are relative to its folder.

    Raises:
        AgcError: it cannot be read, or is no such list; the message says where it is wrong.
    """
    try:
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not text in UTF-8"
        raise AgcError(f"the file list {path} cannot be read: {reason}", _FORM) from None
    try:
        document = json.loads(text, object_pairs_hook=_unique)
    except json.JSONDecodeError as error:
        raise AgcError(f"{path}:{error.lineno}:{error.colno} is no JSON: {error.msg}", _FORM) from None
    except (ValueError, RecursionError) as error:
        raise AgcError(f"{path}: {error}", _FORM) from None
    return of_document(document, str(path), path.parent)


def of_document(document: Any, source: str, folder: Path | None = None) -> FileList:
    """A list from its JSON form.

    Arguments:
        document: the list, as JSON is parsed.
        source: where it is from, for messages.
        folder: what relative paths are relative to; None leaves them alone.

    Raises:
        AgcError: it is none, or names a file twice within a sample.
    """
    samples: dict[Sample, tuple[File, ...]] = {}
    notes: list[str] = []
    for process, variations in _mapping(document, source, ()).items():
        for variation, sample in _mapping(variations, source, (process,)).items():
            here = (process, variation)
            told = _mapping(sample, source, here)
            listed = told.get("files")
            if not isinstance(listed, list):
                raise _wrong(source, (*here, "files"), "a list of files", listed)
            files = tuple(_file(each, source, (*here, "files", number), folder) for number, each in enumerate(listed))
            if not files:
                raise AgcError(
                    f"{source}: {process} {variation} has no files", "Take the sample out, or list its files"
                )
            samples[here] = files
            notes += _totals(told, source, here, sum(file.events for file in files))
    if not samples:
        raise AgcError(f"{source} names no files at all", _FORM)
    _refuse_duplicates(samples, source)
    notes += _shared(samples, source)
    return FileList(samples, source, tuple(notes))


def _file(document: Any, source: str, place: tuple[str | int, ...], folder: Path | None) -> File:
    told = _mapping(document, source, place)
    path = told.get("path")
    if not isinstance(path, str) or not path:
        raise _wrong(source, (*place, "path"), "an address or a path", path)
    events = _count(told.get("nevts"), source, (*place, "nevts"))
    if folder is not None and not is_remote(path):
        # So that ./a.root and a.root are known for the same.
        path = os.path.normpath(folder / path)
    return File(path, events)


def _count(value: Any, source: str, place: tuple[str | int, ...]) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise _wrong(source, place, "a number of events", value)
    return value


def _totals(told: Mapping[str, Any], source: str, place: tuple[str, str], events: int) -> list[str]:
    """What is odd about a sample's total, which nothing is made of."""
    if "nevts_total" not in told:
        return []
    total = _count(told["nevts_total"], source, (*place, "nevts_total"))
    if total == events:
        return []
    return [f"{source}: {' '.join(place)}: nevts_total is {total:,}, its files add up to {events:,}; the files count"]


def _shared(samples: Mapping[Sample, tuple[File, ...]], source: str) -> list[str]:
    """Files that more than one sample lists: that may be meant, in a test."""
    first: dict[str, Sample] = {}
    notes = []
    for sample, files in samples.items():
        for file in files:
            owner = first.setdefault(file.path, sample)
            if owner != sample:
                notes.append(f"{source}: {without_secrets(file.path)} is in {' '.join(owner)} and {' '.join(sample)}")
    return notes


def _refuse_duplicates(samples: Mapping[Sample, tuple[File, ...]], source: str) -> None:
    for sample, files in samples.items():
        places: dict[str, int] = {}
        for number, file in enumerate(files):
            if file.path in places:
                raise AgcError(
                    f"{source}: {' '.join(sample)} has {without_secrets(file.path)} twice, as files "
                    f"{places[file.path]} and {number}",
                    "Its events would count twice: take one out",
                )
            places[file.path] = number


def _mapping(value: Any, source: str, place: tuple[str | int, ...]) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise _wrong(source, place, "a mapping", value)
    return value


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"{twice!r} is there twice within one mapping")
    return found


def _wrong(source: str, place: tuple[str | int, ...], wanted: str, value: Any) -> AgcError:
    where = "".join(f"/{part}" for part in place) or "the whole file"
    found = "nothing" if value is None else without_secrets(json.dumps(value)[:60])
    return AgcError(f"{source}: {where}: {wanted} is wanted, {found} is there", _FORM)

"""What is compared: a spec, or the facility that a compiled folder was made from."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from afspec.compiler import look_up
from afspec.compiler.lock import LOCK_NAME, Lock, parse_lock
from afspec.compiler.writer import OutputFolder
from afspec.diagnostics import AfspecError, Diagnostic
from afspec.facility import Facility, validate
from afspec.facility.dump import STATE_FILE
from afspec.rules import check
from afspec.source import Document, Mapping
from afspec.source.parser import parse
from afspec.source.text import decode, digest, fail

if TYPE_CHECKING:
    from afspec.compiler import Checked, Frontend

# What the file says of itself, and is no part of the facility.
_ABOUT = "//"


@dataclass(frozen=True, slots=True)
class State:
    """A state of a facility: what it is called by whoever named it, and what the rules find in it.

    `lock` is that of the compiled folder which it was read from, None for a spec.
    """

    name: str
    facility: Facility
    warnings: list[Diagnostic] = field(default_factory=list)
    lock: Lock | None = None


def state_of(name: str, checked: Checked) -> State:
    """The state that a checked spec describes."""
    return State(name, checked.facility, checked.warnings)


def read_state(name: str, frontend: Frontend) -> State:
    """The state of a spec, or of the folder that was compiled from one.

    Raises:
        AfspecError: what a spec has errors of; AF4030, AF4031 or AF4009 of a folder.
    """
    path = look_up(name)[0]
    return read_folder(path, frontend) if Path(path).is_dir() else state_of(name, frontend.check(path))


def read_folder(path: str, frontend: Frontend) -> State:
    """The state that the files of a folder were made from.

    Raises:
        AfspecError: AF4030 where it holds none, AF4031 where it was edited, AF4009 where the lock cannot be read.
    """
    with OutputFolder(path, create=False) as folder:
        lock_text, data = folder.read(LOCK_NAME), folder.read(STATE_FILE)
    if lock_text is None or data is None:
        missing = LOCK_NAME if lock_text is None else STATE_FILE
        raise fail("AF4030", f"no {missing} in {path}", place=path)
    lock = parse_lock(lock_text.decode("utf-8", "replace"), str(Path(path, LOCK_NAME)))
    place = str(Path(path, STATE_FILE))
    if lock.outputs.get(STATE_FILE) != digest(data):
        raise fail("AF4031", f"{place} is not what the lock says", place=place)
    document = _document(place, data)
    frontend.loader.sources.update(document.lines)
    facility = validate(document)
    # Errors are told of as warnings are: what was compiled once may break a rule that came later.
    found = [diagnostic for diagnostic in check(facility, document, frontend.as_of) if diagnostic.ignored is None]
    return State(path, facility, found, lock)


def _document(place: str, data: bytes) -> Document:
    """The facility's file as a tree with places: JSON is YAML."""
    source = decode(place, data)
    parsed = parse(source)
    if parsed.diagnostics:
        raise AfspecError(parsed.diagnostics)
    if not isinstance(parsed.root, Mapping):
        raise fail("AF4031", f"{place} holds no facility", place=place)
    entries = {key: entry for key, entry in parsed.root.entries.items() if key != _ABOUT}
    return Document(parsed.root._replace(entries=entries), (source,))

"""From a file of an output folder to the generator that wrote it, and to the spec that it was made from."""

from __future__ import annotations

import os
from glob import escape, glob
from typing import TYPE_CHECKING, NamedTuple

from afspec.compiler import look_up
from afspec.compiler.lock import LOCK_NAME, Lock, inputs_of, parse_lock
from afspec.compiler.lookup import PACKAGED
from afspec.diagnostics import AfspecError
from afspec.source import Loader
from afspec.source.text import digest, fail, read_bytes

if TYPE_CHECKING:
    from collections.abc import Iterator

_DEPTHS = ("", "*", "*/*")


class Place(NamedTuple):
    """An output: its path in the output folder, who wrote it, whether it was edited since, and the spec."""

    path: str
    generator: str
    is_edited: bool
    spec: str


def lock_above(file: str) -> tuple[str, Lock]:
    """The output folder that a file lies in, and its lock.

    Raises:
        AfspecError: AF4020 where no folder above it has a lock, AF4009 for one that cannot be read.
    """
    folder = os.path.dirname(os.path.abspath(file))
    while True:
        lock = os.path.join(folder, LOCK_NAME)
        if os.path.isfile(lock):
            return folder, parse_lock(read_bytes(lock).decode("utf-8", "replace"), os.path.relpath(lock))
        above = os.path.dirname(folder)
        if above == folder:
            raise fail("AF4020", f"{file} lies in no folder that afspec wrote", place=file)
        folder = above


def _namesakes(name: str, folder: str) -> Iterator[str]:
    """Files called `name` in the usual places: here, in specs/ here and beside the output folder, and with afspec."""
    yield from glob(escape(name))
    roots = ["specs"]
    above = folder
    for _ in range(3):
        above = os.path.dirname(above)
        roots.append(os.path.relpath(os.path.join(above, "specs")))
    for root in dict.fromkeys((*roots, str(PACKAGED))):
        for depth in _DEPTHS:
            yield from sorted(glob(os.path.join(escape(root), depth, escape(name))))


def _is_laid_out_as(spec: str, lock: Lock) -> bool:
    """Whether a spec builds on the same files as the one of the lock did."""
    try:
        inputs = inputs_of(Loader().load(spec))
    except AfspecError:
        return False
    return [item.path for item in inputs] == [item.path for item in lock.inputs]


def _spec_of(lock: Lock, folder: str) -> str:
    """The spec that an output was made from, by its digest; else one that is called as it was and extends the same.

    Raises:
        AfspecError: AF4021 where there is none.
    """
    made_from = lock.inputs[0] if lock.inputs else None
    namesakes = []
    if made_from is not None:
        for spec in _namesakes(os.path.basename(made_from.path), folder):
            if not os.path.isfile(spec):
                continue
            if digest(read_bytes(spec)) == made_from.sha256:
                return spec
            namesakes.append(spec)
    if found := next((spec for spec in namesakes if _is_laid_out_as(spec, lock)), None):
        return found
    name = made_from.path if made_from else lock.site
    raise fail("AF4021", f"the spec of {os.path.relpath(folder)} was not found: {name}", place=os.path.relpath(folder))


def locate(file: str, spec: str | None = None) -> Place:
    """What is known of an output file; `spec` is the spec where the user named it.

    Raises:
        AfspecError: AF4009, AF4020, AF4021, AF4022, AF0001.
    """
    folder, lock = lock_above(file)
    path = os.path.relpath(os.path.abspath(file), folder)
    owner = next((name for name, record in lock.generators.items() if path in record.outputs), None)
    if owner is None:
        is_record = path == LOCK_NAME
        why = "is afspec's own record of the folder" if is_record else "is no file that afspec wrote"
        raise fail("AF4022", f"{file} {why if os.path.lexists(file) else 'is not there'}", place=file)
    is_edited = digest(read_bytes(file)) != lock.generators[owner].outputs[path]
    return Place(path, owner, is_edited, look_up(spec)[0] if spec else _spec_of(lock, folder))

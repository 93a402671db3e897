"""One question: the spec loaded, the generators that matter, the output found, and the answer put together."""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from afspec.compiler.stamp import digest_of, stamped
from afspec.diagnostics import nearest
from afspec.explain.answers import Cause, Reached, causes, reached
from afspec.explain.counterfactual import Study
from afspec.explain.parallel import straight
from afspec.explain.provenance import Provenance
from afspec.explain.where import locate
from afspec.facility import validate
from afspec.generators import all_generators
from afspec.source import Loader, find, parse_pointer
from afspec.source.text import fail, read_bytes

if TYPE_CHECKING:
    from afspec.explain.leaves import Leaf
    from afspec.explain.parallel import Steps
    from afspec.facility import Facility
    from afspec.source import Document


@dataclass(frozen=True)
class Spec:
    """A spec that is asked about."""

    path: str
    document: Document
    facility: Facility

    @classmethod
    def load(cls, path: str) -> Spec:
        """The spec at `path`.

        Raises:
            AfspecError: it has errors.
        """
        document = Loader().load(path)
        return cls(path, document, validate(document))

    @cached_property
    def provenance(self) -> Provenance:
        """Where its values were written."""
        return Provenance(self.document)


class Told(NamedTuple):
    """A line of an output, by its number in what the spec gives, with the values that made it.

    A line with the spec's digest is made by all of them, and by none in particular.
    """

    number: int
    text: str
    causes: list[Cause]
    is_digest: bool = False


class FileAnswer(NamedTuple):
    """Why some lines of an output are as they are."""

    spec: Spec
    file: str
    generator: str
    folder: str
    notes: list[str]
    lines: list[Told]
    single: bool


class PointerAnswer(NamedTuple):
    """What a value, or all below a map or list, reaches; `fixed` where the language allows nothing else there."""

    spec: Spec
    pointer: str
    leaves: list[Leaf]
    reached: list[Reached]
    texts: dict[str, list[str]]
    readers: list[str]
    fixed: bool


def _asked(given: list[str], here: list[str], wanted: tuple[int, int] | None, file: str) -> tuple[range, bool]:
    """The lines asked about, in what the spec gives (`given`); whether they are where the file on disk has them.

    Raises:
        AfspecError: AF4023 for lines that the file has not, or that the spec does not give.
    """
    if wanted is None:
        return range(1, len(given) + 1), True
    first, last = wanted
    if last > len(here):
        raise fail("AF4023", f"{file} ends at line {len(here)}", place=file, hint="Ask about a line that it has.")
    asked = here[first - 1 : last]
    if given[first - 1 : last] == asked:
        return range(first, last + 1), True
    starts = [at for at in range(len(given)) if given[at : at + len(asked)] == asked]
    if len(starts) != 1:
        times = "nowhere in" if not starts else f"{len(starts)} times in"
        raise fail("AF4023", f"`{asked[0].strip()}` is {times} what the spec gives", place=f"{file}:{first}")
    return range(starts[0] + 1, starts[0] + 1 + len(asked)), False


def _shown(folder: str) -> str:
    """A folder as people here would write it."""
    relative = os.path.relpath(folder)
    return folder if relative.startswith("..") else relative


def explain_file(
    file: str, wanted: tuple[int, int] | None, spec: str | None = None, steps: Steps = straight
) -> FileAnswer:
    """Why the lines `wanted` (from 1, both included; None for all) of an output are as they are.

    Raises:
        AfspecError: the file, its lock or its spec is not there, has errors, or has no such line.
    """
    place = locate(file, spec)
    loaded = Spec.load(place.spec)
    generator = all_generators().get(place.generator)
    if generator is None:
        raise fail("AF4011", f"generator `{place.generator}` wrote {file}, and is not installed", place=file)
    study = Study(loaded.document.root, loaded.facility, {generator.name: generator})
    made = next((artifact for artifact in study.files[generator.name] if artifact.path == place.path), None)
    if made is None:
        raise fail("AF4023", f"{place.spec} no longer gives {place.path}", place=file)
    digest = digest_of(loaded.facility)
    given = stamped(made, digest).text.splitlines()
    here = read_bytes(file).decode("utf-8", "replace").splitlines()
    lines, in_place = _asked(given, here, wanted, file)
    notes = []
    if given != here:
        why = "the file was edited" if place.is_edited else "the spec or afspec has changed since it was compiled"
        notes.append(f"{file} is not what {place.spec} gives now: {why}. What the spec gives is explained.")
    if not in_place:
        notes.append(f"There, this is line {lines.start}.")
    found = causes(study, generator.name, place.path, lines, steps)
    told = [Told(number, given[number - 1], found.get(number, []), digest in given[number - 1]) for number in lines]
    return FileAnswer(loaded, file, generator.name, _shown(str(generator.folder)), notes, told, len(lines) == 1)


def explain_pointer(path: str, pointer: str, steps: Steps = straight) -> PointerAnswer:
    """What the value at a pointer, or each value below it, reaches.

    Raises:
        AfspecError: the spec has errors, or nothing at the pointer (AF4024).
    """
    loaded = Spec.load(path)
    study = Study(loaded.document.root, loaded.facility, all_generators())
    parts = _parts(loaded, study, pointer)
    below = [leaf for leaf in study.leaves if parts in (leaf.parts[: len(parts)], leaf.by_index[: len(parts)])]
    readers = sorted({name for leaf in below for name in study.readers(leaf) if study.files[name]})
    fixed = bool(below) and all(study.alternatives(leaf) == [None] for leaf in below)
    texts = {artifact.path: artifact.text.splitlines() for files in study.files.values() for artifact in files}
    return PointerAnswer(loaded, pointer, below, reached(study, below, steps), texts, readers, fixed)


def _parts(spec: Spec, study: Study, pointer: str) -> tuple[str, ...]:
    try:
        parts = parse_pointer(pointer)
    except ValueError as error:
        raise fail("AF4024", str(error), place=spec.path) from error
    if not find(spec.document.root, parts)[2]:
        known = {leaf.pointer for leaf in study.leaves}
        known |= {prefix for leaf in study.leaves for prefix in leaf.above}
        near = nearest(pointer, sorted(known))
        hint = f"Did you mean `{near}`?" if near else ""
        raise fail("AF4024", f"{spec.path} has nothing at {pointer}", place=spec.path, hint=hint)
    return parts

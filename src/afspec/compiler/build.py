"""Compiling one site: nothing to do, or render, compare, write."""

from __future__ import annotations

import difflib
import os
import re
from typing import TYPE_CHECKING

from afspec.compiler.lock import LOCK_NAME, Lock, Record, digest_inputs, inputs_of, parse_lock
from afspec.compiler.outcome import Action, Outcome, Site
from afspec.compiler.stamp import digest_of, restamped, stamped
from afspec.compiler.toolchain import core_digest, generator_digests
from afspec.compiler.writer import JOURNAL_NAME, Changes, OutputFolder, apply, compare
from afspec.diagnostics import AfspecError, nearest
from afspec.generators import all_generators
from afspec.generators.cluster.objects import SPEC_DIGEST
from afspec.source.text import digest, fail, read_bytes

if TYPE_CHECKING:
    from collections.abc import Mapping

    from afspec.compiler.frontend import Checked
    from afspec.generators import Artifact


_NAME_LINE = re.compile(rb"^name:[ ]*[\"']?([A-Za-z0-9][A-Za-z0-9._-]*)", re.MULTILINE)


def _read_lock(folder: OutputFolder, *, force: bool) -> Lock | None:
    data = folder.read(LOCK_NAME)
    if data is None:
        return None
    try:
        return parse_lock(data.decode("utf-8", "replace"), os.path.join(folder.path, LOCK_NAME))
    except AfspecError:
        if force:
            return None
        raise


def selected(only: tuple[str, ...]) -> list[str]:
    """Names of the generators to run, all of them by default.

    Raises:
        AfspecError: AF4011 for a name that no generator has.
    """
    known = all_generators()
    for name in only:
        if name not in known:
            near = nearest(name, known)
            hint = f"Did you mean `{near}`?" if near else f"There are: {', '.join(known)}."
            raise fail("AF4011", f"unknown generator `{name}`", place="--only", hint=hint)
    return [name for name in known if not only or name in only]


def _is_current(folder: OutputFolder, lock: Lock, spec: str, spec_digest: str) -> bool:
    """Whether the spec, its bases, the generators and every output are as the lock says."""
    home = os.path.dirname(spec)
    if lock.core != core_digest() or not lock.inputs or lock.inputs[0].sha256 != spec_digest:
        return False
    if lock.inputs[0].path != os.path.basename(spec) or folder.read(JOURNAL_NAME) is not None:
        return False
    for item in lock.inputs[1:]:
        if digest(read_bytes(os.path.normpath(os.path.join(home, item.path)))) != item.sha256:
            return False
    inputs = digest_inputs(lock.inputs)
    records = lock.generators
    if {name: record.code for name, record in records.items()} != generator_digests():
        return False
    if any(record.inputs != inputs for record in records.values()):
        return False
    return all(folder.digest(path) == sha for path, sha in lock.outputs.items())


def unchanged(site: Site) -> Outcome | None:
    """The outcome of a site that needs no work, else None.

    Only digests are compared and nothing is parsed, so that an unchanged fleet costs next to nothing. The
    site's name is guessed from the text; a wrong guess finds no lock that fits.
    """
    try:
        data = read_bytes(site.spec)
        guess = _NAME_LINE.search(data)
        if guess is None:
            return None
        with OutputFolder(os.path.join(site.output, guess[1].decode("ascii")), create=False) as folder:
            lock = _read_lock(folder, force=False)
            if lock is None or not _is_current(folder, lock, site.spec, digest(data)):
                return None
            return Outcome(lock.site, folder.path, len(lock.outputs))
    except AfspecError:
        return None  # the slow path says what is wrong


def render_site(checked: Checked, only: tuple[str, ...] = ()) -> Mapping[str, list[Artifact]]:
    """The files of each selected generator, rendered and verified, with the spec's digest where it belongs; pure."""
    from afspec.compiler.render import render  # noqa: PLC0415 - an unchanged site renders nothing

    known = all_generators()
    rendered = render(checked.facility, [known[name] for name in selected(only)])
    if not any(SPEC_DIGEST in artifact.text for group in rendered.values() for artifact in group):
        return rendered
    spec = digest_of(checked.facility)
    return {name: [stamped(artifact, spec) for artifact in group] for name, group in rendered.items()}


def _new_lock(checked: Checked, rendered: Mapping[str, list[Artifact]], old: Lock | None) -> Lock:
    """The lock after writing: records of generators that did not run this time stay as they were."""
    inputs = inputs_of(checked.document)
    combined, codes = digest_inputs(inputs), generator_digests()
    records = dict(old.generators) if old and len(rendered) < len(codes) else {}
    for name, artifacts in rendered.items():
        outputs = {artifact.path: digest(artifact.text.encode("ascii")) for artifact in artifacts}
        records[name] = Record(codes[name], combined, outputs)
    return Lock(checked.facility.name, core_digest(), inputs, records)


def _diffs(checked: Checked, folder: OutputFolder | None, artifacts: list[Artifact], gone: list[str]) -> dict[str, str]:
    """Unified diff of every file, by path, from what is on disk to what the spec gives; not for its digest alone."""
    spec = digest_of(checked.facility)
    diffs: dict[str, str] = {}
    texts = {artifact.path: artifact.text for artifact in artifacts}
    for path in sorted({*texts, *gone}):
        old = (folder.read(path) if folder else None) or b""
        before = restamped(old.decode("utf-8", "replace"), spec).splitlines(keepends=True)
        after = texts.get(path, "").splitlines(keepends=True)
        parts = difflib.unified_diff(before, after, f"a/{path}", f"b/{path}")
        if text := "".join(part if part.endswith("\n") else part + "\n" for part in parts):
            diffs[path] = text
    return diffs


def compile_site(site: Site, checked: Checked) -> Outcome:
    """Compile a checked facility: write its files, or say how the disk differs.

    Raises:
        AfspecError: AF4xxx; nothing was written then, or each file is old or new and the journal says which.
    """
    rendered = render_site(checked, site.only)
    artifacts = [artifact for group in rendered.values() for artifact in group]
    path = os.path.join(site.output, checked.facility.name)
    write = site.action is Action.WRITE
    if not write and not os.path.lexists(path):
        everything = tuple(artifact.path for artifact in artifacts)
        diffs = _diffs(checked, None, artifacts, []) if site.action is Action.DIFF else {}
        changes = Changes(everything, (), (), (), (), ())
        return Outcome(checked.facility.name, path, len(artifacts), changes, checked.warnings, (), diffs, checked)
    with OutputFolder(path, create=write) as folder:
        old = _read_lock(folder, force=site.force)
        lock = _new_lock(checked, rendered, old)
        wanted = {artifact.path for artifact in artifacts}
        changes = compare(folder, artifacts, old.outputs if old else {}, _gone(old, lock, rendered, folder) - wanted)
        stale = _stale(folder, lock, rendered)
        if write:
            apply(folder, artifacts, changes, lock.dump(), force=site.force)
        gone = [name for name in (*changes.removed, *changes.edited) if name not in wanted]
        diffs = _diffs(checked, folder, artifacts, gone) if site.action is Action.DIFF else {}
        return Outcome(checked.facility.name, path, len(artifacts), changes, checked.warnings, stale, diffs, checked)


def _gone(old: Lock | None, lock: Lock, rendered: Mapping[str, list[Artifact]], folder: OutputFolder) -> set[str]:
    """Paths that earlier runs wrote, of the generators that ran now or exist no more."""
    if old is None:
        return set(folder.journal())
    gone = {
        path
        for name, record in old.generators.items()
        if name in rendered or name not in lock.generators
        for path in record.outputs
    }
    everything = len(rendered) == len(lock.generators)
    return gone | set(folder.journal()) if everything else gone


def _stale(folder: OutputFolder, lock: Lock, rendered: Mapping[str, list[Artifact]]) -> tuple[str, ...]:
    """What belongs to another state of the spec: generators that did not run now, an interrupted run, the lock."""
    inputs = digest_inputs(lock.inputs)
    stale = [name for name, record in sorted(lock.generators.items()) if record.inputs != inputs]
    if folder.read(JOURNAL_NAME) is not None:
        stale.append(JOURNAL_NAME)
    if not stale and folder.read(LOCK_NAME) != lock.dump().encode("ascii"):
        stale.append(LOCK_NAME)
    return tuple(name for name in stale if name not in rendered)

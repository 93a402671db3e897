"""A spec file with its bases: read, parse, follow `extends:`, merge."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from afspec.diagnostics import CODES, AfspecError, Diagnostic, Severity
from afspec.source.merge import duplicate_names, merge, strip
from afspec.source.nodes import Mapping, Scalar, Sequence, type_names
from afspec.source.parser import parse
from afspec.source.text import SourceFile, decode, fail, read_bytes
from afspec.source.textfile import TextFiles

if TYPE_CHECKING:
    from afspec.diagnostics import Span

MAX_CHAIN = 16
_Loaded = tuple[Mapping, tuple[SourceFile, ...]]


@dataclass(frozen=True, slots=True)
class Document:
    """A spec as the compiler sees it: one merged tree, and the files that it came from, the spec first."""

    root: Mapping
    files: tuple[SourceFile, ...]

    @property
    def lines(self) -> dict[str, list[str]]:
        """The lines of every file, for printing diagnostics."""
        return {file.name: file.text.splitlines() for file in self.files}


@dataclass
class Loader:
    """Loads specs; bases are read once for a fleet of sites.

    `sources` holds the text of every file read for the spec that is being loaded, also when it fails, so that
    diagnostics can show the line.
    """

    sources: dict[str, list[str]] = field(default_factory=dict)
    # What stands for a file that a value names and that is not there; None: that is an error.
    absent: str | None = None
    _bases: dict[str, _Loaded] = field(default_factory=dict)
    # Bases of the spec at hand that have problems: reported once, however many ways lead to them.
    _broken: dict[str, _Loaded] = field(default_factory=dict)

    def load(self, path: str) -> Document:
        """The merged document of the spec at `path`.

        Raises:
            AfspecError: with every problem that could be found (AF0xxx and AF1xxx).
        """
        self.sources, self._broken = {}, {}
        problems: list[Diagnostic] = []
        root, files = self._load(os.path.normpath(path), (), problems)
        if problems:
            raise AfspecError(problems)
        return Document(root, files)

    def _load(self, path: str, chain: tuple[str, ...], problems: list[Diagnostic]) -> _Loaded:
        source = decode(path, read_bytes(path))
        self.sources[path] = source.text.splitlines()
        texts = TextFiles(os.path.dirname(path), self.absent)
        parsed = parse(source, texts.read)
        self.sources.update({file.name: file.text.splitlines() for file in texts.files})
        problems.extend(parsed.diagnostics)
        root = parsed.root
        if root is None:
            raise AfspecError(problems)
        if not isinstance(root, Mapping):
            message = f"a spec is a map, this file holds {type_names[root.kind]}"
            problems.extend(fail("AF0015", message, span=root.span).diagnostics)
            raise AfspecError(problems)
        duplicate_names(root, problems.append)
        base: Mapping | None = None
        files: tuple[SourceFile, ...] = texts.files
        for name, span in self._extends(root, problems):
            below, more = self._base(path, name, span, (*chain, path), problems)
            merged = merge(base, below, problems.append) if base is not None else below
            base = merged if isinstance(merged, Mapping) else base
            files += tuple(file for file in more if file not in files)
        top = merge(base, root, problems.append) if base is not None else strip(root)
        if not isinstance(top, Mapping):
            raise AfspecError(problems)
        return top, (source, *files)

    def _base(self, path: str, name: str, span: Span, chain: tuple[str, ...], problems: list[Diagnostic]) -> _Loaded:
        """One base of `path`, from the cache if another site has read it; its failures point to `span`."""
        target = os.path.normpath(os.path.join(os.path.dirname(path), name))
        if target in chain:
            circle = " -> ".join([*chain[chain.index(target) :], target])
            raise AfspecError([*problems, *fail("AF1002", f"bases in a circle: {circle}", span=span).diagnostics])
        if len(chain) > MAX_CHAIN:
            raise AfspecError([*problems, *fail("AF1006", span=span).diagnostics])
        loaded = self._bases.get(target) or self._broken.get(target)
        if loaded is None:
            start = len(problems)
            try:
                loaded = self._load(target, chain, problems)
            except AfspecError as error:
                if error.diagnostics[0].code in {"AF0001", "AF0002", "AF0003"}:
                    what = error.diagnostics[0].message
                    missing = Diagnostic(
                        "AF1001",
                        Severity.ERROR,
                        f"base cannot be read: {what}",
                        span=span,
                        hint=CODES["AF1001"].advice,
                    )
                    raise AfspecError([*problems, missing]) from error
                raise
            (self._broken if len(problems) > start else self._bases)[target] = loaded
        root, files = loaded
        self.sources.update({file.name: file.text.splitlines() for file in files})
        # What a base extends is its own affair: it neither merges with, nor becomes, what its heirs extend.
        return root._replace(entries={key: entry for key, entry in root.entries.items() if key != "extends"}), files

    @staticmethod
    def _extends(root: Mapping, problems: list[Diagnostic]) -> list[tuple[str, Span]]:
        entry = root.entries.get("extends")
        if entry is None:
            return []
        value = entry.value
        items = value.items if isinstance(value, Sequence) else (value,)
        bases = [(item.text, item.span) for item in items if isinstance(item, Scalar) and not item.is_null]
        if len(bases) != len(items) or isinstance(value, Mapping):
            problems.extend(fail("AF1005", span=value.span).diagnostics)
            return []
        return bases

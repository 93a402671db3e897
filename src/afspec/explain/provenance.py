"""Where a value of a spec was written: the file, the bases that it came through, and what it overrides in them."""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from afspec.source import Mapping, Scalar, Sequence
from afspec.source.parser import parse
from afspec.source.pointer import step

if TYPE_CHECKING:
    from collections.abc import Iterator

    from afspec.diagnostics import Span
    from afspec.explain.leaves import Leaf
    from afspec.source import Document, Node


@dataclass
class Provenance:
    """The files of a document, each read alone: which extends which, and what each says by itself."""

    document: Document

    @cached_property
    def _roots(self) -> dict[str, Node]:
        trees = {file.name: parse(file).root for file in self.document.files}
        # A file that a value names, as a lock of packages, is no spec; it has no keys to find.
        return {name: root for name, root in trees.items() if isinstance(root, Mapping)}

    def _bases(self, name: str) -> list[tuple[str, Span]]:
        """What a file extends, each with the place of the entry that says so."""
        root = self._roots.get(name)
        found = step(root, "extends") if root is not None else None
        value = found[0] if found else None
        items = value.items if isinstance(value, Sequence) else (value,)
        folder = os.path.dirname(name)
        return [
            (os.path.normpath(os.path.join(folder, item.text)), item.span) for item in items if isinstance(item, Scalar)
        ]

    def _ways(self, name: str) -> Iterator[tuple[str, tuple[Span, ...]]]:
        """Every file below `name`, with the entries of `extends` that lead to it."""
        for base, span in self._bases(name):
            yield base, (span,)
            for further, spans in self._ways(base):
                yield further, (span, *spans)

    def through(self, leaf: Leaf) -> tuple[Span, ...]:
        """The entries of `extends` that lead from the spec to the file of a value; none where it is the spec's own."""
        own = self.document.files[0].name
        if leaf.node.span.file == own:
            return ()
        return next((spans for file, spans in self._ways(own) if file == leaf.node.span.file), ())

    def text_at(self, span: Span) -> str:
        """What stands at a place of one line."""
        line = self.document.lines[span.file][span.line - 1]
        return line[span.column - 1 : span.end_column - 1]

    def overrides(self, leaf: Leaf) -> tuple[Scalar, ...]:
        """What the bases of a value's file say in its place."""
        found: dict[str, Scalar] = {}
        for file, _ in self._ways(leaf.node.span.file):
            node = self._roots.get(file)
            for part in leaf.parts:
                below = step(node, part) if node is not None else None
                node = below[0] if below else None
            # The name by which items are merged is the same in all of them, and overrides nothing.
            if isinstance(node, Scalar) and not (leaf.parts[-1] == "name" and node.text == leaf.node.text):
                found.setdefault(file, node)
        return tuple(found.values())

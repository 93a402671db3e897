"""Values whose text is a file of its own: `lock: !file ../images/base.lock`, relative to the file that says so."""

from __future__ import annotations

import os
from dataclasses import dataclass, field

from afspec.diagnostics import AfspecError, Span
from afspec.source.nodes import Scalar
from afspec.source.text import SourceFile, decode, fail, read_bytes


@dataclass
class TextFiles:
    """Reads the files that the values of one spec or base name, each once.

    `folder` is that of the spec; `absent` stands for a file that is not there, or has nothing in it, where that is no
    error.
    """

    folder: str
    absent: str | None = None
    _read: dict[str, SourceFile] = field(default_factory=dict)

    @property
    def files(self) -> tuple[SourceFile, ...]:
        """The files that were read, in the order in which they are named."""
        return tuple(self._read.values())

    def read(self, name: str, span: Span) -> Scalar:
        """The text of a file as a value, whose place is the start of that file; `span` is where it is named.

        Raises:
            AfspecError: AF1007 at `span` where it cannot be read, AF0004 or AF0005 in the file itself.
        """
        if not name or os.path.isabs(name):
            raise fail("AF1007", f"`!file` takes a path relative to this file, not {name or 'nothing'}", span=span)
        path = os.path.normpath(os.path.join(self.folder, name))
        at = Span(path, 1, 1, 1, 2)
        if path not in self._read:
            try:
                self._read[path] = decode(path, read_bytes(path))
            except AfspecError as error:
                first = error.diagnostics[0]
                if first.span is not None:
                    raise
                if first.code in {"AF0001", "AF0014"} and self.absent is not None:
                    return Scalar(self.absent, plain=False, span=at)
                raise fail("AF1007", f"file that `!file` names: {first.message}", span=span) from error
        return Scalar(self._read[path].text, plain=False, span=at)

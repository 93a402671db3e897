"""YAML with positions: reading, parsing, merging bases, and pointers into the result.

Nothing here knows what a facility is. Nodes are immutable and keep the span of the file that they came
from, also after a merge, so that a diagnostic can point into a base.
"""

from afspec.source.edit import put
from afspec.source.load import Document, Loader
from afspec.source.nodes import Entry, Mapping, Node, Scalar, Sequence
from afspec.source.plain import Number, to_plain
from afspec.source.pointer import find, format_pointer, parse_pointer, places

__all__ = [
    "Document",
    "Entry",
    "Loader",
    "Mapping",
    "Node",
    "Number",
    "Scalar",
    "Sequence",
    "find",
    "format_pointer",
    "parse_pointer",
    "places",
    "put",
    "to_plain",
]

"""From YAML text to nodes, on libyaml's events: bounded in depth and size, strict about keys and tags."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import yaml

from afspec.diagnostics import CODES, AfspecError, Diagnostic, Severity, Span
from afspec.source.nodes import Entry, Mapping, Node, Scalar, Sequence

if TYPE_CHECKING:
    from collections.abc import Callable

    from afspec.source.text import SourceFile

    # What `!file` becomes: from the path as it is written, and where that is, to the text of the file.
    Include = Callable[[str, Span], Scalar]

MAX_DEPTH = 32
MAX_NODES = 20_000
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_TAG_STR = "tag:yaml.org,2002:str"
_TAG_FILE = "!file"
_KNOWN_TAGS = {None, "!", _TAG_STR, "!replace"}


class _Open:
    """A map or list whose end has not been seen yet."""

    __slots__ = ("anchor", "entries", "height", "is_map", "items", "key", "key_span", "replaces", "size", "start")

    def __init__(self, event: Any, *, is_map: bool) -> None:
        self.is_map = is_map
        self.start = event.start_mark
        self.anchor: str | None = event.anchor
        self.replaces = event.tag == "!replace"
        self.entries: dict[str, Entry] = {}
        self.items: list[Node] = []
        self.key: str | None = None
        self.key_span: Span | None = None
        self.size = 1
        self.height = 0


class Parsed(NamedTuple):
    """What came out of a file: the tree (as far as it could be read), and what was wrong."""

    root: Node | None
    diagnostics: list[Diagnostic]


class _Composer:
    """Builds nodes from events without recursion, so that no input can exhaust the stack."""

    def __init__(self, source: SourceFile, include: Include | None) -> None:
        self.file = source.name
        self.include = include
        self.stack: list[_Open] = []
        self.anchors: dict[str, tuple[Node, int]] = {}
        self.diagnostics: list[Diagnostic] = []
        self.root: Node | None = None
        self.documents = 0

    def span(self, start: Any, end: Any) -> Span:
        if end.line > start.line and end.column == 0:  # a block ends where the next line starts
            return Span(self.file, start.line + 1, start.column + 1, start.line + 1, start.column + 2)
        return Span(self.file, start.line + 1, start.column + 1, end.line + 1, end.column + 1)

    def report(self, code: str, message: str, span: Span, hint: str = "") -> None:
        hint = hint or CODES[code].advice
        self.diagnostics.append(Diagnostic(code, Severity.ERROR, message, span=span, hint=hint))

    def stop(self, code: str, message: str, span: Span) -> AfspecError:
        self.report(code, message, span)
        return AfspecError(self.diagnostics)

    def too_deep(self, span: Span) -> AfspecError:
        return self.stop("AF0009", f"nested more than {MAX_DEPTH} levels deep", span)

    def add(self, node: Node, height: int) -> None:
        """Put a finished node where it belongs: at the top, into a list, as a key or as a value.

        `height` is how many levels of maps and lists it holds, itself included: aliases must not build by steps
        what is too deep to be written out.
        """
        if not self.stack:
            self.root = node
            return
        parent = self.stack[-1]
        parent.size += node.size
        parent.height = max(parent.height, height)
        if len(self.stack) + height > MAX_DEPTH:
            raise self.too_deep(node.span)
        if parent.size > MAX_NODES:
            raise self.stop("AF0010", f"more than {MAX_NODES:,} values, counting aliases", node.span)
        if not parent.is_map:
            parent.items.append(node)
        elif parent.key_span is None:
            self.take_key(parent, node)
        else:
            self.take_value(parent, node)

    def take_key(self, parent: _Open, node: Node) -> None:
        parent.key_span = node.span
        if not isinstance(node, Scalar):
            self.report("AF0008", f"{node.kind} used as a key", node.span)
            parent.key = None
        elif node.plain and node.text == "<<":
            self.report("AF0012", "merge key `<<` is not part of the language", node.span)
            parent.key = None
        elif node.text in parent.entries:
            first = parent.entries[node.text].key_span
            self.report(
                "AF0007",
                f"key `{node.text}` given twice",
                node.span,
                f"It was first given at line {first.line}.",
            )
            parent.key = None
        else:
            parent.key = node.text

    def take_value(self, parent: _Open, node: Node) -> None:
        if parent.key is not None and parent.key_span is not None:
            parent.entries[parent.key] = Entry(parent.key_span, node)
        parent.key = parent.key_span = None

    def check_tag(self, event: Any) -> None:
        is_scalar = isinstance(event, yaml.ScalarEvent)
        allowed = event.tag in _KNOWN_TAGS and is_scalar == (event.tag == _TAG_STR)
        if event.tag is not None and event.tag != "!" and not allowed:
            self.report("AF0011", f"unknown YAML tag `{event.tag}`", self.span(event.start_mark, event.end_mark))

    def scalar(self, event: Any) -> None:
        node = Scalar(event.value, event.implicit[0], self.span(event.start_mark, event.end_mark))
        if event.tag == _TAG_FILE:
            node = self.file_named(node)
        elif event.tag is not None:
            self.check_tag(event)
        if event.anchor:
            self.anchors[event.anchor] = (node, 0)
        self.add(node, 0)

    def file_named(self, path: Scalar) -> Scalar:
        """The text of the file that a value tagged `!file` names; the path itself where it cannot be had."""
        parent = self.stack[-1] if self.stack else None
        if self.include is None or parent is None or (parent.is_map and parent.key_span is None):
            self.report("AF0011", f"`{_TAG_FILE}` marks values, not keys or whole documents", path.span)
            return path
        try:
            return self.include(path.text, path.span)
        except AfspecError as error:
            self.diagnostics += error.diagnostics
            return path

    def start(self, event: Any, *, is_map: bool) -> None:
        if len(self.stack) >= MAX_DEPTH:
            raise self.too_deep(self.span(event.start_mark, event.start_mark))
        if event.tag is not None:
            self.check_tag(event)
        self.stack.append(_Open(event, is_map=is_map))

    def end(self, event: Any) -> None:
        done = self.stack.pop()
        span = self.span(done.start, event.end_mark)
        node: Node = (
            Mapping(done.entries, span, done.size, done.replaces)
            if done.is_map
            else Sequence(tuple(done.items), span, done.size, done.replaces)
        )
        if done.anchor:
            self.anchors[done.anchor] = (node, done.height + 1)
        self.add(node, done.height + 1)

    def alias(self, event: Any) -> None:
        span = self.span(event.start_mark, event.end_mark)
        found = self.anchors.get(event.anchor)
        if found is None:
            raise self.stop("AF0013", f"alias `*{event.anchor}` has no anchor before it", span)
        self.add(*found)

    def document(self, event: Any) -> None:
        self.documents += 1
        if self.documents > 1:
            here = self.span(event.start_mark, event.end_mark)
            raise self.stop("AF0006", "a second YAML document starts here; a spec is one document", here)

    def feed(self, event: Any) -> None:
        match event:
            case yaml.ScalarEvent():
                self.scalar(event)
            case yaml.MappingStartEvent():
                self.start(event, is_map=True)
            case yaml.SequenceStartEvent():
                self.start(event, is_map=False)
            case yaml.MappingEndEvent() | yaml.SequenceEndEvent():
                self.end(event)
            case yaml.AliasEvent():
                self.alias(event)
            case yaml.DocumentStartEvent():
                self.document(event)
            case _:
                pass


def _syntax_error(composer: _Composer, error: yaml.MarkedYAMLError, text: str) -> None:
    """Libyaml's complaint, with advice for the tabs that people most often trip over."""
    mark = error.problem_mark or error.context_mark
    line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
    parts = [part for part in (error.context, error.problem) if part]
    lines = text.splitlines() or [""]
    line = min(line, len(lines))
    shown = lines[line - 1]
    hint = ""
    if "\t" in shown[: len(shown) - len(shown.lstrip())]:
        hint = "YAML is indented with spaces, never with tabs."
    elif "mapping values are not allowed" in (error.problem or ""):
        hint = "Put quotes around text that contains a colon followed by a space."
    span = Span(composer.file, line, column, line, column + 1)
    composer.report("AF0006", "YAML syntax: " + ", ".join(parts), span, hint)


def parse(source: SourceFile, include: Include | None = None) -> Parsed:
    """The tree of a file, with everything that was wrong; a syntax error ends the tree early.

    `include` gives the text of the files that values tagged `!file` name; without it there are none.
    """
    composer = _Composer(source, include)
    try:
        for event in yaml.parse(source.text, Loader=_LOADER):
            composer.feed(event)
    except yaml.MarkedYAMLError as error:
        _syntax_error(composer, error, source.text)
        return Parsed(None, composer.diagnostics)
    except yaml.YAMLError as error:
        composer.report("AF0006", f"YAML syntax: {error}", Span(source.name, 1, 1, 1, 2))
        return Parsed(None, composer.diagnostics)
    except AfspecError:
        return Parsed(None, composer.diagnostics)
    if composer.root is None:
        composer.report("AF0014", "file holds no YAML document", Span(source.name, 1, 1, 1, 2))
    return Parsed(composer.root, composer.diagnostics)

"""Configurations of traitlets: what a program made of one, and which parts of it nothing took up."""

from __future__ import annotations

import ast
import json
import logging
import re
from typing import TYPE_CHECKING, Any

from .rooted import Elsewhere, invent_environment, lacking, line_of, told

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

_NAMED = re.compile(
    r"'(?P<trait>\w+)' trait of (?:an? (?P<owner>\w+))?|Config option `(?P<option>\w+)`"
    r"|trait '(?P<kind>\w+)\.(?P<own>\w+)'"
)
# What traitlets says of a trait that a class does not have.
_UNKNOWN = "not recognized by"


def unreadable(path: str) -> bool:
    """Whether a file is no Python; then that is told."""
    try:
        with open(path) as file:
            ast.parse(file.read(), path)
    except SyntaxError as error:
        print(json.dumps({"found": [(0, error.lineno or 0, told(error))], "lacks": ""}))
        return True
    return False


class Heard:
    """Keeps what is logged, from warnings on; programs replace handlers when they are configured, but not this."""

    def __init__(self) -> None:
        self.records: list[logging.LogRecord] = []
        self._make = logging.getLogRecordFactory()
        logging.setLogRecordFactory(self._kept)

    def _kept(self, *args: Any, **more: Any) -> logging.LogRecord:
        record = self._make(*args, **more)
        if record.levelno >= logging.WARNING:
            self.records.append(record)
        return record


class Subject:
    """One configuration file."""

    def __init__(self, folder: str, path: str) -> None:
        self.path = path
        with open(path) as file:
            self.tree = ast.parse(file.read(), path)
        self.elsewhere = Elsewhere(folder)
        self.heard = Heard()
        self.found: set[tuple[int, int, str]] = set()
        self.lacks = ""

    def examine(self, make: Callable[[Subject], Iterable[Any]]) -> None:
        """Have a program made of the file; `make` gives the objects that take up its settings."""
        invent_environment(self.tree)
        self.elsewhere.divert()
        config: Any = {}
        known: set[str] = set()
        try:
            for thing in make(self):
                known |= {kind.__name__ for kind in type(thing).__mro__}
                known |= {kind.__name__ for kind in getattr(thing, "classes", ())}
                config = config or thing.config
        except (Exception, SystemExit) as error:  # noqa: BLE001 - whatever a configuration does
            self.lacks = lacking(error)
            said = [record.getMessage() for record in self.heard.records if record.levelno >= logging.ERROR]
            message = said[-1] if isinstance(error, SystemExit) and said else told(error)
            self.add(message, line_of(error, self.path))
            return
        for record in self.heard.records:
            if _UNKNOWN in record.getMessage():
                self.add(record.getMessage())
        for section in config:
            # What came by the command line has no line.
            if section not in known and (line := self.line("", section)):
                self.add(f"c.{section}: nothing that this configuration uses is called so", line)

    def add(self, message: str, line: int = 0) -> None:
        """A finding, at a line that is known, or that sets the trait which the message names."""
        named = _NAMED.search(message)
        if not line and named:
            line = self.line(named["trait"] or named["option"] or named["own"], named["owner"] or named["kind"] or "")
        self.found.add((0, line, " ".join(message.split())))

    def line(self, trait: str, section: str = "") -> int:
        """The line that sets a trait last, in that section if it does; without a trait, anything of the section."""
        lines: dict[bool, int] = {}
        for node in ast.walk(self.tree):
            if (
                isinstance(node, ast.Attribute)
                and isinstance(node.value, ast.Attribute)
                and isinstance(node.ctx, ast.Store)
            ):
                if trait in ("", node.attr):
                    own = node.value.attr == section
                    if own or trait:
                        lines[own] = max(node.lineno, lines.get(own, 0))
        return lines.get(True, lines.get(False, 0))

    def tell(self) -> None:
        """Print what was found."""
        print(json.dumps({"found": sorted(self.found), "lacks": self.lacks}))

"""What a check is: which files it is about, which tool it needs, and what the tool says of them."""

from __future__ import annotations

import inspect
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, ClassVar, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable

    from afspec.verify.bench import Bench
    from afspec.verify.compiled import Compiled
    from afspec.verify.tools import Located, Tool


class Finding(NamedTuple):
    """What a tool says of a file, in its own words; lines and columns count from 1, 0 is a file as a whole."""

    path: str
    line: int
    message: str
    column: int = 1


class Skipped(NamedTuple):
    """Something that a check could not look at, while it looked at the rest: what, and what it needs."""

    message: str


class NotCheckedError(Exception):
    """A check could not be made after all; the message says why, as a fragment ("needs the Python package x")."""


class Check(ABC):
    """One tool and the files that it understands.

    A whole check, in checks/promtool.py::

        class Promtool(Check):
            "Prometheus accepts its rules (promtool check rules)."

            name = "promtool"
            code = "AF5117"
            tool = Program(("promtool",), "install Prometheus")

            def files(self, site: Compiled) -> list[str]:
                return site.like("monitoring/*rules*.yaml")

            def run(self, bench: Bench, site: Compiled, files: list[str]) -> Iterable[Finding]:
                for path in files:
                    done = bench.run(["promtool", "check", "rules", path])
                    if done.returncode:
                        yield Finding(path, 0, done.said)

    with its code in `afspec.diagnostics.codes`. `static` is a check that executes nothing of the files: those are made
    before a twin starts. `probes` are the modules of `afspec.verify.probes` that it runs; one that is `apart` has no
    network but the loopback of a namespace, where the kernel lets us make one. `rooms` are packages of
    `afspec.verify` that it is made of; one that is `charted` reads the folder of charts.
    """

    name: ClassVar[str]
    code: ClassVar[str]
    tool: ClassVar[Tool]
    static: ClassVar[bool] = True
    probes: ClassVar[tuple[str, ...]] = ()
    apart: ClassVar[bool] = False
    rooms: ClassVar[tuple[str, ...]] = ()
    charted: ClassVar[bool] = False

    @abstractmethod
    def files(self, site: Compiled) -> list[str]:
        """Paths of the files that it is about."""

    def beside(self, site: Compiled) -> list[str]:
        """Paths of other files that the tool reads on the way, or executes; a change of them is a change, too."""
        del site
        return []

    def by(self, site: Compiled, tool: Located) -> str:
        """Who says what it finds, for the table."""
        del site
        return tool.where

    @abstractmethod
    def run(self, bench: Bench, site: Compiled, files: list[str]) -> Iterable[Finding | Skipped]:
        """What the tool finds; nothing where it accepts all of them.

        Raises:
            NotCheckedError: the tool lacks something.
            ToolError: it does not end, or cannot be started.
        """

    @classmethod
    def title(cls) -> str:
        """One line that says what it proves."""
        return (inspect.getdoc(cls) or cls.name).splitlines()[0].rstrip(".")

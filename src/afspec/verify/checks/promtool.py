"""Prometheus: rules that alert and record."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from afspec.verify.check import Check, Finding
from afspec.verify.tools import Program

if TYPE_CHECKING:
    from collections.abc import Iterator

    from afspec.verify.bench import Bench
    from afspec.verify.compiled import Compiled

_ERROR = re.compile(r"(?P<line>\d+):(?P<column>\d+): (?P<said>.+)")


class Promtool(Check):
    """Prometheus accepts its rules (promtool check rules)."""

    name = "promtool"
    code = "AF5107"
    tool = Program(("promtool",), "install Prometheus, which brings promtool")

    def files(self, site: Compiled) -> list[str]:
        return [path for path in site.like("monitoring/*.y*ml", "*.rules.yml") if "\ngroups:" in site.text(path)]

    def run(self, bench: Bench, site: Compiled, files: list[str]) -> Iterator[Finding]:
        del site
        for path in files:
            done = bench.run(["promtool", "check", "rules", path])
            if done.returncode:
                error = _ERROR.search(done.err)
                where = (int(error["line"]), error["said"], int(error["column"])) if error else (0, done.said)
                yield Finding(path, *where)

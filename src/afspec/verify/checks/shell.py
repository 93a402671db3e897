"""Shell scripts: bash reads them, and shellcheck knows what is wrong with what bash accepts."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from afspec.verify.bench import ToolError
from afspec.verify.check import Check, Finding
from afspec.verify.tools import Program

if TYPE_CHECKING:
    from collections.abc import Iterator

    from afspec.verify.bench import Bench
    from afspec.verify.compiled import Compiled

_ERROR = re.compile(r"(?P<path>[^\n:]+): line (?P<line>\d+): (?P<said>.*)")
_FOUND = (0, 1)  # shellcheck(1), RETURN VALUES


def scripts(site: Compiled) -> list[str]:
    """Paths of the shell scripts of a site; templates of scripts are none yet."""
    return [
        path
        for path in site.contents
        if path.endswith(".sh") or site.contents[path].startswith((b"#!/bin/sh\n", b"#!/bin/bash\n"))
        if not path.endswith(".erb")
    ]


class Bash(Check):
    """bash reads the scripts (bash -n)."""

    name = "bash"
    code = "AF5101"
    tool = Program(("bash",), "install bash")

    def files(self, site: Compiled) -> list[str]:
        return scripts(site)

    def run(self, bench: Bench, site: Compiled, files: list[str]) -> Iterator[Finding]:
        del site
        for path in files:
            done = bench.run(["bash", "-n", path])
            errors = list(_ERROR.finditer(done.err))
            for error in errors:
                yield Finding(error["path"], int(error["line"]), error["said"])
            if done.returncode and not errors:
                yield Finding(path, 0, done.said)


class Shellcheck(Check):
    """shellcheck has nothing to say of the scripts, down to matters of style."""

    name = "shellcheck"
    code = "AF5102"
    tool = Program(("shellcheck",), "pip install 'afspec[verify]', or the package shellcheck")

    def files(self, site: Compiled) -> list[str]:
        return scripts(site)

    def run(self, bench: Bench, site: Compiled, files: list[str]) -> Iterator[Finding]:
        del site
        # Users' own settings of shellcheck are not read: what it says is the same for everybody.
        done = bench.run(["shellcheck", "--norc", "--format=json1", "--", *files], timeout=120)
        if done.returncode not in _FOUND:
            raise ToolError(f"shellcheck: {done.said}")
        for item in json.loads(done.out)["comments"]:
            yield Finding(item["file"], item["line"], f"SC{item['code']}: {item['message']}", item["column"])

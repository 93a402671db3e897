"""Definitions of images: Apptainer and buildah parse them; nothing is fetched, nothing in them is executed."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from afspec.verify.bench import ToolError
from afspec.verify.check import Check, Finding, NotCheckedError
from afspec.verify.tools import Program

if TYPE_CHECKING:
    from collections.abc import Iterator

    from afspec.verify.bench import Bench
    from afspec.verify.compiled import Compiled

_ROOTS = ("trixie", "bookworm")
_FATAL = re.compile(r"FATAL:\s+(?P<said>.*)", re.DOTALL)
# What Apptainer says when it has understood the file, and begins.
_UNDERSTOOD = "Starting build..."
# The one section that is executed before the base is fetched, and on this machine. No compiled file has one.
_EXECUTED = re.compile(r"^\s*%pre\b", re.MULTILINE | re.IGNORECASE)
_RUN = re.compile(r"^RUN\b(?:.*\\\n)*.*$", re.MULTILINE | re.IGNORECASE)
_NO_TARGET = 'The target "verify" was not found'
_STEP = re.compile(r"building at STEP \"(?P<step>.*?)\":", re.DOTALL)


class Apptainer(Check):
    """Apptainer understands the definition files (apptainer build, which ends where it would fetch the base)."""

    name = "apptainer"
    code = "AF5115"
    tool = Program(("apptainer",), "install Apptainer", _ROOTS)
    apart = True

    def files(self, site: Compiled) -> list[str]:
        return site.like("*.def")

    def beside(self, site: Compiled) -> list[str]:
        return site.like("images/*")

    def run(self, bench: Bench, site: Compiled, files: list[str]) -> Iterator[Finding]:
        for path in files:
            text = site.text(path)
            if _EXECUTED.search(text):
                raise NotCheckedError("`%pre` is executed on this machine, which is not done here")
            # A base that is nowhere: whatever the machine has, nothing is built.
            copy = bench.write("own/verify.def", re.sub(r"(?mi)^From:.*$", "From: /nowhere/base", text, count=1))
            done = bench.run(["apptainer", "build", f"{bench.inside}/own/image.sif", copy])
            if _UNDERSTOOD in done.err + done.out:
                continue
            fatal = _FATAL.search(done.err)
            if not fatal:
                raise ToolError(f"apptainer: {done.said}")
            said = " ".join(fatal["said"].replace(copy, path).split())
            section = re.search(r"invalid section\(s\) specified: (\S+)", said)
            lines = enumerate(text.splitlines(), 1)
            mark = f"%{section[1].rstrip(',')}" if section else "bootstrap:"
            yield Finding(path, next((n for n, line in lines if line.lower().startswith(mark.lower())), 0), said)


class Buildah(Check):
    """buildah understands the Containerfiles: every instruction but RUN is carried out, on an empty base."""

    name = "buildah"
    code = "AF5116"
    tool = Program(("buildah",), "install buildah", _ROOTS)
    # It carries instructions out.
    static = False
    apart = True

    def files(self, site: Compiled) -> list[str]:
        return site.like("*Containerfile", "*Dockerfile")

    def beside(self, site: Compiled) -> list[str]:
        return site.like("images/*")

    def run(self, bench: Bench, site: Compiled, files: list[str]) -> Iterator[Finding]:
        own = ["--storage-driver=vfs", f"--root={bench.inside}/own/graph", f"--runroot={bench.inside}/own/run"]
        for path in files:
            text = site.text(path)
            folder = path.rpartition("/")[0] or "."
            # What RUN would do needs the base: it is parsed with the rest, and not executed.
            bare = _RUN.sub(lambda found: "\n" * found[0].count("\n"), text)
            for name, body, target in (("whole", text, ["--target=verify"]), ("bare", bare, [])):
                copy = bench.write(f"own/{name}", body)
                options = ["--from=scratch", "--pull=never", "--isolation=chroot", *target, f"--file={copy}"]
                done = bench.run(["buildah", *own, "build", *options, folder])
                said = done.err.rpartition("Error: ")[2].replace(copy, path)
                # There is no stage of that name: it is parsed, and that is all.
                if done.returncode and not (target and _NO_TARGET in said):
                    yield Finding(path, _line(text, said), " ".join(said.split())[:300])
                    break


def _line(text: str, said: str) -> int:
    """The line of the instruction that buildah names."""
    step = _STEP.search(said)
    words = step["step"].split() if step else re.findall(r"\b([A-Z]{2,})\b", said)
    for number, line in enumerate(text.splitlines(), 1):
        if words and line.upper().startswith(words[0].upper()):
            return number
    return 0

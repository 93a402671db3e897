"""HTCondor: submit files, and the configuration of a pool."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from afspec.verify.check import Check, Finding
from afspec.verify.tools import Program

if TYPE_CHECKING:
    from collections.abc import Iterator

    from afspec.verify.bench import Bench
    from afspec.verify.compiled import Compiled

_ERROR = re.compile(r"^ERROR: (?P<said>.+?)(?=^\S|\Z)", re.MULTILINE | re.DOTALL)
_LINE = re.compile(r"[Ll]ine (?P<line>\d+)")
_UNUSED = re.compile(r"the line '(?P<text>.*)' was unused by condor_submit")
_MACRO = re.compile(r"\$\((\w+)\)")
_ASSIGNED = re.compile(r"^\s*\+?(\w+)\s*=", re.MULTILINE)
_ASKED = re.compile(r"^\s*if\s+defined\s+(\w+)", re.MULTILINE)
# What condor_submit knows by itself (condor_submit(1), SUBMIT DESCRIPTION FILE COMMANDS).
_AUTOMATIC = frozenset({"cluster", "clusterid", "process", "procid", "item", "row", "step", "node", "submit_file"})


class CondorSubmit(Check):
    """condor_submit makes jobs of the submit files, and uses every line of them (condor_submit -dry-run)."""

    name = "condor_submit"
    code = "AF5111"
    tool = Program(("condor_submit",), "install HTCondor", ("trixie",))

    def files(self, site: Compiled) -> list[str]:
        return site.like("*.sub")

    def beside(self, site: Compiled) -> list[str]:
        return site.like("htcondor/*.sh")

    def run(self, bench: Bench, site: Compiled, files: list[str]) -> Iterator[Finding]:
        # Nothing is configured, so that no daemon is asked.
        config = bench.write("own/condor_config", "ENABLE_IPV6 = False\n")
        for path in files:
            text = site.text(path)
            asked = sorted(set(_ASKED.findall(text)))
            own = {name.lower() for name in (*_ASSIGNED.findall(text), *asked)} | _AUTOMATIC
            given = [f"{name}=verify" for name in sorted(set(_MACRO.findall(text))) if name.lower() not in own]
            found: set[Finding] = set()
            # Once as it stands, and once with each part that is there only if a word was given.
            for more in ([], *([f"{name}=1"] for name in asked)):
                done = bench.run(["condor_submit", "-dry-run", "-", path, *given, *more], env={"CONDOR_CONFIG": config})
                found |= set(_found(path, text, done.err, {word.partition("=")[0].lower() for word in (*given, *more)}))
                if done.returncode and not found:
                    found.add(Finding(path, 0, done.said))
            yield from sorted(found)


def _found(path: str, text: str, said: str, ours: set[str]) -> Iterator[Finding]:
    """Errors, and lines that condor_submit has no use for and takes for typos; `ours` are not the file's."""
    lines = [line.partition("=")[0].strip().lower() for line in text.splitlines()]
    for unused in _UNUSED.finditer(said):
        name = unused["text"].partition("=")[0].strip().lower()
        if name not in ours:
            yield Finding(path, lines.index(name) + 1 if name in lines else 0, f"{unused[0]}. Is it a typo?")
    for error in _ERROR.finditer(said):
        words = " ".join(error["said"].split())
        place = _LINE.search(words)
        yield Finding(path, int(place["line"]) if place else 0, words)


class CondorConfig(Check):
    """HTCondor reads the configuration of the pool (condor_config_val -summary)."""

    name = "condor_config"
    code = "AF5112"
    tool = Program(("condor_config_val",), "install HTCondor", ("trixie",))

    def files(self, site: Compiled) -> list[str]:
        return site.like("htcondor/*.conf")

    def run(self, bench: Bench, site: Compiled, files: list[str]) -> Iterator[Finding]:
        del site
        for path in files:
            done = bench.run(["condor_config_val", "-summary"], env={"CONDOR_CONFIG": f"{bench.inside}/site/{path}"})
            place = re.search(r"Configuration Error Line (?P<line>\d+) while reading", done.out + done.err)
            if place or done.returncode:
                yield Finding(path, int(place["line"]) if place else 0, done.said)

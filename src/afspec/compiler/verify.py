"""Syntax of each file, in-process, before anything is written.

Shell is checked for what can be checked without a shell; bash and shellcheck do the rest in the tests.
"""

from __future__ import annotations

import json
import re
from functools import lru_cache
from typing import TYPE_CHECKING

import yaml

from afspec.generators import Artifact, Format

if TYPE_CHECKING:
    from collections.abc import Callable

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
# ${#name} is the shell's length of a variable. Alternatives that start with a plain character are found five times
# faster, so the look behind comes second.
_MARKERS = re.compile(r"\{(?:[{%]|(?<!\$\{)#)|<%|@@")
# Documentation shows <user> on purpose; anywhere else it was meant to be replaced.
_PLACEHOLDERS = re.compile(r"<(?:user|u)>")
_PATH = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*(?:/[A-Za-z0-9._-]*[A-Za-z0-9_-][A-Za-z0-9._-]*)*\Z")
_INI_LINE = re.compile(
    r"\s*(?:\[[^\]]+\]|[+@]?[A-Za-z_][\w.$()/-]*(?:\s+[\w.]+)?\s*[+:]?=.*|[A-Za-z_][\w:.]*(?:\s.*)?)\Z"
)


def _yaml(text: str) -> str:
    try:
        # libyaml's own walk through a text, without an object for each event, takes a tenth of the time.
        loader = _LOADER(text)
        if hasattr(loader, "raw_parse"):
            loader.raw_parse()
        else:
            for _ in yaml.parse(text, Loader=_LOADER):
                pass
    except yaml.YAMLError as error:
        return f"not YAML: {' '.join(str(error).split())}"
    return ""


def _json(text: str) -> str:
    try:
        json.loads(text)
    except ValueError as error:
        return f"not JSON: {error}"
    return ""


def _python(text: str) -> str:
    # Definitions that are right each are right together, and many sites share them; what a break between two of them
    # cuts through, such as a long string, is looked at as a whole.
    if not any(map(_problem_of_python, text.split("\n\n\n"))):
        return ""
    return _problem_of_python(text)


@lru_cache(maxsize=512)
def _problem_of_python(text: str) -> str:
    try:
        compile(text, "<generated>", "exec", dont_inherit=True)  # to byte-code: a tree of nodes takes longer
    except SyntaxError as error:
        return f"not Python: line {error.lineno}: {error.msg}"
    return ""


def _ini(text: str) -> str:
    """Key-value files of daemons: sections, `key = value` and `key value` lines; a backslash continues a line."""
    continued = False
    for number, line in enumerate(text.splitlines(), 1):
        bare = line.strip()
        if not continued and bare and bare[0] not in "#;" and not _INI_LINE.match(line):
            return f"line {number} is neither a comment, a section nor a setting: {bare[:60]}"
        continued = line.endswith("\\")
    return "the last line is continued" if continued else ""


def _shell(text: str) -> str:
    return "" if text.startswith(("#!", "#")) else "a script starts with #! or a comment"


def _nothing(_: str) -> str:
    return ""


_CHECKS: dict[Format, Callable[[str], str]] = {
    Format.YAML: _yaml,
    Format.JSON: _json,
    Format.PYTHON: _python,
    Format.INI: _ini,
    Format.SHELL: _shell,
    Format.MARKDOWN: _nothing,
    Format.TEXT: _nothing,
    Format.ERB: _nothing,
}


def problem_of(artifact: Artifact) -> str:
    """What is wrong with a file, or an empty string."""
    text = artifact.text
    if not _PATH.match(artifact.path):
        return "path is not a plain relative path"
    if not text.isascii():
        where = next(index for index, char in enumerate(text) if ord(char) > 127)  # noqa: PLR2004 - ASCII
        return f"line {text.count(chr(10), 0, where) + 1} is not ASCII"
    if "\r" in text or "\0" in text or not text.endswith("\n"):
        return "lines must end with a newline and hold no other control characters"
    # In a template of Open OnDemand, <% is what the file is made of.
    own = "<%" if artifact.format is Format.ERB else ""
    if found := next((mark for mark in _MARKERS.finditer(text) if mark.group() != own), None):
        return f"line {text.count(chr(10), 0, found.start()) + 1}: template mark {found.group()} was not replaced"
    if artifact.format is not Format.MARKDOWN and (found := _PLACEHOLDERS.search(text)):
        return f"line {text.count(chr(10), 0, found.start()) + 1}: {found.group()} was not replaced"
    return _CHECKS[artifact.format](text)

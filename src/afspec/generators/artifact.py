"""A file that a generator makes."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple


class Format(StrEnum):
    """What a file is, which decides how its syntax is verified."""

    SHELL = "shell"
    YAML = "yaml"
    JSON = "json"
    INI = "ini"
    PYTHON = "python"
    MARKDOWN = "markdown"
    TEXT = "text"
    ERB = "erb"


class Artifact(NamedTuple):
    """A file by its path in the output folder (POSIX, relative), with its whole text."""

    path: str
    text: str
    format: Format
    executable: bool = False

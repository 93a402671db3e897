"""How a value is written into each kind of file, so that it is never more than a value there.

Templates get this without asking: what `{{ ... }}` prints is passed through the quoting of the template's
format. Only a `Raw` text, made by one of the filters here, is printed as it is.
"""

from __future__ import annotations

import re
import shlex
from typing import TYPE_CHECKING, Any

from afspec.facility.words import to_ascii

if TYPE_CHECKING:
    from collections.abc import Mapping

_LINE_BREAKS = re.compile(r"[\x00-\x1f\x7f]+")
_MARKDOWN = re.compile(r"([\\`*_{}\[\]<>#|~])")


class Raw(str):
    """Text that is already in the form of the file it goes into."""

    __slots__ = ()


def one_line(value: Any) -> str:
    """The value's text in ASCII without control characters."""
    text = str(value)
    # Printable ASCII, as nearly everything is, needs no search.
    return text if text.isascii() and text.isprintable() else _LINE_BREAKS.sub(" ", to_ascii(text))


def comment(value: Any) -> Raw:
    """Text for a comment, in a file of any kind."""
    return Raw(one_line(value))


def shell(value: Any) -> str:
    """A shell word (POSIX, Shell Command Language, 2.2)."""
    return value if isinstance(value, Raw) else shlex.quote(one_line(value))


def erb(value: Any) -> str:
    """A shell word in a template of ERB, in which <% would begin Ruby code (ERB documentation, Recognized Tags)."""
    return value if isinstance(value, Raw) else shell(value).replace("<%", "<%%")


def ruby(value: Any) -> Raw:
    """A Ruby literal inside a tag of ERB, which %> would end: text, a number, a Boolean, nil, a list or a hash."""
    if value is None:
        return Raw("nil")
    if isinstance(value, bool):
        return Raw(str(value).lower())
    if isinstance(value, int):
        return Raw(str(value))
    if isinstance(value, dict):
        return Raw("{" + ", ".join(f"{ruby(key)} => {ruby(item)}" for key, item in value.items()) + "}")
    if isinstance(value, (list, tuple)):
        return Raw("[" + ", ".join(map(ruby, value)) + "]")
    return Raw('"' + re.sub(r'[\\"#>]', r"\\\g<0>", one_line(value)) + '"')


def python(value: Any) -> str:
    """A Python literal in ASCII."""
    return value if isinstance(value, Raw) else ascii(value)


def shell_path(value: str) -> Raw:
    """A user's path as a double-quoted shell word: <user> and <u> become what the shell knows."""
    text = one_line(value)
    if re.search(r'["$`\\!]', text):
        return Raw(shlex.quote(text))
    # The first letter comes before the whole name: <u> is not a prefix of <user>, but order keeps it plain.
    return Raw('"' + text.replace("<u>", "${USER:0:1}").replace("<user>", "${USER}") + '"')


def shell_list(values: Any) -> Raw:
    """Shell words with spaces between them."""
    return Raw(" ".join(shell(value) for value in values))


def condor_path(value: str) -> Raw:
    """A user's path in an HTCondor submit file; raises ValueError for <u>, which it cannot express."""
    if "<u>" in value:
        raise ValueError(f"HTCondor's submit language cannot express the first letter of a user's name: {value}")
    return Raw(one_line(value).replace("<user>", "$ENV(USER)"))


def classad(value: Any) -> Raw:
    """A ClassAd literal: a Boolean, a number, or a string with its quotes (HTCondor manual, ClassAd syntax)."""
    if isinstance(value, int):  # a Boolean is one, and written as True or False
        return Raw(str(value))
    text = one_line(value).replace("\\", "\\\\").replace('"', '\\"')
    return Raw(f'"{text}"')


def submit_literal(value: Any) -> Raw:
    """A ClassAd literal in HTCondor's submit and configuration languages, in which no macro is expanded.

    $(DOLLAR) is a dollar sign, and nothing else (HTCondor manual, Configuration Macros).
    """
    return Raw(classad(value).replace("$", "$(DOLLAR)"))


def submit_literals(attributes: Mapping[str, Any]) -> dict[str, Raw]:
    """Each attribute's literal, for submit and configuration files."""
    return {name: submit_literal(value) for name, value in attributes.items()}


def ini(value: Any) -> str:
    """A value of an INI-like file: one line, and never the start of a comment or continuation."""
    if isinstance(value, Raw):
        return value
    text = one_line(value).rstrip("\\").strip()
    return text.replace("#", "") if text.startswith("#") else text


def markdown(value: Any) -> str:
    """Text in Markdown: nothing in it is markup."""
    return value if isinstance(value, Raw) else _MARKDOWN.sub(r"\\\1", one_line(value))


def code(value: Any) -> Raw:
    """Text in Markdown as code; back-ticks, which cannot be escaped there, become quotes."""
    return Raw("`" + one_line(value).replace("`", "'").replace("|", "\\|") + "`")

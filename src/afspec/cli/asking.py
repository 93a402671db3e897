"""The questions of `afspec init` on a terminal: one at a time, with a reason, a default, and again where need be."""

from __future__ import annotations

import shutil
import textwrap
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from collections.abc import Mapping

    from afspec.init import Question

_NARROWEST, _WIDEST = 20, 100
_INTRODUCTION = (
    "Enter takes what stands in brackets. What is `unknown` is left out of the spec: silence is not a promise, and "
    "not a no. Ctrl-C ends without writing anything."
)


def _say(text: str, indent: str = "", **style: Any) -> None:
    width = min(max(shutil.get_terminal_size().columns, _NARROWEST), _WIDEST) - 1
    wrapped = textwrap.fill(
        text, width, initial_indent=indent, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False
    )
    click.secho(wrapped, err=True, **style)


def introduce(name: str) -> None:
    """What is going on, before the first question."""
    _say(f"A few questions about {name}.", bold=True)
    _say(_INTRODUCTION)


def _shown(value: Any) -> str:
    if isinstance(value, (list, tuple)):
        return ", ".join(map(str, value))
    return str(value)


class Asker:
    """Asks in the terminal, and says a section's title when it begins."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._section = ""

    def ask(self, question: Question, given: Mapping[str, Any]) -> Any:
        """A checked answer; None for "unknown".

        Raises:
            click.Abort: Ctrl-C, or the end of the input.
        """
        from afspec.init import UNKNOWN, AnswerError, check, preset  # noqa: PLC0415 - keeps --help fast

        if question.section != self._section:
            self._section = question.section
            click.secho(f"\n{question.section}", err=True, bold=True, underline=True)
        click.echo(err=True)
        _say(question.text)
        _say(question.why, "  ", dim=True)
        if words := question.words(given):
            _say(
                ("Or: " if words == question.more else "Choose: ")
                + ", ".join((*words, *(() if question.required else (UNKNOWN,)))),
                "  ",
                dim=True,
            )
        usual = preset(question, self._name, given)
        default = UNKNOWN if usual is None else _shown(usual)
        while True:
            said = click.prompt(f"  {question.key}", default=default, err=True)
            try:
                return check(question, said, given)
            except AnswerError as error:
                _say(str(error), "  ", fg="red")

"""Every question as a file to be filled in: YAML that is an answer already, and says nothing."""

from __future__ import annotations

from typing import Any

from afspec.init.layout import Noted, lines
from afspec.init.questions import QUESTIONS, UNKNOWN, Question

# Choices that depend on other answers are shown as if all of those were given.
_ALL: dict[str, Any] = {
    "scheduler": "slurm",
    "ssh_host": "login",
    "jupyter": "portal",
    "home": "/home/<user>",
    "cvmfs": ["unpacked.cern.ch"],
    "services": ["coffea_casa", "servicex", "triton", "reana"],
}


def _note(question: Question) -> str:
    words = question.words(_ALL)
    choices = f" ({', '.join(words)})" if words else ""
    return f"{question.text.rstrip('.')}{choices}. {question.why}"


def form() -> str:
    """The questions, each with its choices and its reason."""
    text = [
        "# Answers for `afspec init NAME --answers FILE`. What stays `unknown` is not said in the spec; a line that is",
        "# taken out takes its default.",
    ]
    section = ""
    for question in QUESTIONS:
        if question.section != section:
            section = question.section
            text += ["", f"# {section}"]
        text += lines({question.key: Noted(_note(question), UNKNOWN)})
    return "\n".join(text) + "\n"

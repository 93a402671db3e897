"""The first spec of a facility: the questions that it must answer, and the YAML that comes of the answers.

Questions take their words, choices and checks from the models, so that they cannot drift from the language. Everything
here is pure: asking, reading answers and writing the file is the command's work.
"""

from afspec.init.answers import AnswerError, Answers, asked, check, preset, unused
from afspec.init.compose import compose
from afspec.init.questions import QUESTIONS, UNKNOWN, Question

__all__ = [
    "QUESTIONS",
    "UNKNOWN",
    "AnswerError",
    "Answers",
    "Question",
    "asked",
    "check",
    "compose",
    "preset",
    "unused",
]

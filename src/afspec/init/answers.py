"""Answers: read as the language reads them, checked by its own types, refused with the reason."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydantic import TypeAdapter, ValidationError

from afspec.diagnostics import nearest
from afspec.facility.validate import Verdict, explain
from afspec.init.questions import NONE, QUESTIONS, UNKNOWN, Question
from afspec.source.nodes import Scalar
from afspec.source.plain import scalar_value

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

Answers = dict[str, Any]
_YES_OR_NO = {"yes": True, "y": True, "no": False, "n": False}


class AnswerError(ValueError):
    """An answer that cannot be: what is wrong, and what to write."""

    def __init__(self, verdict: Verdict) -> None:
        super().__init__(f"{verdict.message}. {verdict.hint}")
        self.verdict = verdict


def asked(given: Mapping[str, Any]) -> Iterator[Question]:
    """The questions that are to be asked after those answers."""
    return (question for question in QUESTIONS if question.when(given))


def preset(question: Question, name: str, given: Mapping[str, Any]) -> Any:
    """The answer of who says nothing: None where that is "unknown"; a facility's full name is its short one."""
    if question.usual is not None:
        return question.usual(given)
    return name if question.key == "title" else None


def unused(given: Mapping[str, Any]) -> list[str]:
    """The keys of answers to questions that the other answers leave no room for."""
    wanted = {question.key for question in asked(given)}
    return [key for key in given if key not in wanted]


def _readings(value: Any, question: Question) -> Iterator[Any]:
    """A text as it stands, then as YAML reads it: 128 is a number where a number is wanted."""
    yield value
    if isinstance(value, str):
        if value.lower() in _YES_OR_NO and question.words({}) == ("true", "false"):
            yield _YES_OR_NO[value.lower()]
        read = scalar_value(Scalar(value, plain=True, span=None)) if value else value  # type: ignore[arg-type]
        if not isinstance(read, str) and read is not None:
            yield read


def _word(value: Any, words: tuple[str, ...]) -> None:
    if value not in words:
        near = nearest(value, words) if isinstance(value, str) else None
        hint = f"Did you mean `{near}`? " if near else ""
        shown = ", ".join(words) or UNKNOWN
        raise AnswerError(Verdict("AF2004", f"`{value}` is not allowed here", f"{hint}Choose one of: {shown}."))


def _typed(value: Any, question: Question) -> Any:
    """The reading of a value that the field's type accepts."""
    if question.of is None:
        return value
    adapter: TypeAdapter[Any] = TypeAdapter(question.of.type)
    first: ValidationError | None = None
    for reading in _readings(value, question):
        try:
            adapter.validate_python(reading)
        except ValidationError as failure:
            # What is wrong with a number is said of the number, not of its text.
            first = failure if first is None or not isinstance(reading, str) else first
        else:
            return reading
    assert first is not None  # noqa: S101 - there is at least one reading
    raise AnswerError(explain(first.errors(include_url=False)[0]))


def _list(value: Any, question: Question, words: tuple[str, ...]) -> list[Any]:
    """The parts of an answer that is a list: with commas, or as YAML gives them."""
    found = [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value
    if not isinstance(found, list):
        raise AnswerError(Verdict("AF2003", "expected a list", f"{question.text}."))
    for part in found if words else ():
        _word(part, words)
    return found


def check(question: Question, value: Any, given: Mapping[str, Any]) -> Any:
    """An answer as the spec will say it; None where it is not known.

    Args:
        question: what was asked.
        value: text, or what YAML gives.
        given: the answers so far.

    Raises:
        AnswerError: it cannot be, with the reason.
    """
    value = value.strip() if isinstance(value, str) else value
    if question.many and isinstance(value, str) and not value.strip(", "):
        value = ""
    if value in ("", [], None, UNKNOWN):
        if question.required and question.usual is None:
            raise AnswerError(Verdict("AF2002", f"{question.key} must be known", f"{question.text}."))
        return question.usual(given) if question.required and question.usual else None
    if value == NONE and NONE in question.more:
        return value
    if question.many:
        answer = list(dict.fromkeys(_typed(_list(value, question, question.words(given)), question)))
    else:
        if question.choices is not None:
            _word(value, question.words(given))
        answer = _typed(value, question)
    if question.fits and (wrong := question.fits(answer, given)):
        raise AnswerError(Verdict("AF2004", wrong, f"{question.text}."))
    return answer

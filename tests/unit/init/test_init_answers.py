"""Answers to `afspec init`: read as the language reads them, and refused with a reason."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from support import SCALAR, plain, refused

from afspec.init import QUESTIONS, AnswerError, Question, check
from afspec.init.form import form
from afspec.init.layout import Marked, Noted, Row, lines, scalar
from afspec.init.save import save

if TYPE_CHECKING:
    from pathlib import Path

HTCONDOR: dict[str, Any] = {"scheduler": "htcondor", "slots": "short"}


def question(key: str) -> Question:
    return next(question for question in QUESTIONS if question.key == key)


@pytest.mark.parametrize(
    ("key", "said", "answer"),
    [
        ("title", "  Nebraska ", "Nebraska"),
        ("cores", "128", 128),
        ("cores", 128, 128),
        ("slots", "128", "128"),
        ("memory", "480 GB", "480 GB"),
        ("federated", "yes", True),
        ("federated", "false", False),
        ("federated", True, True),
        ("source_date", "2026-03", "2026-03"),
        ("source_date", 2026, 2026),
        ("cvmfs", "a.cern.ch, b.cern.ch,a.cern.ch", ["a.cern.ch", "b.cern.ch"]),
        ("services", ["triton"], ["triton"]),
        ("gpu", "none", "none"),
        ("mfa", "none", "none"),
        ("organisation", "unknown", None),
        ("cvmfs", [], None),
        ("cvmfs", " , ", None),
        ("declared_by", "unknown", "site"),
        ("dask_disk", "", "4 GB"),
    ],
)
def test_answer_is_read_by_its_type(key: str, said: Any, answer: Any) -> None:
    found = check(question(key), said, HTCONDOR)
    assert (found, type(found)) == (answer, type(answer))


@pytest.mark.parametrize(
    ("key", "said", "code", "reason"),
    [
        ("cores", "many", "AF2003", "a whole number"),
        ("cores", "0", "AF2006", "at least 1"),
        ("memory", "256", "AF2005", "with its unit"),
        ("contact", "help", "AF2005", "e-mail address"),
        ("ssh_host", "a_b", "AF2005", "login"),
        ("scheduler", "condor", "AF2004", "Did you mean `htcondor`?"),
        ("services", "servicx", "AF2004", "`servicex`"),
        ("services", {"a": 1}, "AF2003", "a list"),
        ("organisation", "a {{ b }}", "AF2007", "template marks"),
        ("organisation", 42, "AF2003", "quotes"),
        ("title", ["a"], "AF2003", "text"),
        ("opens", "ssh", "AF2004", "Choose one of: batch"),
        ("image_policy", "unpacked", "AF2004", "allow_list"),
        ("runtime", "singularity", "AF2004", "apptainer"),
    ],
)
def test_wrong_answer_has_a_reason(key: str, said: Any, code: str, reason: str) -> None:
    with pytest.raises(AnswerError) as caught:
        check(question(key), said, HTCONDOR)
    assert caught.value.verdict.code == code
    assert reason.replace("login", "host name") in str(caught.value)


def test_answers_must_fit_each_other() -> None:
    for key, said, others in (
        ("data", "/home/<user>/", {"home": "/home/<user>"}),
        ("gpus_per_node", "8", {"gpu": "a100", "gpu_count": 4}),
    ):
        assert check(question(key), said, {}) is not None
        with pytest.raises(AnswerError):
            check(question(key), said, others)


def test_dask_workers_need_a_batch_system() -> None:
    assert "jobqueue" not in question("dask").words({})
    assert "jobqueue" in question("dask").words(HTCONDOR)


@given(SCALAR.filter(lambda value: value is not None and not isinstance(value, float)))
def test_any_scalar_is_read_back(value: Any) -> None:
    try:
        text = scalar(value)
    except ValueError:  # what no YAML holds
        text = ""
    if not isinstance(value, str) or value.isprintable():
        assert plain(f"a: {text}\nb: [{text}, {{c: {text}}}]\n") == {"a": value, "b": [value, {"c": value}]}


@pytest.mark.parametrize(
    "word",
    [
        "yes",
        "Off",
        "1e5",
        "012",
        "1_000",
        "1:30",
        "~",
        "null",
        "1.30",
        "a, b",
        "a: b",
        "a #b",
        "{a",
        "x]",
        "- a",
        "@a",
    ],
)
def test_word_that_some_reader_takes_for_something_else_is_quoted(word: str) -> None:
    assert scalar(word).startswith('"')
    assert yaml.safe_load(scalar(word)) == plain(f"a: {scalar(word)}\n")["a"] == word


def test_word_that_nobody_mistakes_stays_as_it_is() -> None:
    for word in (
        "roma",
        "https://example.org/a",
        "/home/<user>",
        "480 GB",
        "10-00:00:00",
        "2026-03",
        "help@example.org",
    ):
        assert scalar(word) == word


def test_file_that_comes_while_the_spec_is_checked_stays(tmp_path: Path) -> None:
    path = tmp_path / "x.yaml"

    def somebody_else(_: Path) -> None:
        path.write_text("mine")

    [found] = refused(lambda: save(path, "new", force=False, verify=somebody_else))
    assert (found.code, path.read_text()) == ("AF4006", "mine")
    assert [each.name for each in tmp_path.iterdir()] == ["x.yaml"]


@given(
    st.recursive(
        st.text(st.characters(min_codepoint=32, max_codepoint=126), min_size=1, max_size=90) | st.integers(0, 9),
        lambda inner: (
            st.lists(inner, min_size=1, max_size=3)
            | st.dictionaries(st.from_regex(r"\A[a-z]{1,5}\Z"), inner, min_size=1, max_size=3)
            | st.dictionaries(st.from_regex(r"\A[a-z]{1,5}\Z"), st.integers(0, 9), min_size=1, max_size=3).map(Row)
        ),
        max_leaves=8,
    )
)
def test_any_layout_is_read_back(value: Any) -> None:
    assert plain("\n".join(lines({"k": value})) + "\n") == {"k": value}
    commented = list(lines({"a": 1, "k": Noted("A note.", Marked(value))}))
    assert commented[1] == "# A note."
    assert all(line.startswith("#") for line in commented[2:])
    assert plain("\n".join([commented[0], *(line[1:] for line in commented[2:])]) + "\n") == {"a": 1, "k": value}


def test_the_form_is_answers_that_say_nothing() -> None:
    assert plain(form()) == {question.key: "unknown" for question in QUESTIONS}
    assert all(len(line) <= 120 for line in form().splitlines())

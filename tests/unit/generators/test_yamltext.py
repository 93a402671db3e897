"""YAML as generators write it: whatever the data, every parser reads the same data back."""

from __future__ import annotations

import json
from typing import Any

import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st
from support import JSON, TEXT

from afspec.generators.yamltext import dump

LINES = st.lists(TEXT | st.text(st.characters(codec="ascii"), max_size=9), min_size=2, max_size=4).map("\n".join)
WORDS = st.text("yYnNoOtTrRuUeEfFlLsSaA~0123456789.:-_ #,eExXi+=@/'\"", max_size=7)
DATA = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(-(10**17), 10**17),
        st.floats(allow_nan=False, allow_infinity=False),
        LINES,
        WORDS,
        TEXT,
    ),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS | TEXT, inner, max_size=3),
    max_leaves=12,
)


@given(JSON | DATA)
@example("a\n\n")
@example(["a\n", "a\nb", "a\n\n\nb\n", " a\n", "a\n "])
@example([1e16, 1e-7, 1.5e300, -0.0])
@example("a\x7fb\n")
@example(["\U0001f600", "\\ud83d\\ude00", "\\\U0001f600"])
@example({"": [], "a": [{}, [[]], [[{"b": "c\n"}]]]})
def test_what_is_written_is_read_back(data: Any) -> None:
    text = dump(data)
    assert text.isascii()
    for loader in (yaml.SafeLoader, yaml.CSafeLoader):
        assert yaml.load(text, Loader=loader) == data  # noqa: S506 - both are safe


@given(st.lists(DATA, min_size=2, max_size=3))
def test_documents_stay_apart(documents: list[Any]) -> None:
    text = "---\n" + "---\n".join(dump(item) for item in documents)
    assert list(yaml.load_all(text, Loader=yaml.CSafeLoader)) == documents


def test_it_reads_as_people_write() -> None:
    data: dict[str, Any] = {
        "image": "hub.example.org/a/b:1.2",
        "args": ["--port=80", {"name": "x", "memory": "4Gi", "cpu": "500m"}, ["deep"]],
        "script": "set -e\n\necho hello\n",
        "port": "8001",
        "empty": {},
        "none": None,
        "version": "1.30",
        "title": "SLAC Shared Science Data Facility (S3DF)",
    }
    assert (
        dump(data)
        == """\
image: hub.example.org/a/b:1.2
args:
- "--port=80"
- name: x
  memory: 4Gi
  cpu: 500m
- - deep
script: |
  set -e

  echo hello
port: "8001"
empty: {}
none: null
version: "1.30"
title: SLAC Shared Science Data Facility (S3DF)
"""
    )


@pytest.mark.parametrize(
    "word", ["yes", "No", "ON", "off", "y", "N", "true", "NULL", "~", "", "1:30", "1e5", "0o7", "- a"]
)
def test_words_that_a_parser_takes_for_something_else_are_quoted(word: str) -> None:
    assert dump(word) == json.dumps(word) + "\n"


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_what_is_no_number_is_refused(value: float) -> None:
    with pytest.raises(ValueError, match="not a finite number"):
        dump({"a": value})


@pytest.mark.parametrize("value", [{1, 2}, b"x", object()])
def test_what_is_not_plain_is_refused(value: object) -> None:
    with pytest.raises(TypeError, match="is not plain data"):
        dump([value])


@pytest.mark.parametrize("text", ["a" * 5000 + "!", "a b:c" * 2000 + " ", "a" * 500 + "\x00"])
def test_long_texts_take_no_longer_than_they_are(text: str) -> None:
    assert yaml.load(dump(text), Loader=yaml.CSafeLoader) == text

"""JSON, YAML and Python."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from support import JSON
from verify_support import ask, compiled, found

from afspec.verify import State


def test_json_that_ends_too_early() -> None:
    assert found("data", {"a.json": '{\n"a": [1,\n'}) == [("a.json", 3, "Expecting value")]


def test_key_that_is_given_twice_in_json() -> None:
    assert found("data", {"a.json": '{"a": 1,\n"b": 2,\n"a": 3}'}) == [("a.json", 3, "key 'a' is given twice")]


def test_yaml_that_is_none() -> None:
    ((path, line, said),) = found("data", {"a.yaml": "a: 1\nb: [\n"})
    assert (path, line) == ("a.yaml", 3)
    assert "expected" in said


def test_key_that_is_given_twice_in_yaml() -> None:
    files = {"a.yml": "- a: 1\n  b: {c: 1}\n  a: 2\n---\nx: 1\nx: 1\n"}
    assert found("data", files) == [("a.yml", 3, "key 'a' is given twice"), ("a.yml", 6, "key 'x' is given twice")]


def test_what_is_named_again_is_read_once() -> None:
    laughs = "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 30))
    files = {"a.yaml": "a0: &a0 {x: 1, x: 2}\n" + laughs, "b.yaml": "a: &a [*a]\n"}
    assert found("data", files) == [("a.yaml", 1, "key 'x' is given twice")]


@given(JSON)
def test_whatever_json_writes_is_fine(value: object) -> None:
    assert found("data", {"a.json": json.dumps(value, indent=1)}) == []


@pytest.mark.parametrize(
    ("check", "path", "text", "line"),
    [
        ("data", "a.json", "[" * 200_000, 0),
        ("data", "a.yaml", "a: 1\nb:\n  " + "[" * 200_000, 3),
        ("python", "a.py", "x = " + "-" * 100_000 + "1\n", 0),
        ("python", "a.py", "x = " + "+".join("1" * 100_000) + "\n", 0),
    ],
)
def test_what_is_nested_too_deeply_is_found_and_ends_nothing(check: str, path: str, text: str, line: int) -> None:
    assert found(check, {path: text}) == [(path, line, "is nested too deeply")]


def test_compiled_files_are_fine() -> None:
    assert ask("data", compiled("slac")).state is State.FINE


def test_python_that_is_none() -> None:
    ((path, line, said),) = found("python", {"a.py": "import os\nif True\n    pass\n"})
    assert (path, line, said) == ("a.py", 2, "expected ':'")


def test_compiled_python_is_fine_and_not_executed() -> None:
    assert found("python", compiled("local") | {"a.py": "raise SystemExit('executed')\n"}) == []

"""From text to nodes: what YAML the language takes, and where its diagnostics point."""

from __future__ import annotations

import re
import tracemalloc
from typing import Any

import pytest
import yaml
from hypothesis import assume, given
from hypothesis import strategies as st
from support import JSON, TEXT, codes, parsed, places, plain, tree

from afspec.source import Mapping, Number, Scalar, to_plain
from afspec.source.nodes import Node, Sequence
from afspec.source.parser import MAX_DEPTH, MAX_NODES


@pytest.mark.parametrize(
    ("text", "found"),
    [
        pytest.param("a: 1\nb: 2\na: 3\n", [("AF0007", 3, 1)], id="duplicate key"),
        pytest.param("é: {ü: é, b: 1, b: 2}\n", [("AF0007", 1, 17)], id="column counts characters"),
        pytest.param("\U0001f600: {x: 1, x: 2}\n", [("AF0007", 1, 11)], id="column beyond the basic plane"),
        pytest.param("a: 1\r\nb: 1\r\na: 2\r\n", [("AF0007", 3, 1)], id="CRLF"),
        pytest.param("a: 1\rb: 1\ra: 2\r", [("AF0007", 3, 1)], id="CR"),
        pytest.param("a: 1\n'a': 2\n", [("AF0007", 2, 1)], id="quotes do not make another key"),
        pytest.param("a: {b: 1, b: 2}\nc: {d: 1, d: 2}\n", [("AF0007", 1, 11), ("AF0007", 2, 11)], id="all of them"),
        pytest.param("[a]: 1\n", [("AF0008", 1, 1)], id="list as a key"),
        pytest.param("? {a: b}\n: 1\n", [("AF0008", 1, 3)], id="map as a key"),
        pytest.param("a: !!python/object/apply:os.system [id]\n", [("AF0011", 1, 4)], id="Python object"),
        pytest.param("a: !!python/name:os.system\n", [("AF0011", 1, 4)], id="Python name"),
        pytest.param("a: !!int 1\n", [("AF0011", 1, 4)], id="tag of another type"),
        pytest.param("a: !replace 1\n", [("AF0011", 1, 4)], id="replace on a value"),
        pytest.param("a: !!str {b: 1}\n", [("AF0011", 1, 4)], id="str on a map"),
        pytest.param("a: &x 1\n<<: *x\n", [("AF0012", 2, 1)], id="merge key"),
        pytest.param("a: {<<: {b: 1}, c: 2}\n", [("AF0012", 1, 5)], id="merge key in flow"),
        pytest.param("a: *x\n", [("AF0013", 1, 4)], id="undefined alias"),
        pytest.param("a: &x [*x]\n", [("AF0013", 1, 8)], id="anchor inside itself"),
        pytest.param("a: &x {b: {c: *x}}\n", [("AF0013", 1, 15)], id="anchor deep inside itself"),
        pytest.param("# nothing\n", [("AF0014", 1, 1)], id="comments only"),
        pytest.param("---\na: 1\n---\nb: 1\n", [("AF0006", 3, 1)], id="two documents"),
        pytest.param("a:\n\t- b\n", [("AF0006", 2, 1)], id="tab"),
        pytest.param("a: b: c\n", [("AF0006", 1, 5)], id="colon in a value"),
        pytest.param("a: 1\nb: 'x\n", [("AF0006", 2, 1)], id="open quote"),
        pytest.param("a: [1, 2\nb: 1\n", [("AF0006", 2, 2)], id="open list"),
        pytest.param("%YAML 9.9\n---\na: 1\n", [("AF0006", 1, 1)], id="another YAML"),
    ],
)
def test_what_is_refused_and_where(text: str, found: list[tuple[str, int, int]]) -> None:
    assert places(parsed(text).diagnostics) == found


def test_duplicate_key_names_both_places() -> None:
    [found] = parsed("x: 0\na: 1\nb: 2\na: 3\n").diagnostics
    assert found.span is not None
    assert found.span.line == 4
    assert "line 2" in found.hint


@pytest.mark.parametrize(
    ("text", "advice"),
    [
        ("a:\n\t- b\n", "spaces"),
        ("a: 1\n\tb: 2\n", "spaces"),
        ("a: b: c\n", "quotes"),
        ("[a]: 1\n", "one word"),
        ("<<: 1\n", "extends"),
    ],
)
def test_advice_fits(text: str, advice: str) -> None:
    assert advice in parsed(text).diagnostics[0].hint


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("no", "no"),
        ("yes", "yes"),
        ("true", True),
        ("FALSE", False),
        ("~", None),
        ("", None),
        ("Null", None),
        ("'~'", "~"),
        ("!!str 1", "1"),
        ("'1'", "1"),
        ("1:30", "1:30"),
        ("10-00:00:00", "10-00:00:00"),
        ("0x1f", "0x1f"),
        ("1_000", "1_000"),
        ("2026-03-01", "2026-03-01"),
        ("-5", -5),
        ("+5", 5),
        ("1.5", 1.5),
        (".5e1", 5.0),
        (".inf", ".inf"),
        (".", "."),
        ("-", "-"),
        ("1.", 1.0),
        ("|\n  x\n  y\n", "x\ny\n"),
        (">\n  x\n  y\n", "x y\n"),
    ],
)
def test_scalars_are_those_of_yaml_1_2(text: str, value: object) -> None:
    if text == "-":
        text = "'-'"
    found = plain(f"a: {text}")["a"]
    assert (found, type(found)) == (value, type(value)) or (isinstance(found, Number) and float(found) == value)


def test_number_remembers_how_it_was_written() -> None:
    found = plain("a: 1.30")["a"]
    assert isinstance(found, Number)
    assert (float(found), found.text, str(found)) == (1.3, "1.30", "1.30")


def test_keys_are_words_whatever_they_look_like() -> None:
    assert plain("1: a\ntrue: b\n2.50: c\n~: d\n'<<': e\n") == {"1": "a", "true": "b", "2.50": "c", "~": "d", "<<": "e"}


def test_alias_is_what_it_names() -> None:
    assert plain("a: &x {b: [1]}\nc: *x\nd: [*x, *x]\n") == {
        "a": {"b": [1]},
        "c": {"b": [1]},
        "d": [{"b": [1]}, {"b": [1]}],
    }


def test_anchor_that_is_given_twice_is_the_last_one_before() -> None:
    assert plain("a: &x 1\nb: *x\nc: &x 2\nd: *x\n") == {"a": 1, "b": 1, "c": 2, "d": 2}


BOMB = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{new}: &{new} [{', '.join([f'*{old}'] * 9)}]\n" for old, new in zip("abcdefgh", "bcdefghi", strict=True)
)


def test_billion_laughs_in_little_memory() -> None:
    tracemalloc.start()
    try:
        found = parsed(BOMB).diagnostics
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert codes(found) == ["AF0010"]
    assert peak < 2_000_000


def test_as_many_nodes_as_allowed_and_one_more() -> None:
    fits = "[" + "x," * (MAX_NODES - 1) + "]"
    assert parsed(fits).diagnostics == []
    assert codes(parsed(fits.replace("[", "[x,")).diagnostics) == ["AF0010"]


def nested(levels: int, form: str) -> str:
    if form == "flow list":
        return "[" * levels + "]" * levels
    if form == "flow map":
        return "{a: " * levels + "}" * levels
    if form == "block list":
        return "- " * levels + "x"
    return "".join(" " * level + "a:\n" for level in range(levels - 1)) + " " * (levels - 1) + "a: x"


FORMS = ["flow list", "flow map", "block list", "block map"]


@pytest.mark.parametrize("form", FORMS)
def test_deep_nesting_is_refused(form: str) -> None:
    assert codes(parsed(nested(1000 if form == "block map" else 10_000, form)).diagnostics) == ["AF0009"]


@pytest.mark.parametrize("form", FORMS)
def test_deepest_nesting_that_is_allowed(form: str) -> None:
    assert parsed(nested(MAX_DEPTH, form)).diagnostics == []
    assert codes(parsed(nested(MAX_DEPTH + 1, form)).diagnostics) == ["AF0009"]


def test_deep_block_map_of_a_whole_file() -> None:
    # All of them would be 50 MB; what is beyond the 33rd line is not looked at.
    assert codes(parsed("".join(" " * level + "a:\n" for level in range(1500))).diagnostics) == ["AF0009"]


def test_aliases_do_not_nest_what_cannot_be_written_out() -> None:
    half = MAX_DEPTH // 2
    deep = f"- &a {'[' * half}{']' * half}\n- {'[' * half}*a{']' * half}\n"
    assert codes(parsed(deep).diagnostics) == ["AF0009"]
    shallower = f"- &a {'[' * half}{']' * half}\n- {'[' * (half - 1)}*a{']' * (half - 1)}\n"
    assert parsed(shallower).diagnostics == []


def test_tree_of_aliases_is_bounded_however_it_is_built() -> None:
    chain = "- &a0 1\n" + "".join(f"- &a{n + 1} {'[' * 25}*a{n}{']' * 25}\n" for n in range(34))
    assert codes(parsed(chain).diagnostics) == ["AF0009"]


def test_spans_cover_keys_and_values() -> None:
    root = tree("é: [aé, {b: 'c d'}]\n")
    assert isinstance(root, Mapping)
    listed = root.entries["é"].value
    assert isinstance(listed, Sequence)
    assert root.entries["é"].key_span[1:] == (1, 1, 1, 2)
    assert listed.items[0].span[1:] == (1, 5, 1, 7)
    inner = listed.items[1]
    assert isinstance(inner, Mapping)
    assert inner.entries["b"].value.span[1:] == (1, 13, 1, 18)


@given(st.lists(TEXT, max_size=8).map("\n".join) | st.text(alphabet="ab:-[]{}&*!<>|'\"#% \n\té", max_size=40))
def test_any_text_gives_a_tree_or_diagnostics(text: str) -> None:
    result = parsed(text)
    assert result.root is not None or result.diagnostics
    lines = max(1, len(text.splitlines()) + 1)
    assert all(d.span and 1 <= d.span.line <= lines and d.span.column >= 1 for d in result.diagnostics)


NUMBER = re.compile(r"[-+]?[0-9.]+(?:[eE][-+]?[0-9]+)?")


def reads_otherwise(data: Any) -> bool:
    """Whether it holds text that is a number in YAML 1.2 but not in YAML 1.1, which safe_dump leaves unquoted."""
    if isinstance(data, dict):
        return any(reads_otherwise(part) for pair in data.items() for part in pair)
    if isinstance(data, list):
        return any(reads_otherwise(part) for part in data)
    return isinstance(data, str) and bool(NUMBER.fullmatch(data)) and yaml.safe_dump(data).startswith(data)


@given(JSON)
def test_what_safe_dump_writes_is_read_back(data: Any) -> None:
    assume(not reads_otherwise(data))
    dumped = yaml.safe_dump(data)
    result = parsed(dumped)
    assume(codes(result.diagnostics) != ["AF0009"])
    assert result.diagnostics == []
    assert result.root is not None
    assert to_plain(result.root) == data


@given(JSON)
def test_sizes_count_every_node(data: Any) -> None:
    result = parsed(yaml.safe_dump(data))
    assume(result.root is not None)
    assert result.root is not None

    def count(node: Node) -> int:
        if isinstance(node, Scalar):
            return 1
        below = [e.value for e in node.entries.values()] if isinstance(node, Mapping) else list(node.items)
        keys = len(below) if isinstance(node, Mapping) else 0
        return 1 + keys + sum(count(child) for child in below)

    assert result.root.size == count(result.root)

"""Another state of a spec: one thing put elsewhere, everything else as it was."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support import tree

from afspec.source import Mapping, Node, Scalar, Sequence, find, put, to_plain

SPEC = """\
afspec: 1
batch:
  - {name: slurm, partitions: [{name: roma, cores: 120}, {name: ampere, cores: 112}]}
images: {binds: [/sdf, /fs]}
"""


def value(text: str) -> Node:
    found = tree(f"v: {text}\n")
    assert isinstance(found, Mapping)
    return found.entries["v"].value


@pytest.mark.parametrize(
    ("parts", "text", "path"),
    [
        (("afspec",), "2", ("afspec",)),
        (("batch", "slurm", "partitions", "ampere", "cores"), "8", ("batch", 0, "partitions", 1, "cores")),
        (("batch", "slurm", "partitions", "1", "cores"), "8", ("batch", 0, "partitions", 1, "cores")),
        (("images", "binds", "1"), "/lscratch", ("images", "binds", 1)),
        (("services", "triton", "stance"), "promised", ("services", "triton", "stance")),
        (("batch", "slurm", "partitions", "ada", "cores"), "8", ("batch", 0, "partitions", 2, "cores")),
    ],
)
def test_the_value_is_there_afterwards(parts: tuple[str, ...], text: str, path: tuple[str | int, ...]) -> None:
    found: Any = to_plain(put(tree(SPEC), parts, value(text)))
    for part in path:
        found = found[part]
    assert found == to_plain(value(text))


def test_a_new_item_has_its_name() -> None:
    changed = to_plain(put(tree(SPEC), ("batch", "slurm", "partitions", "ada", "cores"), value("8")))
    assert changed["batch"][0]["partitions"][2] == {"name": "ada", "cores": 8}


def test_what_is_taken_away_is_gone() -> None:
    changed = to_plain(put(tree(SPEC), ("batch", "slurm", "partitions", "roma"), None))
    assert [partition["name"] for partition in changed["batch"][0]["partitions"]] == ["ampere"]


def test_taking_away_what_is_not_there_changes_nothing() -> None:
    assert to_plain(put(tree(SPEC), ("services", "triton"), None)) == to_plain(tree(SPEC))


@pytest.mark.parametrize("parts", [("afspec", "below"), ("images", "binds", "0", "x")])
def test_nothing_is_below_a_single_value(parts: tuple[str, ...]) -> None:
    with pytest.raises(ValueError, match="single value"):
        put(tree(SPEC), parts, value("1"))


def test_the_whole_document_stays() -> None:
    with pytest.raises(ValueError, match="whole document"):
        put(tree(SPEC), (), None)


def scalars(node: Node, parts: tuple[str, ...] = ()) -> list[tuple[tuple[str, ...], Node]]:
    if isinstance(node, Mapping):
        return [found for key, entry in node.entries.items() for found in scalars(entry.value, (*parts, key))]
    if isinstance(node, Sequence):
        return [found for index, item in enumerate(node.items) for found in scalars(item, (*parts, str(index)))]
    return [(parts, node)]


@given(st.sampled_from([parts for parts, _ in scalars(tree(SPEC))]), st.integers(0, 9))
def test_nothing_else_changes(parts: tuple[str, ...], number: int) -> None:
    root = tree(SPEC)
    new = Scalar(str(number), plain=True, span=root.span)
    changed = put(root, parts, new)
    assert find(changed, parts)[2]
    before, after = dict(scalars(root)), dict(scalars(changed))
    assert {other for other in before if before[other] != after[other]} <= {parts}
    assert root == tree(SPEC)

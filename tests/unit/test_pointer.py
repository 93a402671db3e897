"""Pointers: into the tree of a file, and into a facility."""

from __future__ import annotations

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from support import facility, tree

from afspec.facility import walk
from afspec.facility.walk import descend
from afspec.source import find, format_pointer, parse_pointer


@pytest.mark.parametrize(
    ("pointer", "parts"),
    [
        ("", ()),
        ("/", ()),
        ("/a", ("a",)),
        ("/a/b", ("a", "b")),
        ("/a//b", ("a", "", "b")),
        ("/a~1b/c~0d", ("a/b", "c~d")),
        ("/~01", ("~1",)),
        ("/a/", ("a", "")),
    ],
)
def test_parts(pointer: str, parts: tuple[str, ...]) -> None:
    assert parse_pointer(pointer) == parts


@pytest.mark.parametrize("pointer", ["a", "a/b", " /a", "#/a"])
def test_pointer_starts_with_a_slash(pointer: str) -> None:
    with pytest.raises(ValueError, match="slash"):
        parse_pointer(pointer)


@given(st.lists(st.text(alphabet="a~/01é ", max_size=5)).map(tuple))
def test_parts_come_back(parts: tuple[str, ...]) -> None:
    assume(parts != ("",))  # "/" is the whole document, which is more use than a key without letters
    assert parse_pointer(format_pointer(parts)) == parts


TREE = tree(
    """\
a: 1
batch:
  - name: slurm
    nodes: 5
    partitions: [{name: roma, cores: 8}, {cores: 9}]
  - name: "1"
    nodes: 6
"x/y": {"~": z}
"""
)


@pytest.mark.parametrize(
    ("pointer", "key", "value", "whole"),
    [
        ("/a", (1, 1), (1, 4), True),
        ("/batch", (2, 1), (2, 1), True),
        ("/batch/slurm", (3, 11), (3, 11), True),
        ("/batch/0", (3, 11), (3, 11), True),
        ("/batch/slurm/nodes", (4, 5), (4, 12), True),
        ("/batch/slurm/partitions/roma/cores", (5, 31), (5, 38), True),
        ("/batch/slurm/partitions/1/cores", (5, 43), (5, 50), True),
        ("/batch/1/nodes", (7, 5), (7, 12), True),
        ("/x~1y/~0", (8, 9), (8, 14), True),
        ("/batch/slurm/memory", (3, 5), (3, 5), False),
        ("/batch/htcondor/nodes", (2, 1), (2, 1), False),
        ("/batch/7", (2, 1), (2, 1), False),
        ("/batch/0000000", (2, 1), (2, 1), False),
        ("/a/b/c", (1, 1), (1, 1), False),
        ("/nothing", (1, 1), (1, 1), False),
    ],
)
def test_find(pointer: str, key: tuple[int, int], value: tuple[int, int], whole: bool) -> None:  # noqa: FBT001
    key_span, value_span, found = find(TREE, parse_pointer(pointer))
    assert ((key_span.line, key_span.column), (value_span.line, value_span.column), found) == (key, value, whole)


@given(st.lists(st.sampled_from(["a", "batch", "slurm", "0", "1", "roma", "²", "-1", "", "x/y"]), max_size=5))
def test_find_always_finds_a_place(parts: list[str]) -> None:
    key, value, _ = find(TREE, parts)
    assert 1 <= key.line <= value.line <= 8


FACILITY = facility(
    """\
batch:
  - name: farm
    scheduler: slurm
    partitions: [{name: roma, cores: 8}, {name: milano}]
  - {name: pool, scheduler: htcondor, queues: [{name: short}]}
agc: {environment: {AF: local}}
storage: {areas: [{name: home, path: /home/<user>}]}
dask: {jobqueue: {ports: {worker: "100:200"}}}
"""
)


@pytest.mark.parametrize(
    ("pattern", "pointers"),
    [
        ("/batch/*", ["/batch/farm", "/batch/pool"]),
        ("/batch/farm/partitions/*/cores", ["/batch/farm/partitions/roma/cores"]),
        ("/batch/*/queues/*", ["/batch/pool/queues/short"]),
        ("/agc/environment/*", ["/agc/environment/AF"]),
        ("/dask/jobqueue/ports/worker", ["/dask/jobqueue/ports/worker"]),
        ("/dask/jobqueue/ports/worker/*", []),
        ("/gpus/models/*", []),
    ],
)
def test_walk(pattern: str, pointers: list[str]) -> None:
    assert [pointer for pointer, _ in walk(FACILITY, pattern)] == pointers


def test_descend_meets_everything_parents_first() -> None:
    found = dict(descend(FACILITY))
    assert found["/batch/farm/partitions/roma/cores"] == 8
    assert found["/storage/areas/home/path"] == "/home/<user>"
    order = list(found)
    assert all(pointer.rpartition("/")[0] in {"", *order[:index]} for index, pointer in enumerate(order))
    assert None not in found.values()

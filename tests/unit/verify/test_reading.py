"""YAML as Helm and kubectl read it, with the place of every node, and the quantities of resources."""

from __future__ import annotations

import json
from typing import Any

import pytest
from cluster_files import FILES
from hypothesis import given
from hypothesis import strategies as st

from afspec.verify import Compiled
from afspec.verify.cluster import Cluster
from afspec.verify.cluster.quantities import quantity
from afspec.verify.cluster.reading import UnreadableError, documents

_WORDS = st.text(st.characters(max_codepoint=0x7E))

GO = [
    ("y", True),
    ("N", False),
    ("on", True),
    ("Off", False),
    ("yes", True),
    ("True", True),
    ("~", None),
    ("null", None),
    ("1e3", 1000),
    ("12e5", 1_200_000),
    ("1E3", 1000),
    ("0o17", 15),
    ("017", 15),
    ("08", 8),
    ("0x1F", 31),
    ("0b11", 3),
    ("1_000", 1000),
    (".5", 0.5),
    ("1.", 1),
    ("+1", 1),
    ("-1", -1),
    ("09.5", 9.5),
    ("0e0", 0),
    ("12:30:45", "12:30:45"),
    ("2026-01-01", "2026-01-01"),
    ("=", "="),
    ("1e", "1e"),
    ("e3", "e3"),
    ("'y'", "y"),
]


@pytest.mark.parametrize(("text", "value"), GO)
def test_yaml_is_read_as_helm_reads_it(text: str, value: object) -> None:
    """Measured with Helm 4.1: a chart that prints its values as JSON."""
    (document,) = documents("a.yaml", f"a: {text}\n")
    assert document.data["a"] == value
    assert isinstance(document.data["a"], bool) is isinstance(value, bool)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | _WORDS,
        lambda inner: st.lists(inner) | st.dictionaries(_WORDS, inner),
    )
)
def test_what_is_quoted_is_read_as_it_was_written(value: object) -> None:
    text = json.dumps({"value": value})
    (document,) = documents("a.yaml", text)
    assert document.data == {"value": value}


@pytest.mark.parametrize(
    "text",
    [
        "a0: &a0 [x]\n" + "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 12)),
        "a: &a [*a]\n",
        "[" * 100_000,
        "a: [\n",
        "a: \x00\n",
    ],
)
def test_what_is_endless_or_broken_ends_nothing(text: str) -> None:
    with pytest.raises(UnreadableError):
        documents("a.yaml", text)


def test_places_are_those_of_keys_and_items() -> None:
    (document,) = documents("a.yaml", "a:\n  b:\n  - c: 1\n  - {d: 2}\n")
    assert document.place(("a", "b", 1, "d")) == (4, 6)
    assert document.place(("a", "b", 0)) == (3, 5)
    assert document.place(("a", "x", "y")) == (1, 1)
    assert document.place() == (1, 1)


def test_files_are_read_once() -> None:
    site = Compiled.of_texts("toy", FILES)
    assert site.cluster is site.cluster
    assert isinstance(site.cluster, Cluster)
    assert {item.kind for item in site.cluster.manifests} >= {"Namespace", "Deployment", "Kustomization", "Toy"}


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("500m", 0.5),
        (2, 2),
        ("1Ki", 1024),
        ("1k", 1000),
        ("1e3", 1000),
        ("2E", 2 * 10**18),
        ("1Ei", 1 << 60),
        (0.5, 0.5),
    ],
)
def test_quantities(text: Any, number: float) -> None:
    assert quantity(text) == number


@pytest.mark.parametrize("text", ["8GB", "", "Gi", "1 Gi", True, None, [], "1e", "--1"])
def test_what_is_no_quantity(text: Any) -> None:
    assert quantity(text) is None

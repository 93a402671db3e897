"""Clients of the AGC, without a site: what is exact, what a rate is worth, whether a fit is upstream's."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from afspec.conformance.clients.agc import exact, notebook, rate

VALUES = st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1, max_size=5)
HISTOGRAMS = st.dictionaries(st.sampled_from(["4j1b", "4j2b", "c"]), st.fixed_dictionaries({"contents": VALUES}))


@given(HISTOGRAMS)
def test_what_is_the_same_does_not_differ(histograms: dict[str, Any]) -> None:
    assert exact.differences(histograms, json.loads(json.dumps(histograms))) == []


@given(HISTOGRAMS, st.data())
def test_any_bin_that_is_off_by_more_than_the_last_bits_is_named(
    histograms: dict[str, Any], data: st.DataObject
) -> None:
    if not histograms:
        return
    name = data.draw(st.sampled_from(sorted(histograms)))
    number = data.draw(st.integers(0, len(histograms[name]["contents"]) - 1))
    other = json.loads(json.dumps(histograms))
    was = other[name]["contents"][number]
    other[name]["contents"][number] = was * (1 + 1e-9) if abs(was) > 1e-290 else 1e-12
    assert exact.differences(histograms, other) == [
        f"{name} contents[{number}] is {other[name]['contents'][number]!r}, not {was!r}"
    ]


@pytest.mark.parametrize(
    ("found", "said"),
    [
        ({}, "a is missing"),
        ({"a": {"contents": [1.0, 2.0]}, "b": {"contents": []}}, "b is one too many"),
        ({"a": {"contents": [1.0]}}, "a contents: not of the same length"),
        ({"a": {}}, "a contents: not of the same length"),
        ({"a": {"contents": [1.0, math.nan]}}, "a contents[1] is nan, not 2.0"),
        ({"a": {"contents": [1.0, None]}}, "a contents[1] is None, not 2.0"),
        ({"a": {"contents": [1.0, 2.0], "variances": [1.0, 2.0]}}, "a variances: not of the same length"),
    ],
)
def test_what_is_missing_or_is_no_number_differs(found: dict[str, Any], said: str) -> None:
    assert exact.differences({"a": {"contents": [1.0, 2.0]}}, found) == [said]


def test_the_last_bits_are_the_order_of_a_sum() -> None:
    values = [0.1, 0.2, 0.3, 1e9]
    one, other = sum(values), sum(reversed(values))
    assert exact.differences({"a": {"contents": [one]}}, {"a": {"contents": [other]}}) == []


def test_a_rate_is_by_core_and_its_rounds_are_kept() -> None:
    rounds = [{"rate": 600.0, "seconds": 1.0}, {"rate": 300.0, "seconds": 2.0}, {"rate": 1200.0, "seconds": 0.5}]
    values = rate.per_core(rounds, 6)
    assert values == [100.0, 50.0, 200.0]
    assert rate.median(values) == 100.0
    kept = rate.statistics_of([each["seconds"] for each in rounds])
    assert kept["data"] == [1.0, 2.0, 0.5]
    assert (kept["rounds"], kept["min"], kept["max"], kept["median"]) == (3, 0.5, 2.0, 1.0)


@pytest.mark.parametrize(
    ("fit", "holds"),
    [
        ((0.960, 0.088), True),
        ((0.972, 0.08), True),
        ((1.2, 0.088), False),
        # As close as one likes, for it claims to know nothing.
        ((0.960, 5.0), False),
        ((0.960, 0.0), False),
        ((math.nan, 0.088), False),
        (None, False),
    ],
)
def test_a_fit_is_upstreams_within_its_uncertainty(fit: tuple[float, float] | None, holds: bool) -> None:  # noqa: FBT001
    assert notebook.near(fit) is holds

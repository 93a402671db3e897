"""The AGC beside a profile: what was reported of it, and what the report shows."""

from __future__ import annotations

from typing import Any

import pytest
from bundle_support import DASK, NOW, RUNS, WORKS, made, waiver

from afspec.report.ready import ready, reported
from afspec.report.summary import lines
from afspec.verdict import Outcome, Readiness


@pytest.mark.parametrize(
    ("told", "more", "word"),
    [
        (WORKS, {}, Readiness.READY),
        (WORKS, {"partial": ["-k AF-DASK-001"]}, Readiness.NOT_DEMONSTRATED),
        ({**WORKS, DASK: Outcome.UNVERIFIED}, {}, Readiness.NOT_DEMONSTRATED),
        ({**WORKS, DASK: Outcome.NOT_RUN}, {}, Readiness.NOT_DEMONSTRATED),
        ({**WORKS, DASK: Outcome.FAIL}, {}, Readiness.NOT_READY),
        ({**WORKS, RUNS: Outcome.FAIL}, {"waivers": [waiver()]}, Readiness.WITH_WORKAROUNDS),
    ],
)
def test_the_word_of_a_profile_follows_from_its_verdicts(told: Any, more: Any, word: Readiness) -> None:
    report, _ = made(told, **more)
    (profile,) = report.profiles
    assert ready(report, profile) is word
    shown = list(lines(report, NOW, "unsigned", reported="reported in 2023-05: it ran"))
    place = next(number for number, line in enumerate(shown) if line.startswith(f"  profile agc-ready: {word} ("))
    assert shown[place + 1] == "    reported in 2023-05: it ran"


def test_what_was_reported_comes_with_its_date_and_its_source() -> None:
    source = {"doc": "a talk", "as_of": "2023-05"}
    spec = {"agc": {"outcome": "ran_with_workarounds"}, "sources": {"/agc": source}}
    assert reported(spec) == "reported in 2023-05: it ran, with workarounds (a talk)"
    nearer = {**spec, "sources": {"/agc": source, "/agc/outcome": {"doc": "a page", "as_of": "2026"}}}
    assert reported(nearer) == "reported in 2026: it ran, with workarounds (a page)"
    assert reported({"agc": {"outcome": "did_not_run"}}) == "reported: it did not run"


@pytest.mark.parametrize(
    "spec", [{}, {"agc": None}, {"agc": {}}, {"agc": {"outcome": "perhaps"}}, {"agc": {"rate": 1}}]
)
def test_silence_on_the_outcome_stays_silence(spec: dict[str, Any]) -> None:
    assert reported(spec) == ""
    report, _ = made(WORKS)
    assert not any("reported" in line for line in lines(report, NOW, "unsigned", reported=reported(spec)))

"""The summary says what result.json says, and what was not done."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from afspec.agc.histogram import Histogram
from afspec.agc.run.result import FailureResult, Input, Rates, Result, SampleResult, Times
from afspec.agc.run.studies import Role, Yield
from afspec.agc.run.summary import summary


def sample(process: str, selected: float, weight: float, variation: str = "nominal") -> SampleResult:
    """A thousand events, of which some are selected."""
    counts = {"all": 1000, "4j1b": int(selected)}
    region = {"4j1b": Yield(selected, selected * weight, weight * selected**0.5)}
    role: Role = "alternative" if variation != "nominal" else "signal" if process == "ttbar" else "background"
    return SampleResult(process, variation, role, 1, 1000, 1000, 729.84, weight, counts, region)


PSEUDODATA = Histogram(np.array([0.0, 1.0]), np.array([0.0, 330.0, 0.0]), np.array([0.0, 400.0, 0.0]))
TOP = Histogram(np.array([0.0, 100.0, 300.0]), np.array([9.0, 1.0, 2.0, 9.0]), None)
RESULT = Result(
    histograms={"4j1b_pseudodata": PSEUDODATA, "4j2b_ttbar": TOP},
    histograms_sha256="0" * 64,
    afspec="1.0",
    analysis="ttbar-v2",
    options={"task": 2, "systematics": True},
    complete=True,
    luminosity=3378.0,
    normalised_by="events looked at",
    samples=(sample("ttbar", 100, 2.0), sample("ttbar", 90, 2.0, "ME_var"), sample("wjets", 25, 4.0)),
    resumed=0,
    times=Times(1.2, 0.3, 1.9, 2.0, 1.5, 0.2, 0.3, 1.0, 0.5),
    rates=Rates(1500.0, 750.0, 2000.0),
    bytes={"compressed": 10_000_000, "uncompressed": 25_000_000, "baskets": 7},
    fallbacks={},
    failures=(),
    notes=(),
    input=Input("files.json", "0" * 64, 3, 3000, 6, 500),
    executor={"kind": "threads", "workers": 2},
    versions={},
    started="2026-01-01T00:00:00Z",
    finished="2026-01-01T00:00:02Z",
)


def row(text: str, *head: str) -> list[str]:
    """The words after a row's first ones."""
    return next(line.split()[len(head) :] for line in text.splitlines() if line.split()[: len(head)] == list(head))


def test_a_run_that_is_complete() -> None:
    text = summary(RESULT)
    assert text.startswith(
        "CMS open data ttbar (task 2, systematics on): 3,000 events in 3 files, normalised to 3378/pb\n"
    )
    assert row(text, "ttbar", "ME_var") == ["1", "1,000", "729.84", "2"]
    expected = text.partition("Expected events")[2]
    assert row(expected, "ttbar") == ["200", "+-", "20"]
    assert row(expected, "wjets") == ["100", "+-", "20"]
    assert row(expected, "all", "expected") == ["300", "+-", "28"]
    assert row(expected, "S", "/", "B") == ["2"]
    assert row(expected, "pseudodata") == ["330", "+-", "20"]
    assert row(expected, "pseudodata", "/", "expected") == ["1.100"]
    assert "most often between 100 and 300 GeV (a top quark has 172.5)" in text
    assert "Rate: 1.5 kHz over 2 s with 2 threads, 750 Hz each, 2 kHz by CPU time" in text
    assert "open 10 %, read 15 %, decompress 50 %, kernel 25 %; 10.0 MB read, 2.50 times" in text
    assert "start-up 1.20 s, compiled code 0.30 s; first chunk done 1.90 s after the start" in text
    assert "NOT COMPLETE" not in text
    assert "\033" not in text


def test_what_is_missing_is_said_loudly() -> None:
    short = replace(RESULT.samples[0], events=400)
    failures = [
        FailureResult("ttbar", "nominal", "a.root", n, n + 50, f"a.root: it broke {n // 5}", 3) for n in range(55)
    ]
    text = summary(
        replace(RESULT, complete=False, samples=(short, *RESULT.samples[1:]), failures=tuple(failures)), colour=True
    )
    assert "\033[31m2,400 of 3,000 events\033[0m" in text
    assert "\033[31mNOT COMPLETE: 600 events are missing" in text
    assert "400 of 1,000" in text
    assert "entries 5 to 55, 6 to 56, 7 to 57 and 2 more, tried 3 times: a.root: it broke 1\n" in text
    assert "... and 1 more failures" in text


def test_fallbacks_and_notes() -> None:
    embedded = {f"Jet_{name}": "embedded baskets" for name in ("eta", "mass", "phi", "pt")}
    text = summary(replace(RESULT, fallbacks={**embedded, "nJet": "odd"}, notes=("the list is odd",)))
    assert "  Jet_eta, Jet_mass, Jet_phi and 1 more: embedded baskets\n  nJet: odd" in text
    assert "Note: the list is odd" in text


def test_nothing_was_there() -> None:
    empty = replace(RESULT.samples[0], listed=0, events=0, weight=0.0, flow={"all": 0, "4j1b": 0})
    text = summary(replace(RESULT, samples=(empty,), histograms={}, times=Times(1, 0, None, 0, 0, 0, 0, 0, 0)))
    assert row(text, "ttbar") == ["1", "0", "729.84", "-"]
    assert "Rate" not in text


@pytest.mark.parametrize(
    ("value", "error", "shown"),
    [
        (1234.56, 12.3, "1,235 +- 12"),
        (0.123456, 0.0123, "0.123 +- 0.012"),
        (0.0, 0.0, "0 +- 0"),
        (1e6, 9.96, "1,000,000 +- 10"),
    ],
)
def test_two_digits_of_the_uncertainty(value: float, error: float, shown: str) -> None:
    one = replace(RESULT.samples[0], yields={"4j1b": Yield(1.0, value, error)})
    assert " ".join(row(summary(replace(RESULT, samples=(one,))).partition("Expected")[2], "ttbar")) == shown

"""Rates side by side: compared only where cores, cache, dataset and software agree."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from bundle_support import NOW, WORKS, made
from click.testing import CliRunner

from afspec.cli.report import report as command
from afspec.report import bundle
from afspec.report.errors import ReportError
from afspec.report.model import Attempt, EvidenceRef
from afspec.report.plain import render, sha256
from afspec.report.rates import REQUIREMENT, Measured, differing, lines, measured
from afspec.verdict import Outcome

if TYPE_CHECKING:
    from pathlib import Path

    from afspec.report.bundle import Bundle

CONTEXT = {"analysis": "ttbar-v2", "cores": 6, "cache": "warm", "dataset": "d" * 64, "image": "i" * 64}
FILE = f"evidence/{REQUIREMENT}/jobqueue.rate.1.json"


def rate(name: str = "slac jobqueue", *rounds: float, **other: Any) -> Measured:
    return Measured(name, rounds or (40_000.0, 30_000.0, 35_000.0), {**CONTEXT, **other})


def put(folder: Path, notes: dict[str, Any], samples: dict[str, Any]) -> Bundle:
    """A bundle in which a result has evidence of a rate."""
    report, evidence = made(WORKS)
    data = render({"notes": notes, "samples": samples})
    ref = EvidenceRef(file=FILE, sha256=sha256(data), bytes=len(data))
    attempt = Attempt(at=NOW, seconds=1, outcome=Outcome.PASS, evidence=(ref,))
    first, *rest = report.results
    check = first.checks[0].model_copy(update={"attempts": (attempt,)})
    own = first.model_copy(update={"requirement": REQUIREMENT, "item": "jobqueue", "checks": (check,)})
    bundle.write(folder, report.model_copy(update={"results": (own, *rest)}), {"name": "toy"}, {**evidence, FILE: data})
    return bundle.read(folder)


def test_a_rate_is_read_from_the_evidence(tmp_path: Path) -> None:
    samples = {"rate": {"unit": "events/s/core", "values": [1000.0, 3000.0, 2000.0]}}
    (found,) = measured(put(tmp_path / "b", {"context": json.dumps(CONTEXT)}, samples))
    assert (found.name, found.median, found.context) == ("toy jobqueue", 2000.0, CONTEXT)
    shown = CliRunner().invoke(command, ["rates", str(tmp_path / "b")])
    assert shown.output.splitlines()[0] == "toy jobqueue: 2 kHz a core (median of 3, 1 to 3)"
    assert "cores 6, dataset dddddddd, image iiiiiiii" in shown.output


def test_where_nothing_was_measured_nothing_is_shown(tmp_path: Path) -> None:
    assert measured(put(tmp_path / "b", {}, {})) == []
    shown = CliRunner().invoke(command, ["rates", str(tmp_path / "b")])
    assert (shown.exit_code, shown.output.startswith("no rate was measured")) == (0, True)


@pytest.mark.parametrize(
    ("context", "values"), [("{", [1.0]), ("[]", [1.0]), ("{}", []), ("{}", ["fast"]), ("{}", None)]
)
def test_what_is_no_rate_is_refused(tmp_path: Path, context: str, values: Any) -> None:
    with pytest.raises(ReportError, match="no evidence of a rate"):
        measured(put(tmp_path / "b", {"context": context}, {"rate": {"values": values}}))


def test_rates_that_depend_on_the_same_are_compared() -> None:
    one, other = rate("slac jobqueue", 40_000.0), rate("bnl jobqueue", 20_000.0)
    assert differing(one, other) == []
    assert list(lines([one, other]))[-1] == "slac jobqueue and bnl jobqueue are comparable: 2.00 to 1"


@pytest.mark.parametrize(
    ("name", "value"), [("cores", 8), ("cache", "cold"), ("dataset", "e" * 64), ("image", "j" * 64), ("analysis", "v1")]
)
def test_rates_that_depend_on_something_else_are_not(name: str, value: Any) -> None:
    one, other = rate(), rate("bnl jobqueue", **{name: value})
    assert differing(one, other) == differing(other, one) == [name]
    (last,) = list(lines([one, other]))[-1:]
    assert last == f"slac jobqueue and bnl jobqueue are not comparable: {name} differ"
    assert "to 1" not in last


def test_what_one_does_not_tell_differs() -> None:
    untold = Measured(
        "bnl jobqueue", (1.0,), {name: CONTEXT[name] for name in ("analysis", "cores", "cache", "dataset")}
    )
    assert differing(rate(), untold) == ["image"]

"""Where the catalogue says that a check passes on a twin, the twin's expected verdicts say so too."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from afspec.conformance.catalogue import catalogue

EXPECTED = Path(__file__).parents[2] / "engines/conformance/expected"
VERDICTS = {path.stem: json.loads(path.read_text())["verdicts"] for path in EXPECTED.glob("*.json")}
CLAIMS = [
    (requirement.id, place.removeprefix("twin/"))
    for requirement in catalogue().requirements
    for check in requirement.checks
    for place in check.passes
    if place.startswith("twin/")
]


def test_there_are_claims_about_every_twin() -> None:
    assert {twin for _, twin in CLAIMS} == set(VERDICTS) == {"bnl", "local", "slac"}


@pytest.mark.parametrize(("requirement", "twin"), sorted(set(CLAIMS)))
def test_it_is_verified_there(requirement: str, twin: str) -> None:
    found = [verdict for name, verdict in VERDICTS[twin].items() if name.startswith(f"{requirement}[")]
    assert any(" verified" in verdict for verdict in found), found


def test_nothing_is_broken_or_degraded_on_a_twin() -> None:
    bad = {name for verdicts in VERDICTS.values() for name, said in verdicts.items() if said.split()[1] in WRONG}
    assert bad == set()


WRONG = {"broken", "degraded", "error"}

"""Imagining another state of a facility is the same as validating all of the other spec."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

import afspec
from afspec.explain.counterfactual import Study
from afspec.explain.imagine import imagine
from afspec.facility import Facility
from afspec.source import Loader, put, to_plain

ROOT = Path(afspec.__file__).parents[2]


@pytest.mark.parametrize("site", ["slac", "bnl", "uchicago"])
def test_same_as_validating_everything(site: str) -> None:
    root = Loader().load(str(ROOT / f"specs/sites/{site}.yaml")).root
    facility = Facility.model_validate(to_plain(root))
    study = Study(root, facility, {})
    refused = 0
    for leaf in study.leaves:
        for instead in study.alternatives(leaf):
            try:
                whole = Facility.model_validate(to_plain(put(root, leaf.parts, instead)))
            except ValidationError:
                whole, refused = None, refused + 1
            assert imagine(root, facility, leaf, instead) == whole, (leaf.pointer, instead)
    # Leaving out what is required is among them.
    assert refused > 50

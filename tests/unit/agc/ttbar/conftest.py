"""Real files, where there are some."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from agc_data import real_file

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(params=["nanoAOD_2015_CMS_Open_Data_ttbar.root", "nano_dy.root"])
def real(request: pytest.FixtureRequest) -> Path:
    """A real NanoAOD file."""
    return real_file(request.param)


@pytest.fixture
def reference() -> Path:
    """Upstream's histograms of one file a process."""
    return real_file("agc_reference_histos_1_file.json")


@pytest.fixture
def inputs() -> Path:
    """Upstream's list of files."""
    return real_file("agc_nanoaod_inputs.json")

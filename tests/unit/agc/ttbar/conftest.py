"""Real files, where there are some."""

from __future__ import annotations

from pathlib import Path

import pytest

# They lie beside the checkout.
SHARED = Path(__file__).parents[5] / "shared/data"


def _file(name: str) -> Path:
    if not (SHARED / name).is_file():
        pytest.skip(f"no {name} here")
    return SHARED / name


@pytest.fixture(params=["nanoAOD_2015_CMS_Open_Data_ttbar.root", "nano_dy.root"])
def real(request: pytest.FixtureRequest) -> Path:
    """A real NanoAOD file."""
    return _file(request.param)


@pytest.fixture
def reference() -> Path:
    """Upstream's histograms of one file a process."""
    return _file("agc_reference_histos_1_file.json")


@pytest.fixture
def inputs() -> Path:
    """Upstream's list of files."""
    return _file("agc_nanoaod_inputs.json")

"""Files that tests of the reader share."""

from __future__ import annotations

from pathlib import Path

import pytest

# Real NanoAOD lies beside the checkout, where there is some.
SHARED = Path(__file__).parents[5] / "shared/data"


@pytest.fixture(scope="session", params=["nanoAOD_2015_CMS_Open_Data_ttbar.root", "nano_dy.root"])
def real(request: pytest.FixtureRequest) -> Path:
    """A real NanoAOD file: the first has all baskets inside the tree's record, the second each on its own."""
    path: Path = SHARED / request.param
    if not path.is_file():
        pytest.skip(f"no {path.name} here")
    return path

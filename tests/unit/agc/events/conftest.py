"""Files that tests of the reader share."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from agc_data import real_file

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="session", params=["nanoAOD_2015_CMS_Open_Data_ttbar.root", "nano_dy.root"])
def real(request: pytest.FixtureRequest) -> Path:
    """A real NanoAOD file: the first has all baskets inside the tree's record, the second each on its own."""
    return real_file(request.param)

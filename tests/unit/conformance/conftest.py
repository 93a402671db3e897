"""What the tests of the kit's core share."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from unit.conformance.toy import Box

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def box(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Box:
    """What makes runs of the toy kit; `box(requirement(), asks={"asks": fails}).told()` asks."""
    return Box(tmp_path, monkeypatch)

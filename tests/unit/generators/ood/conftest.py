"""A real Ruby, and an app on disk."""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING

import pytest
from ood_site import App, site

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="session")
def ruby() -> str:
    program = shutil.which("ruby")
    if program is None:
        if os.environ.get("CI") == "true":
            pytest.fail("ruby is needed: install ruby")
        pytest.skip("ruby is not installed")
    return program


@pytest.fixture
def app(ruby: str, tmp_path: Path) -> App:
    return App(ruby, tmp_path, site(str(tmp_path)))

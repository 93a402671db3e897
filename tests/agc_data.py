"""Real NanoAOD and upstream's references, which lie beside the checkout."""

from __future__ import annotations

import os
from pathlib import Path
from typing import NoReturn

import pytest

SHARED = Path(os.environ.get("AFSPEC_AGC_DATA", Path(__file__).parents[2] / "shared/data"))


def lacking(what: str) -> NoReturn:
    """End a test that cannot be made here; in CI it has failed, or nobody would miss it."""
    if os.environ.get("CI") == "true":
        pytest.fail(f"{what}, and CI must have it")
    pytest.skip(what)


def real_file(name: str) -> Path:
    """A file that no project may carry along."""
    path = SHARED / name
    if not path.is_file():
        lacking(f"there is no {name} in {SHARED.name}: AFSPEC_AGC_DATA may say where it is")
    return path

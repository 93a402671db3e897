"""The reports that are published here hold: against the specs and the catalogue as they are, with their evidence."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PUBLISHED = sorted(path.parent.relative_to(ROOT).as_posix() for path in (ROOT / "reports").glob("*/*/report.json"))


def test_three_sites_and_three_twins_are_published() -> None:
    sites = [f"reports/sites/{name}" for name in ("bnl", "slac", "uchicago")]
    assert [*sites, *(f"reports/twins/{name}" for name in ("bnl", "local", "slac"))] == PUBLISHED


@pytest.mark.parametrize("folder", PUBLISHED)
def test_published_report_holds(folder: str) -> None:
    """After a change of a spec or of the catalogue `make reports` publishes anew."""
    command = [sys.executable, "-m", "afspec", "report", "verify", folder]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr

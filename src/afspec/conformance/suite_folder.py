"""Where the checks and the catalogue are: conformance/ of a checkout, or the suite of an installed afspec."""

from __future__ import annotations

from pathlib import Path

_HERE = Path(__file__).resolve().parent


def suite_folder() -> Path:
    """The folder of catalogue/ and of the pytest files."""
    installed = _HERE / "suite"
    return installed if installed.is_dir() else _HERE.parents[2] / "conformance"

"""The whole kit over each twin: every verdict is the one that is written, and its bundle stands up to verifying."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from engines.conformance.expect import ROOT, TWINS, expected, run_kit, verdicts

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("twin", TWINS)
def test_every_verdict_is_the_expected_one(twin: str, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    request.getfixturevalue(twin)
    code, report = run_kit(twin, tmp_path)
    then = expected(twin)
    assert verdicts(report) == then["verdicts"], json.dumps(report["causes"] + report["problems"], indent=1)
    assert (report["summary"]["word"], code) == (then["word"], then["exit_code"])
    assert report["environment"] == "twin"
    assert report["problems"] == []
    (bundle,) = tmp_path.glob("*/*/report.json")
    verify = [sys.executable, "-m", "afspec", "report", "verify", str(bundle.parent)]
    done = subprocess.run(verify, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr

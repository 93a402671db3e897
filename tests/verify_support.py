"""Files for the checks of `afspec verify`, and what these say of them."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from afspec.twins import find
from afspec.verify import Compiled, State, verify
from afspec.verify.cluster.charts import Charts
from afspec.verify.registry import all_checks

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from afspec.verify import Verdict
    from afspec.verify.check import Check


def check_called(name: str) -> Check:
    """The check of that name; the test is skipped where its tool is missing, and fails in CI."""
    check = next(check for check in all_checks() if check.name == name)
    if check.tool.locate() is None:
        if os.environ.get("CI") == "true":
            pytest.fail(f"{name} needs {check.tool.needs}")
        pytest.skip(f"{name} needs {check.tool.needs}")
    return check


def ask(name: str, files: Mapping[str, str], charts: Path | None = None, *, whole: bool = True) -> Verdict:
    """What a check says of files; nothing is remembered from one test to another.

    `charts` is the folder of charts; what is checked in part only fails the test unless `whole` is given up.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AFSPEC_NO_CACHE", "1")
        site = Compiled.of_texts("toy", files, Charts(charts) if charts else None)
        (verdict,) = verify(site, [check_called(name)]).verdicts
    assert verdict.state is not State.UNCHECKED or not whole, verdict.reason
    return verdict


def found(name: str, files: Mapping[str, str], charts: Path | None = None) -> list[tuple[str, int, str]]:
    """What a check finds in files: path, line and words."""
    return [(item.path, item.line, item.message) for item in ask(name, files, charts).findings]


def compiled(twin: str) -> dict[str, str]:
    """The compiled files of a twin's spec."""
    return find(twin).texts

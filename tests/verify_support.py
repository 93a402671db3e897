"""Files for the checks of `afspec verify`, and what these say of them."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from afspec.twins import find
from afspec.verify import Compiled, State, verify
from afspec.verify.registry import all_checks

if TYPE_CHECKING:
    from collections.abc import Mapping

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


def ask(name: str, files: Mapping[str, str]) -> Verdict:
    """What a check says of files; nothing is remembered from one test to another."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AFSPEC_NO_CACHE", "1")
        (verdict,) = verify(Compiled.of_texts("toy", files), [check_called(name)]).verdicts
    assert verdict.state is not State.UNCHECKED, verdict.reason
    return verdict


def found(name: str, files: Mapping[str, str]) -> list[tuple[str, int, str]]:
    """What a check finds in files: path, line and words."""
    return [(item.path, item.line, item.message) for item in ask(name, files).findings]


def compiled(twin: str) -> dict[str, str]:
    """The compiled files of a twin's spec."""
    return find(twin).texts

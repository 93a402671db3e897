"""How a configuration is loaded without a hub."""

from __future__ import annotations

import sys
from types import ModuleType, SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from hub_spec import RefusalError, Section, rendered

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def load(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Loads a facility's only configuration, as JupyterHub does."""
    tornado, batchspawner = ModuleType("tornado"), ModuleType("batchspawner")
    tornado.__dict__["web"] = SimpleNamespace(HTTPError=RefusalError)
    monkeypatch.setitem(sys.modules, "tornado", tornado)
    monkeypatch.setitem(sys.modules, "batchspawner", batchspawner)
    monkeypatch.setenv("HUB_SECRET", "s3cret")
    monkeypatch.setenv("TOKEN", "t0ken")

    def loaded(body: str, title: str = "A toy facility") -> Section:
        body = body.replace("      python:", f"      state: {tmp_path}/state\n      python:")
        settings = Section()
        text = rendered(body, title)["jupyterhub/jupyterhub_config.py"].text
        exec(compile(text, "jupyterhub_config.py", "exec"), {"get_config": lambda: settings})  # noqa: S102 - our own
        return settings

    return loaded

"""The real charts: values, schemas and CRDs, which lie beside the project where it is developed; never copied here."""

from __future__ import annotations

import json
import os
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

UPSTREAM = Path(__file__).parents[2] / "shared/upstream"
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def upstream(*parts: str) -> Path:
    """A file or folder of the collection; the test is skipped where it is absent, and fails where CI is set."""
    path = UPSTREAM.joinpath(*parts)
    if not path.exists():
        reason = f"needs {'/'.join(('../shared/upstream', *parts))}, which is not part of the project"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    return path


@cache
def _read(path: Path) -> Any:
    text = path.read_text()
    return json.loads(text) if path.suffix == ".json" else yaml.load(text, Loader=_LOADER)  # noqa: S506 - a safe loader


def upstream_data(*parts: str) -> Any:
    """What a YAML or JSON file of the collection holds; not to be changed by the test."""
    return _read(upstream(*parts))


def merged(defaults: Any, values: Any) -> Any:
    """Values over a chart's defaults as Helm coalesces them: by key; null takes away what the chart has."""
    if not (isinstance(defaults, dict) and isinstance(values, dict)):
        return values
    result = dict(defaults)
    for key, value in values.items():
        if value is None:
            # Helm leaves a null of which the chart has nothing to take away (measured, 4.1).
            if result.pop(key, None) is None:
                result[key] = None
        else:
            result[key] = merged(defaults.get(key), value)
    return result

"""The gateway's own options, or what stands in for them where dask-gateway-server is not installed."""

from __future__ import annotations

import sys
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest


class _Options:
    """What the gateway's own class does with a request, where dask-gateway-server is not installed."""

    def __init__(self, *fields: Any, handler: Any) -> None:
        self.fields, self.handler = fields, handler

    def parse_options(self, request: dict[str, Any]) -> dict[str, Any]:
        known = {field.name for field in self.fields}
        if set(request) - known:
            raise ValueError("unknown fields")
        return {field.name: field.validate(request.get(field.name, field.default)) for field in self.fields}

    def get_configuration(self, options: dict[str, Any], _user: Any) -> Any:
        return self.handler(SimpleNamespace(**options))


class _Field:
    """A field: a number between bounds, one of some choices, or anything of its kind."""

    kind: type | tuple[type, ...] = str
    fallback: Any = ""

    def __init__(self, name: str, default: Any = None, *, min: Any = None, max: Any = None, label: str = "") -> None:  # noqa: A002
        self.name, self.bounds, self.label = name, (min, max), label
        self.choices = default if isinstance(default, list) else None
        self.default = self.fallback if default is None else default[0] if self.choices else default
        self.validate(self.default)

    def validate(self, value: Any) -> Any:
        low, high = self.bounds
        if not isinstance(value, self.kind):
            raise TypeError(self.name)
        if (low is not None and value < low) or (high is not None and value > high):
            raise ValueError(self.name)
        if self.choices and value not in self.choices:
            raise ValueError(self.name)
        return value


def _stand_in() -> ModuleType:
    module = ModuleType("dask_gateway_server.options")
    module.Options = _Options  # type: ignore[attr-defined]
    for name, kind, fallback in (
        ("Float", (int, float), 0.0),
        ("Integer", int, 0),
        ("Mapping", dict, {}),
        ("Select", str, ""),
        ("String", str, ""),
    ):
        setattr(module, name, type(name, (_Field,), {"kind": kind, "fallback": fallback}))
    return module


@pytest.fixture(autouse=True)
def server(monkeypatch: pytest.MonkeyPatch) -> None:
    """The real gateway's options where it is installed."""
    try:
        import dask_gateway_server.options  # type: ignore[import-not-found]  # noqa: F401, PLC0415
    except ImportError:
        monkeypatch.setitem(sys.modules, "dask_gateway_server", ModuleType("dask_gateway_server"))
        monkeypatch.setitem(sys.modules, "dask_gateway_server.options", _stand_in())

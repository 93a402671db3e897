"""Kinds of ways to a notebook, by how a program asks them."""

from __future__ import annotations

from typing import Final

from afspec.facility.jupyter import JupyterKind

# Those that are a JupyterHub, with its REST API.
HUBS: Final = frozenset({JupyterKind.HUB_VM, JupyterKind.HUB_KUBERNETES})

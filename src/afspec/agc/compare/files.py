"""Histograms in files."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from afspec.agc.errors import AgcError
from afspec.agc.histogram import of_documents

if TYPE_CHECKING:
    from pathlib import Path

    from afspec.agc.histogram import Histogram


def read_json(path: Path) -> dict[str, Any]:
    """A JSON object.

    Raises:
        AgcError: the file cannot be read, or holds something else.
    """
    try:
        found = json.loads(path.read_bytes())
    except OSError as error:
        raise AgcError(f"cannot read {path}: {error.strerror}") from None
    except (ValueError, RecursionError) as error:
        raise AgcError(f"{path} is not JSON: {error}") from None
    if not isinstance(found, dict):
        raise AgcError(f"{path} holds no object of names")
    return found


def read(path: Path) -> dict[str, Histogram]:
    """The histograms of a file in upstream's form; variances may be absent.

    Raises:
        AgcError: it cannot be read, or something in it is no histogram; the message says which.
    """
    found = read_json(path)
    if not found:
        raise AgcError(f"{path} holds no histograms")
    try:
        return of_documents(found)
    except AgcError as error:
        raise AgcError(f"{path}: {error.what}", error.hint) from None

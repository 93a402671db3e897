"""A lock as a whole: its head, which says what it was made from, and the resolver's lines."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from afspec.facility.locks import head_of
from afspec.pinning import conda, pip

if TYPE_CHECKING:
    import datetime as dt

    from afspec.pinning.request import Request
    from afspec.pinning.resolved import Resolved

_HOW = {
    "pip": "pip install --require-hashes --requirement",
    "micromamba": "micromamba create --file",
}


class Fit(StrEnum):
    """How a lock stands to what the spec wants."""

    FITS = "fits"
    STALE = "stale"
    ABSENT = "absent"


def fit_of(request: Request) -> Fit:
    """Whether the lock that is there was made from what the spec wants now; no network is needed to say so."""
    if not request.old:
        return Fit.ABSENT
    return Fit.FITS if head_of(request.old).wanted == request.wanted else Fit.STALE


def make(request: Request, day: dt.date, *, upgrade: bool) -> str:
    """The new lock; the old one, with its day, where the resolver's answer is the same.

    Raises:
        AfspecError: AF4012 or AF4013.
    """
    resolver = pip.resolve if request.manager == "pip" else conda.resolve
    resolved = resolver(request, upgrade=upgrade)
    new = render(request, resolved, day)
    same = _without_day(new) == _without_day(request.old)
    return request.old if same else new


def render(request: Request, resolved: Resolved, day: dt.date) -> str:
    """The text of a lock."""
    head = [
        f"# Packages of the image {request.image} with their digests, made by `afspec lock`.",
        f"# For: {_HOW[request.manager]}",
        f"# manager: {request.manager}",
        f"# python: {request.python or 'as the packages want it'}",
        f"# platforms: {' '.join(request.platforms)}",
        f"# wanted: {request.wanted}",
        f"# resolver: {resolved.resolver}",
        f"# made: {day.isoformat()}",
    ]
    return "\n".join(head) + "\n" + resolved.body


def _without_day(lock: str) -> list[str]:
    """The lines that say what is locked: neither the day nor the resolver's version is news."""
    return [line for line in lock.splitlines() if not line.startswith(("# made: ", "# resolver: "))]

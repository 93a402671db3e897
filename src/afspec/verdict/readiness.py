"""Whether somebody who needs several things together can begin: a word for a profile, from its counts alone."""

from __future__ import annotations

from enum import StrEnum
from typing import Protocol


class Readiness(StrEnum):
    """The 2023 talk's three words for a facility, and the one that it had no need of."""

    READY = "ready"
    WITH_WORKAROUNDS = "ready, with workarounds"
    NOT_READY = "not ready"
    NOT_DEMONSTRATED = "not demonstrated"


class Numbers(Protocol):
    """How many deciding instances have each verdict."""

    @property
    def verified(self) -> int: ...

    @property
    def degraded(self) -> int: ...

    @property
    def waived(self) -> int: ...

    @property
    def unverified(self) -> int: ...

    @property
    def broken(self) -> int: ...

    @property
    def error(self) -> int: ...


def readiness(counts: Numbers, *, partial: bool = False) -> Readiness:
    """The word of a profile.

    Ready is what was shown, all of it. What works outside its tolerance, or only as a known failure that somebody has
    waived, is worked around. One thing that is broken suffices for not ready; one that was not shown, or a part only
    that was asked (`partial`), for not demonstrated.
    """
    if counts.broken:
        return Readiness.NOT_READY
    works = counts.verified + counts.degraded + counts.waived
    if partial or counts.unverified or counts.error or not works:
        return Readiness.NOT_DEMONSTRATED
    return Readiness.WITH_WORKAROUNDS if counts.degraded or counts.waived else Readiness.READY

"""Failures that are known and accepted for a time.

Days are those of UTC. A waiver holds from the day on which it is granted through the whole day of its expiry: one that
expires on 2026-06-30 still covers a run that ended on 2026-06-30 at 23:59 UTC, and none on 2026-07-01 at 00:00 UTC.
A check that is waived is still run; a waiver changes what its failure means, and nothing else.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

EVERY_ITEM: Final = "*"
MAX_DAYS: Final = 180


@dataclass(frozen=True, kw_only=True)
class Waiver:
    """Who accepts which failure, why, and until when; `item` is one instance, or * for all of the requirement."""

    id: str
    requirement: str
    item: str = EVERY_ITEM
    owner: str
    reason: str
    issue: str
    granted: dt.date
    expires: dt.date

    def problem(self, day: dt.date) -> str:
        """Why it does not hold on a day; empty where it does."""
        flaw = self._flaw()
        if flaw:
            return flaw
        if day < self.granted:
            return f"it is granted from {self.granted} on, which is after {day}"
        return f"it expired on {self.expires}" if day > self.expires else ""

    def _flaw(self) -> str:
        """Why it holds on no day."""
        for name, found in (("granted", self.granted), ("expires", self.expires)):
            # Files give texts and times of day where a day is meant; by guessing which, waivers outlive their expiry.
            if type(found) is not dt.date:
                return f"`{name}` is no day: {found!r}; wanted: a date such as 2026-06-30"
        blank = [name for name in ("owner", "reason", "issue") if not getattr(self, name).strip()]
        if blank:
            return f"it has no {' and no '.join(blank)}"
        if self.expires <= self.granted:
            return f"it expires on {self.expires}, which is not after {self.granted}, when it was granted"
        if (self.expires - self.granted).days > MAX_DAYS:
            latest = self.granted + dt.timedelta(days=MAX_DAYS)
            return f"it expires on {self.expires}, which is over {MAX_DAYS} days after it was granted: after {latest}"
        return ""

    def covers(self, requirement: str, item: str) -> bool:
        """Whether it is about this instance, whatever the day."""
        return self.requirement == requirement and self.item in {EVERY_ITEM, item}


def find(waivers: Iterable[Waiver], requirement: str, item: str, day: dt.date) -> Waiver | None:
    """The waiver that covers an instance on a day: one for it alone before one for all, then the longest."""
    valid = [waiver for waiver in waivers if waiver.covers(requirement, item) and not waiver.problem(day)]
    return min(
        valid, key=lambda waiver: (waiver.item == EVERY_ITEM, -waiver.expires.toordinal(), waiver.id), default=None
    )

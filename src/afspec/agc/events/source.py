"""What all readers of one file share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from afspec.agc.events.stats import ReadStats
    from afspec.agc.events.storage import Storage
    from afspec.agc.events.through_uproot import ThroughUproot


@dataclass(frozen=True, slots=True)
class Source:
    """A file, and the ways to what it holds.

    Attributes:
        file: its address, as it was asked for.
        stats: what reading has taken, added to by all.
    """

    file: str
    storage: Storage
    through_uproot: ThroughUproot
    stats: ReadStats

"""A requirement of the conformance catalogue that a facility would have to meet, as it is shown."""

from __future__ import annotations

from typing import NamedTuple


class Asked(NamedTuple):
    """A requirement of one thing: AF-BATCH-003[slurm/roma], how much it matters, and what it is about."""

    id: str
    level: str
    title: str

"""How a verdict looks: a glyph, a word and a kind for the style sheet, so that colour is never alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from afspec.verdict import Promise, Readiness, SiteWord, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterable


@dataclass(frozen=True, slots=True)
class Face:
    """One way that proof may look. `rank` orders faces from the worst, as verdicts are ordered."""

    kind: str
    glyph: str
    word: str
    meaning: str
    rank: int


ERROR: Final = Face("error", "!", "error", "the kit failed; this says nothing of the site", 0)
BROKEN: Final = Face("broken", "✗", "broken", "tried, and it does not do what was promised", 1)
UNVERIFIED: Final = Face("unverified", "?", "unverified", "could not be tried: neither kept nor broken", 2)
STALE: Final = Face("stale", "↺", "stale", "was proved, but the proof is too old now", 3)
DEGRADED: Final = Face("degraded", "▲", "degraded", "works outside its tolerance, or only when tried again", 4)
WAIVED: Final = Face("waived", "⚑", "waived", "fails; known and accepted until a date", 5)
CONFIGURED: Final = Face("configured", "◐", "configured", "read from the configuration: too long to try", 6)
VERIFIED: Final = Face("verified", "✓", "verified", "tried, with evidence that is fresh", 7)
NOT_PROMISED: Final = Face("quiet", "–", "nothing claimed", "not promised for today, so there is nothing to prove", 8)  # noqa: RUF001 - a dash
NOT_APPLICABLE: Final = Face("quiet", "○", "not applicable", "the question does not arise here", 9)
NO_REPORT: Final = Face("unverified", "?", "no report", "nothing was tried here yet", 10)
NOT_ASKED: Final = Face("unverified", "?", "not asked", "no requirement asks about it", 11)
ABSENT: Final = Face("gap", "·", "not in its report", "the report does not have this requirement", 13)
GAP: Final = Face("gap", "·", "gap", "the run did not ask: not a pass", 12)

LEGEND: Final = (VERIFIED, CONFIGURED, WAIVED, DEGRADED, BROKEN, UNVERIFIED, STALE, ERROR, NOT_PROMISED, GAP)

# Proofs that hold until a day.
HOLDS: Final = frozenset({VERIFIED, CONFIGURED, DEGRADED})

OF_VERDICT: Final = {
    Verdict.ERROR: ERROR,
    Verdict.BROKEN: BROKEN,
    Verdict.UNVERIFIED: UNVERIFIED,
    Verdict.DEGRADED: DEGRADED,
    Verdict.WAIVED: WAIVED,
    Verdict.VERIFIED: VERIFIED,
    Verdict.NOT_PROMISED: NOT_PROMISED,
    Verdict.NOT_APPLICABLE: NOT_APPLICABLE,
}

# What each flag of a judgement tells the reader.
FLAGS: Final = {
    "undeclared_found": "works, though it was not declared",
    "waiver_unneeded": "passed: its waiver is no longer needed",
    "stale": "the proof is too old",
    "no_evidence": "claimed a pass and showed nothing",
    "configured": "read from the configuration, not tried",
}

OF_WORD: Final = {
    SiteWord.CONFORMANT: VERIFIED,
    SiteWord.WITH_WAIVERS: WAIVED,
    SiteWord.NOT_DEMONSTRATED: UNVERIFIED,
    SiteWord.NON_CONFORMANT: BROKEN,
    SiteWord.NOTHING_PROMISED: NOT_PROMISED,
}

OF_READINESS: Final = {
    Readiness.READY: VERIFIED,
    Readiness.WITH_WORKAROUNDS: WAIVED,
    Readiness.NOT_READY: BROKEN,
    Readiness.NOT_DEMONSTRATED: UNVERIFIED,
}

STANCES: Final = {
    Promise.PROMISED: "promised",
    Promise.BEST_EFFORT: "best effort",
    Promise.ON_REQUEST: "on request",
    Promise.PLANNED: "planned",
    Promise.NOT_PROMISED: "not promised",
    Promise.UNDECLARED: "undeclared",
}
# From the strongest word of a site to the weakest.
STRENGTH: Final = tuple(STANCES)


def worst(faces: Iterable[Face]) -> Face:
    """The face that a group of instances shows: that of the worst of them."""
    return min(faces, key=lambda face: face.rank, default=NOT_ASKED)

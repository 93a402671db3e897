"""What the judge is given, and what comes of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from afspec.verdict.words import Level, Outcome, Promise, Proof, Reason

if TYPE_CHECKING:
    from afspec.verdict.words import Verdict


@dataclass(frozen=True)
class Tried:
    """What came of one check on one instance.

    `assertions` and `evidence` count what was claimed and what shows it; `degraded` says that it passed outside its
    tolerance or only when tried again; `fresh` that it is not older than the requirement allows.
    """

    outcome: Outcome
    reason: Reason | None = None
    assertions: int = 0
    evidence: int = 0
    degraded: bool = False
    fresh: bool = True
    proof: Proof = Proof.DEMONSTRATED


@dataclass(frozen=True)
class Case:
    """One instance of a requirement: what was promised, and what came of each of its checks.

    `waived` says that a valid waiver covers it today; `applicable` is false where the question does not arise.
    """

    promise: Promise
    level: Level
    tried: tuple[Tried, ...]
    applicable: bool = True
    waived: bool = False


@dataclass(frozen=True)
class Judgement:
    """What is known of an instance.

    `decides` says whether it counts for the site's word. Flags: `undeclared_found` (it works though nothing, or less,
    was said), `waiver_unneeded` (a waived check passed), `stale` (the proof is too old), `no_evidence` (a pass that
    shows nothing), `configured` (read from the configuration, not tried).
    """

    verdict: Verdict
    decides: bool
    flags: tuple[str, ...] = ()

"""From a promise and what came of trying it to a verdict: pure functions over a table that is checked in.

Nothing here knows what a facility is, reads a file other than its own table, or looks at the clock.
"""

from afspec.verdict.case import Case, Judgement, Tried
from afspec.verdict.judge import judge
from afspec.verdict.readiness import Readiness, readiness
from afspec.verdict.rollup import Counted, count, exit_code, site_word, worst
from afspec.verdict.waivers import Waiver, find
from afspec.verdict.words import Level, Outcome, Promise, Proof, Reason, SiteWord, Verdict

__all__ = [
    "Case",
    "Counted",
    "Judgement",
    "Level",
    "Outcome",
    "Promise",
    "Proof",
    "Readiness",
    "Reason",
    "SiteWord",
    "Tried",
    "Verdict",
    "Waiver",
    "count",
    "exit_code",
    "find",
    "judge",
    "readiness",
    "site_word",
    "worst",
]

"""The words of a report: what was promised, how much it matters, what came of trying, and what that means."""

from __future__ import annotations

from enum import StrEnum


class Promise(StrEnum):
    """What a facility says of a thing; a spec that says nothing of it leaves it undeclared."""

    PROMISED = "promised"
    BEST_EFFORT = "best_effort"
    ON_REQUEST = "on_request"
    PLANNED = "planned"
    NOT_PROMISED = "not_promised"
    UNDECLARED = "undeclared"

    @property
    def offered(self) -> bool:
        """Whether a user may have it today, if only after asking."""
        return self in {Promise.PROMISED, Promise.BEST_EFFORT, Promise.ON_REQUEST}


class Level(StrEnum):
    """How much a requirement matters (the key words of RFC 2119)."""

    MUST = "MUST"
    SHOULD = "SHOULD"
    MAY = "MAY"


class Outcome(StrEnum):
    """What came of one check."""

    PASS = "pass"  # noqa: S105 - no password
    FAIL = "fail"
    UNVERIFIED = "unverified"
    ERROR = "error"
    NOT_RUN = "not_run"


class Reason(StrEnum):
    """Why a check could not tell."""

    UNREACHABLE = "unreachable"
    NO_CREDENTIALS = "no_credentials"
    QUEUE_WAIT_EXCEEDED = "queue_wait_exceeded"
    BLOCKED_BY = "blocked_by"
    BUDGET_EXHAUSTED = "budget_exhausted"
    DOWNTIME = "downtime"
    PREREQUISITE_ABSENT = "prerequisite_absent"


class Proof(StrEnum):
    """How a check that passed knows: it tried, or it read the configuration of what is too long to try."""

    DEMONSTRATED = "demonstrated"
    CONFIGURED = "configured"


class Verdict(StrEnum):
    """What is known of a promise, for one instance of a requirement or for several rolled up."""

    ERROR = "error"
    BROKEN = "broken"
    UNVERIFIED = "unverified"
    DEGRADED = "degraded"
    WAIVED = "waived"
    VERIFIED = "verified"
    NOT_PROMISED = "not_promised"
    NOT_APPLICABLE = "not_applicable"


class SiteWord(StrEnum):
    """The one word of a run over a site, always shown with the counts behind it."""

    CONFORMANT = "conformant"
    WITH_WAIVERS = "conformant with waivers"
    NOT_DEMONSTRATED = "not demonstrated"
    NON_CONFORMANT = "non-conformant"
    NOTHING_PROMISED = "nothing promised"

"""The word of a profile: never better than what its counts show."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from afspec.verdict import Counted, Readiness, readiness

FEW = st.integers(0, 3)
COUNTS = st.builds(
    Counted, verified=FEW, degraded=FEW, broken=FEW, unverified=FEW, waived=FEW, error=FEW, not_counted=FEW
)
# From the worst to the best.
ORDER = [Readiness.NOT_READY, Readiness.NOT_DEMONSTRATED, Readiness.WITH_WORKAROUNDS, Readiness.READY]


def test_the_talks_three_words_and_one_more() -> None:
    assert readiness(Counted(verified=3)) is Readiness.READY
    assert readiness(Counted(verified=3, waived=1)) is Readiness.WITH_WORKAROUNDS
    assert readiness(Counted(verified=3, degraded=1)) is Readiness.WITH_WORKAROUNDS
    assert readiness(Counted(verified=3, waived=1, broken=1)) is Readiness.NOT_READY
    assert readiness(Counted(verified=3, unverified=1)) is Readiness.NOT_DEMONSTRATED
    assert readiness(Counted(verified=3, error=1)) is Readiness.NOT_DEMONSTRATED


def test_of_nothing_nothing_is_shown() -> None:
    assert readiness(Counted()) is Readiness.NOT_DEMONSTRATED
    assert readiness(Counted(not_counted=7)) is Readiness.NOT_DEMONSTRATED


@given(COUNTS)
def test_a_part_shows_less_than_the_whole(counts: Counted) -> None:
    assert ORDER.index(readiness(counts, partial=True)) <= ORDER.index(readiness(counts))
    assert readiness(counts, partial=True) in {Readiness.NOT_READY, Readiness.NOT_DEMONSTRATED}


@given(COUNTS)
def test_ready_is_said_where_all_is_verified_and_nowhere_else(counts: Counted) -> None:
    flaws = counts.degraded + counts.broken + counts.unverified + counts.waived + counts.error
    assert (readiness(counts) is Readiness.READY) == (counts.verified > 0 and not flaws)


@given(COUNTS)
def test_not_ready_is_said_where_something_is_broken_and_nowhere_else(counts: Counted) -> None:
    assert (readiness(counts) is Readiness.NOT_READY) == (counts.broken > 0)

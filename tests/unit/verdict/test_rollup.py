"""From judgements to the word of a site, its counts and an exit code."""

from __future__ import annotations

from dataclasses import asdict
from itertools import combinations, combinations_with_replacement, product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from afspec.verdict import Counted, Judgement, SiteWord, Verdict, count, exit_code, site_word, worst

COUNTED = [
    Verdict.VERIFIED,
    Verdict.DEGRADED,
    Verdict.BROKEN,
    Verdict.UNVERIFIED,
    Verdict.WAIVED,
    Verdict.ERROR,
]
DECIDING = st.builds(
    Judgement,
    st.sampled_from(COUNTED),
    st.just(value=True),
    st.sampled_from([(), ("configured",), ("stale", "configured")]),
)
SHOWN = st.builds(Judgement, st.sampled_from(Verdict), st.just(value=False), st.just(("configured",)))
JUDGEMENTS = st.lists(DECIDING | SHOWN, max_size=8)


def deciding(*words: str) -> list[Judgement]:
    return [Judgement(Verdict(word), decides=True) for word in words]


def shown(*words: str) -> list[Judgement]:
    return [Judgement(Verdict(word), decides=False) for word in words]


def code(judgements: list[Judgement], *, problems: bool = False, partial: bool = False) -> int:
    return exit_code(judgements, problems=problems, partial=partial)


def test_worst_wins() -> None:
    order = ["error", "broken", "unverified", "degraded", "waived", "verified", "not_promised", "not_applicable"]
    for worse, better in combinations([Verdict(word) for word in order], 2):
        assert worst([better, worse, better]) is worse


def test_of_nothing_nothing_is_known() -> None:
    with pytest.raises(ValueError, match="empty"):
        worst([])


@pytest.mark.parametrize(
    ("words", "word", "exits"),
    [
        ("verified", "conformant", 0),
        ("verified waived", "conformant with waivers", 0),
        ("waived", "conformant with waivers", 0),
        ("verified degraded", "not demonstrated", 101),
        ("verified unverified", "not demonstrated", 101),
        ("waived unverified", "not demonstrated", 101),
        ("verified error", "not demonstrated", 102),
        ("verified broken", "non-conformant", 100),
        ("broken unverified waived", "non-conformant", 100),
        ("broken error", "non-conformant", 102),
        ("", "nothing promised", 101),
    ],
)
def test_word_and_exit_code(words: str, word: str, exits: int) -> None:
    judgements = deciding(*words.split())
    assert site_word(judgements) == word
    assert code(judgements) == exits


def test_every_small_site() -> None:
    """All sites of up to three deciding instances, against the rules as the issue has them."""
    for size in range(1, 4):
        for verdicts, problems, partial in product(
            combinations_with_replacement(COUNTED, size), (False, True), (False, True)
        ):
            found = {str(verdict) for verdict in verdicts}
            judgements = deciding(*verdicts)
            exits = 0
            if partial or found & {"unverified", "degraded"}:
                exits = 101
            if "broken" in found:
                exits = 100
            if problems or "error" in found:
                exits = 102
            assert code(judgements, problems=problems, partial=partial) == exits
            conformant = found <= {"verified", "waived"} and not partial
            word = "conformant with waivers" if "waived" in found else "conformant"
            other = "non-conformant" if "broken" in found else "not demonstrated"
            assert site_word(judgements, partial=partial) == (word if conformant else other)


def test_counts() -> None:
    judgements = [
        *deciding("verified", "verified", "degraded", "broken", "unverified", "waived", "error"),
        Judgement(Verdict.VERIFIED, decides=True, flags=("configured",)),
        Judgement(Verdict.DEGRADED, decides=True, flags=("configured",)),
        Judgement(Verdict.VERIFIED, decides=False, flags=("configured",)),
        *shown("not_promised", "not_applicable", "broken"),
    ]
    assert count(judgements) == Counted(
        verified=3, degraded=2, broken=1, unverified=1, waived=1, error=1, configured=1, not_counted=4
    )


@given(JUDGEMENTS)
def test_every_instance_is_in_one_count(judgements: list[Judgement]) -> None:
    counts = asdict(count(judgements))
    assert counts.pop("configured") <= counts["verified"]
    assert sum(counts.values()) == len(judgements)


@given(judgements=JUDGEMENTS, more=st.lists(SHOWN), problems=st.booleans(), partial=st.booleans())
def test_what_does_not_decide_changes_nothing(
    judgements: list[Judgement], more: list[Judgement], *, problems: bool, partial: bool
) -> None:
    both = [*judgements, *more]
    assert site_word(both, partial=partial) == site_word(judgements, partial=partial)
    assert code(both, problems=problems, partial=partial) == code(judgements, problems=problems, partial=partial)
    assert count(both).not_counted == count(judgements).not_counted + len(more)


@given(st.permutations(deciding(*COUNTED, "broken") + shown("broken")), st.integers(0, 7))
def test_order_of_instances_does_not_matter(judgements: list[Judgement], cut: int) -> None:
    some = judgements[cut:]
    ordered = sorted(some, key=lambda judgement: (judgement.decides, judgement.verdict))
    assert site_word(some) == site_word(ordered)
    assert code(some) == code(ordered)
    assert count(some) == count(ordered)


@given(judgements=JUDGEMENTS, partial=st.booleans())
def test_exit_code_0_is_conformant_and_whole(judgements: list[Judgement], *, partial: bool) -> None:
    word = site_word(judgements, partial=partial)
    conformant = word in {SiteWord.CONFORMANT, SiteWord.WITH_WAIVERS}
    assert (code(judgements, partial=partial) == 0) is conformant
    assert not (conformant and partial)
    assert code(judgements, problems=True, partial=partial) == 102


@given(JUDGEMENTS, DECIDING)
def test_worse_instance_never_makes_a_better_site(judgements: list[Judgement], more: Judgement) -> None:
    good = [SiteWord.CONFORMANT, SiteWord.WITH_WAIVERS, SiteWord.NOT_DEMONSTRATED, SiteWord.NON_CONFORMANT]
    codes = [0, 101, 100, 102]
    if site_word(judgements) is not SiteWord.NOTHING_PROMISED:
        both = [*judgements, more]
        assert good.index(site_word(both)) >= good.index(site_word(judgements))
        assert codes.index(code(both)) >= codes.index(code(judgements))

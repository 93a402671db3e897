"""From many judgements to one word, its counts and an exit code."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from afspec.verdict.table import table
from afspec.verdict.words import SiteWord, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from afspec.verdict.case import Judgement

# From the worst to the best; what is not promised or does not apply says nothing of the rest.
WORST_FIRST: Final = (
    Verdict.ERROR,
    Verdict.BROKEN,
    Verdict.UNVERIFIED,
    Verdict.DEGRADED,
    Verdict.WAIVED,
    Verdict.VERIFIED,
    Verdict.NOT_PROMISED,
    Verdict.NOT_APPLICABLE,
)
# What else a run is worth than its verdicts: the kit failed; not everything was shown.
_KIT: Final = Verdict.ERROR
_OPEN: Final = Verdict.UNVERIFIED
# The table knows single checks: degraded and waived are made of its verdicts, and exit as these do.
_EXITS_AS: Final = {Verdict.DEGRADED: Verdict.UNVERIFIED, Verdict.WAIVED: Verdict.VERIFIED}
# The kit's own faults first: a run that failed tells nothing of the site.
_CODES: Final = (102, 100, 101, 0)


@dataclass(frozen=True)
class Counted:
    """How many deciding instances have each verdict; `configured` of the verified were read, not tried."""

    verified: int = 0
    degraded: int = 0
    broken: int = 0
    unverified: int = 0
    waived: int = 0
    error: int = 0
    configured: int = 0
    not_counted: int = 0


def worst(verdicts: Iterable[Verdict]) -> Verdict:
    """The worst of some verdicts, in the order error, broken, unverified, degraded, waived, verified.

    Raises:
        ValueError: there are none; of nothing, nothing is known.
    """
    return min(verdicts, key=WORST_FIRST.index)


def count(judgements: Sequence[Judgement]) -> Counted:
    """How many instances have each verdict; those that decide nothing, and only those, are not counted."""
    tally = Counter(judgement.verdict for judgement in judgements if judgement.decides)
    verified = [judgement for judgement in judgements if judgement.decides and judgement.verdict is Verdict.VERIFIED]
    return Counted(
        verified=tally[Verdict.VERIFIED],
        degraded=tally[Verdict.DEGRADED],
        broken=tally[Verdict.BROKEN],
        unverified=tally[Verdict.UNVERIFIED],
        waived=tally[Verdict.WAIVED],
        error=tally[Verdict.ERROR],
        configured=sum("configured" in judgement.flags for judgement in verified),
        not_counted=len(judgements) - tally.total(),
    )


def site_word(judgements: Iterable[Judgement], *, partial: bool = False) -> SiteWord:
    """The word of a site; what was only asked in part is not demonstrated, however well it went."""
    found = {judgement.verdict for judgement in judgements if judgement.decides}
    if not found:
        return SiteWord.NOTHING_PROMISED
    if Verdict.BROKEN in found:
        return SiteWord.NON_CONFORMANT
    if partial or found & {Verdict.ERROR, Verdict.UNVERIFIED, Verdict.DEGRADED}:
        return SiteWord.NOT_DEMONSTRATED
    return SiteWord.WITH_WAIVERS if Verdict.WAIVED in found else SiteWord.CONFORMANT


def exit_code(judgements: Iterable[Judgement], *, problems: bool, partial: bool) -> int:
    """The exit code of a run: 0, 100 broken, 101 unverified or degraded, 102 the kit's error.

    `problems` says that the kit failed or could not clean up; `partial` that not everything was asked. A run that
    proves nothing, because it is partial or because nothing was promised, exits 101.
    """
    found = {judgement.verdict for judgement in judgements if judgement.decides}
    if problems:
        found.add(_KIT)
    if partial or not found:
        found.add(_OPEN)
    exits = table().exits
    return min((exits[_EXITS_AS.get(verdict, verdict)] for verdict in found), key=_CODES.index)

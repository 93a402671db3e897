"""Two reports of one site side by side: what got better, what worse, what appeared, what vanished."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

from afspec.report.errors import ReportError
from afspec.verdict import SiteWord, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterator

    from afspec.report.model import Report, Result

Kind = Literal["worse", "vanished", "appeared", "better"]
KINDS: Final[tuple[Kind, ...]] = ("worse", "vanished", "appeared", "better")
# From the worst to the best; what is not promised or does not apply is in no order with them.
_ORDER: Final = (
    Verdict.ERROR,
    Verdict.BROKEN,
    Verdict.UNVERIFIED,
    Verdict.DEGRADED,
    Verdict.WAIVED,
    Verdict.VERIFIED,
)
_WORDS: Final = (
    SiteWord.NON_CONFORMANT,
    SiteWord.NOT_DEMONSTRATED,
    SiteWord.NOTHING_PROMISED,
    SiteWord.WITH_WAIVERS,
    SiteWord.CONFORMANT,
)


@dataclass(frozen=True)
class Change:
    """What became of one instance; `before` and `after` are None where a report does not have it to show."""

    kind: Kind
    requirement: str
    item: str
    before: Verdict | None
    after: Verdict | None
    decides: bool

    @property
    def text(self) -> str:
        """In one line."""
        name = f"{self.requirement}[{self.item}]" if self.item else self.requirement
        counted = "" if self.decides else " (not counted)"
        return f"{self.kind:<8} {name}: {self.before or 'not there'} -> {self.after or 'not there'}{counted}"


@dataclass(frozen=True)
class Comparison:
    """Everything that changed, the worst first, and the site's word before and after."""

    before: SiteWord
    after: SiteWord
    changes: tuple[Change, ...]

    @property
    def worse(self) -> bool:
        """Whether the site's word fell, or something that counts for it got worse or is no longer there."""
        lost = any(change.decides and change.kind in {"worse", "vanished"} for change in self.changes)
        return lost or _WORDS.index(self.after) < _WORDS.index(self.before)


def compare(old: Report, new: Report) -> Comparison:
    """What changed from one report to another.

    An instance appears when it is promised, and vanishes when it no longer is, as much as when it comes and goes.

    Raises:
        ReportError: they are not about the same site, or one is about its twin.
    """
    for name in ("site", "environment"):
        if (before := getattr(old, name)) != (after := getattr(new, name)):
            hint = "Only reports of one site, or of its twin, can be compared."
            raise ReportError(f"the old report is of the {name} {before}, the new one of {after}", next_step=hint)
    changes = sorted(_changes(old, new), key=lambda change: (not change.decides, KINDS.index(change.kind)))
    return Comparison(old.summary.word, new.summary.word, tuple(changes))


def _changes(old: Report, new: Report) -> Iterator[Change]:
    before = {(result.requirement, result.item): result for result in old.results}
    after = {(result.requirement, result.item): result for result in new.results}
    for key in dict.fromkeys((*after, *before)):
        was, now = _graded(before.get(key)), _graded(after.get(key))
        if was is now:
            continue
        decides = any(each.decides for each in (before.get(key), after.get(key)) if each)
        yield Change(_kind(was, now), *key, was, now, decides)


def _graded(result: Result | None) -> Verdict | None:
    return result.verdict if result and result.verdict in _ORDER else None


def _kind(was: Verdict | None, now: Verdict | None) -> Kind:
    if was is None or now is None:
        return "vanished" if now is None else "appeared"
    return "better" if _ORDER.index(now) > _ORDER.index(was) else "worse"

"""Facts of a facility: each source with its age, its state and what it covers; and what none covers."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from afspec.facility import Model
from afspec.facility.covering import covering, reaches, unsourced, written
from afspec.facility.sources import FactState, fresh_since

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable, Collection, Iterator

    from afspec.facility import Facility
    from afspec.facility.sources import Source

# Least trusted first: what a person has to look at stands on top.
_TRUST = (
    FactState.CONFLICT,
    FactState.UNVERIFIED,
    FactState.PUBLISHED,
    FactState.RESOLVED,
    FactState.VERIFIED,
)
# What one may ask for: the states, and two that come from a fact's date.
STATES: tuple[str, ...] = (*(state.value for state in _TRUST), "stale", "undated")
# These keys are about the spec itself, and nobody publishes them.
_ABOUT_THE_SPEC = frozenset({"afspec", "name", "label", "declared_by", "extends", "stale_after", "sources", "ignored"})


@dataclass(frozen=True, slots=True)
class Fact:
    """An entry of `sources`; `age` is in days, None where no date is known."""

    pointer: str
    source: Source
    age: int | None
    stale: bool
    covers: tuple[str, ...]

    @property
    def words(self) -> frozenset[str]:
        """Those of STATES that it is in."""
        more = {"stale": self.stale, "undated": self.age is None}
        return frozenset({self.source.state.value, *(word for word, is_so in more.items() if is_so)})


@dataclass(frozen=True, slots=True)
class Ledger:
    """The facts of one facility on one day; `uncovered` leads to what no source speaks of, `unsourced` to promises."""

    facility: Facility
    as_of: dt.date
    facts: tuple[Fact, ...]
    uncovered: tuple[str, ...]
    unsourced: tuple[str, ...]

    @property
    def counts(self) -> dict[str, int]:
        """How many facts are in each of STATES, of those that there are."""
        found = Counter(word for fact in self.facts for word in fact.words)
        return {word: found[word] for word in STATES if found[word]}

    def chosen(self, words: Collection[str], before: dt.date | None, sort: str) -> Ledger:
        """The same with those facts only that are in one of `words` (any, if none is given) and were said before a day.

        A fact without a date is not older than any day.
        """
        found = [
            fact
            for fact in self.facts
            if (not words or fact.words & set(words)) and (before is None or fact.source.said_before(before))
        ]
        return replace(self, facts=tuple(sorted(found, key=SORTS[sort])))


def _by_age(fact: Fact) -> tuple[Any, ...]:
    return (fact.age is None, -(fact.age or 0), fact.pointer)


SORTS: dict[str, Callable[[Fact], tuple[Any, ...]]] = {
    "age": _by_age,
    "state": lambda fact: (_TRUST.index(fact.source.state), *_by_age(fact)),
    "fact": lambda fact: (fact.pointer,),
}


def _holds_models(value: Any) -> bool:
    return isinstance(value, Model) or (isinstance(value, tuple) and any(isinstance(item, Model) for item in value))


def values(value: Any, pointer: str = "") -> Iterator[str]:
    """The pointers of the single values that a spec wrote; a list of words is one value, and so is a map of them."""
    for name, child in written(value):
        if not pointer and name in _ABOUT_THE_SPEC:
            continue
        here = f"{pointer}/{name}"
        if _holds_models(child):
            yield from values(child, here)
        else:
            yield here


def _bare(value: Any, sources: Collection[str], pointer: str = "") -> Iterator[str]:
    """Pointers of what no source covers, the whole of a section where none speaks of any part of it."""
    for name, child in written(value):
        here = f"{pointer}/{name}"
        if (not pointer and name in _ABOUT_THE_SPEC) or any(reaches(source, here) for source in sources):
            continue
        if _holds_models(child) and any(reaches(here, source) for source in sources):
            yield from _bare(child, sources, here)
        elif not (name == "name" and isinstance(value, Model)):  # an item's name is how the spec calls it
            yield here


def ledger(facility: Facility, as_of: dt.date) -> Ledger:
    """The facts of a facility, in the order of the spec, with their ages on a day."""
    oldest = fresh_since(as_of, facility.stale_after)
    covered: dict[str, list[str]] = {pointer: [] for pointer in facility.sources}
    for pointer in values(facility):
        if (nearest := covering(facility, pointer)) is not None:
            covered[nearest].append(pointer)
    facts = []
    for pointer, source in facility.sources.items():
        said = source.confirmed
        age = (as_of - said.latest).days if said else None
        facts.append(Fact(pointer, source, age, source.said_before(oldest), tuple(covered[pointer])))
    uncovered = tuple(_bare(facility, facility.sources))
    return Ledger(facility, as_of, tuple(facts), uncovered, tuple(unsourced(facility)))

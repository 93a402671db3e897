"""A comparison in words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from afspec.agc.compare.bins import Kind, relative
from afspec.agc.compare.sets import WHY_UNSTABLE

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from afspec.agc.compare.bins import Difference
    from afspec.agc.compare.sets import Checked, Comparison

# Lines of a histogram, and histograms, shown in full before the rest is only counted.
_GROUPS: Final = 6
_SHOWN: Final = 12


def told(comparison: Comparison, *, verbose: bool = False) -> Iterator[str]:
    """Lines for people: the worst first, then what moved, then counts and the word."""
    most = len(comparison.checked) if verbose else _SHOWN
    differing, migrated = comparison.differing, comparison.migrated
    for title, histograms in (("differs", differing), ("migration", migrated)):
        for each in histograms[:most]:
            yield f"{title:10} {each.name}"
            yield from _lines(each, verbose=verbose)
        if len(histograms) > most:
            yield f"{'':10} and {len(histograms) - most} more (--verbose shows them)"
    yield from _names("missing", comparison.missing, most)
    yield from _names("additional", comparison.additional, most)
    yield from _names("absent", [f"{name} (pseudodata may be)" for name in comparison.absent], most)
    yield _summary(comparison)


def _summary(comparison: Comparison) -> str:
    skipped = sum(each.skipped and not each.found for each in comparison.checked)
    variances = sum(each.variances and not each.skipped for each in comparison.checked)
    compared = sum(not each.skipped for each in comparison.checked)
    parts = [
        f"{compared} histograms compared, {variances} with variances",
        f"{len(comparison.differing)} differ",
        f"{len(comparison.migrated)} with events in neighbouring bins",
    ]
    if not compared:
        parts.append("that shows nothing")
    if comparison.missing:
        parts.append(f"{len(comparison.missing)} missing")
    if comparison.additional:
        parts.append(f"{len(comparison.additional)} additional")
    if skipped:
        parts.append(f"{skipped} skipped ({WHY_UNSTABLE})")
    return f"{'ALIKE' if comparison.alike else 'DIFFERENT'}: {'; '.join(parts)}"


def _names(title: str, names: Sequence[str], most: int) -> Iterator[str]:
    for name in names[:most]:
        yield f"{title:10} {name}"
    if len(names) > most:
        yield f"{'':10} and {len(names) - most} more"


def _lines(checked: Checked, *, verbose: bool) -> Iterator[str]:
    ordered = sorted(checked.found, key=lambda each: (each.kind is Kind.MIGRATION, -each.size))
    most = len(ordered) if verbose else _GROUPS
    for each in ordered[:most]:
        yield f"{'':10}   {_line(each)}"
    if len(ordered) > most:
        yield f"{'':10}   and {len(ordered) - most} more groups of bins"


def _line(found: Difference) -> str:
    if found.kind is Kind.EDGES:
        return f"edges: {_edges(found)}"
    got, expected = found.got[found.worst], found.expected[found.worst]
    worst = f"got {got:.6g}, expected {expected:.6g} ({_percent(relative(got, expected))})"
    if len(found.got) > 1:
        worst = f"worst bin {worst}; sum {sum(found.got):.6g}, expected {sum(found.expected):.6g}"
    return f"{found.kind.value}, {found.place}: {worst}"


def _edges(found: Difference) -> str:
    if len(found.got) != len(found.expected):
        return f"{len(found.got) - 1} bins, expected {len(found.expected) - 1}"
    pairs = list(zip(found.got, found.expected, strict=True))
    off = max(range(len(pairs)), key=lambda index: abs(relative(*pairs[index])))
    return f"edge {off} is {pairs[off][0]:g} GeV, expected {pairs[off][1]:g} GeV"


def _percent(size: float) -> str:
    if abs(size) == float("inf"):
        return "no ratio"
    return f"{100 * size:+.3g} %"

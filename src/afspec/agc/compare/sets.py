"""Two files of histograms."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from afspec.agc.compare.bins import Kind, Tolerance, differences

if TYPE_CHECKING:
    from collections.abc import Mapping

    from afspec.agc.compare.bins import Difference
    from afspec.agc.histogram import Histogram

# Upstream smears jets with unseeded random numbers: these histograms are others in each of its runs.
UNSTABLE: Final = "pt_res_up"
WHY_UNSTABLE: Final = f"{UNSTABLE}: upstream draws it from unseeded random numbers"
# Made after all others, and not by all who run the analysis.
OPTIONAL: Final = "pseudodata"


@dataclass(frozen=True, slots=True)
class Checked:
    """One histogram that both files have.

    Attributes:
        skipped: only its edges were looked at.
        variances: whether both files tell them.
    """

    name: str
    found: tuple[Difference, ...]
    skipped: bool
    variances: bool

    @property
    def differs(self) -> bool:
        """By more than events in neighbouring bins."""
        return any(each.kind is not Kind.MIGRATION for each in self.found)

    @property
    def migrated(self) -> bool:
        """Events are in neighbouring bins, and that is all."""
        return bool(self.found) and not self.differs

    @property
    def worst(self) -> Difference | None:
        """What is farthest from the reference; what is more than migration first."""
        return max(self.found, key=lambda each: (each.kind is not Kind.MIGRATION, each.size), default=None)


@dataclass(frozen=True, slots=True)
class Comparison:
    """All histograms of two files.

    Attributes:
        checked: those that both have, by name.
        missing: those of the reference that must be there and are not.
        absent: those that need not be there.
        additional: those that the reference does not have.
        complete: whether additional ones count as differences.
    """

    checked: tuple[Checked, ...]
    missing: tuple[str, ...]
    absent: tuple[str, ...]
    additional: tuple[str, ...]
    complete: bool

    @property
    def alike(self) -> bool:
        """Something was compared, nothing is missing, and nothing differs."""
        compared = any(not each.skipped for each in self.checked)
        return compared and not (self.missing or self.differing or (self.complete and self.additional))

    @property
    def differing(self) -> tuple[Checked, ...]:
        """Those that do, the worst first."""
        found = [each for each in self.checked if each.differs]
        return tuple(sorted(found, key=_badness, reverse=True))

    @property
    def migrated(self) -> tuple[Checked, ...]:
        """Those in which events moved to neighbouring bins, and nothing else."""
        return tuple(each for each in self.checked if each.migrated)

    def document(self) -> dict[str, Any]:
        """As JSON has it; numbers that are none are words there."""
        return {
            "alike": self.alike,
            "compared": sum(not each.skipped for each in self.checked),
            "variances_compared": sum(each.variances and not each.skipped for each in self.checked),
            "skipped": {each.name: WHY_UNSTABLE for each in self.checked if each.skipped},
            "missing": list(self.missing),
            "absent": list(self.absent),
            "additional": list(self.additional),
            "differing": {each.name: [_document(one) for one in each.found] for each in self.differing},
            "migrated": {each.name: [_document(one) for one in each.found] for each in self.migrated},
        }


def compare(
    histograms: Mapping[str, Histogram],
    reference: Mapping[str, Histogram],
    tolerance: Tolerance | None = None,
    *,
    unstable: bool | None = None,
) -> Comparison:
    """Hold histograms against a reference.

    Arguments:
        histograms: what is to be judged, by name.
        reference: what it should be.
        tolerance: upstream's where left out.
        unstable: whether contents that upstream draws from unseeded random numbers are compared as well; where left
            out, only if no migration is tolerated: then both files come from implementations that agree on them.
    """
    tolerance = tolerance or Tolerance()
    exact = tolerance.migration is None
    stable_only = not (exact if unstable is None else unstable)
    checked = []
    for name in sorted(reference.keys() & histograms.keys()):
        got, expected = histograms[name], reference[name]
        skipped = stable_only and UNSTABLE in name
        both = got.variances is not None and expected.variances is not None
        checked.append(Checked(name, differences(got, expected, tolerance, contents=not skipped), skipped, both))
    lost = sorted(reference.keys() - histograms.keys())
    optional = [] if exact else [name for name in lost if name.endswith(f"_{OPTIONAL}")]
    return Comparison(
        tuple(checked),
        tuple(name for name in lost if name not in optional),
        tuple(optional),
        tuple(sorted(histograms.keys() - reference.keys())),
        complete=exact,
    )


def _badness(checked: Checked) -> tuple[bool, float, str]:
    worst = checked.worst
    size = worst.size if worst else 0.0
    return worst is not None and worst.kind is Kind.EDGES, size, checked.name


def _document(difference: Difference) -> dict[str, Any]:
    return {
        "kind": difference.kind.value,
        "bins": [difference.first, difference.last],
        "range_gev": [_number(difference.low), _number(difference.high)],
        "got": [_number(value) for value in difference.got],
        "expected": [_number(value) for value in difference.expected],
        "relative": _number(difference.size),
    }


def _number(value: float) -> float | str:
    return value if math.isfinite(value) else str(value)

"""Rates of the AGC in several reports, side by side: compared only where all that they depend on agrees."""

from __future__ import annotations

import json
import statistics
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from afspec.report.errors import ReportError
from afspec.report.plain import parse

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from afspec.report.bundle import Bundle

# The requirement whose evidence has a sample `rate` and a note `context`.
REQUIREMENT: Final = "AF-AGC-002"
# Of a digest, to be told by.
_DIGITS: Final = 8


@dataclass(frozen=True)
class Measured:
    """The rounds of one cluster, in events a second and core; `context` is what they depend on."""

    name: str
    rounds: tuple[float, ...]
    context: Mapping[str, Any]

    @property
    def median(self) -> float:
        """Of the rounds."""
        return statistics.median(self.rounds)


def measured(bundle: Bundle) -> list[Measured]:
    """The rates in a bundle, the last attempt of each cluster.

    Raises:
        ReportError: evidence that the report names cannot be read.
    """
    report = bundle.report
    site = f"twin of {report.site}" if report.environment == "twin" else report.site
    found = []
    for result in report.results:
        refs = [ref for check in result.checks for attempt in check.attempts[-1:] for ref in attempt.evidence]
        if result.requirement == REQUIREMENT:
            found += [_measured(f"{site} {result.item}", bundle, ref.file) for ref in refs]
    return [each for each in found if each is not None]


def _measured(name: str, bundle: Bundle, file: str) -> Measured | None:
    data = parse(bundle.content(file), file)
    try:
        context = json.loads(data["notes"]["context"])
        rounds = tuple(float(value) for value in data["samples"]["rate"]["values"])
    except KeyError:
        # Nothing was measured: the check says why.
        return None
    except (TypeError, ValueError) as error:
        raise ReportError(f"is no evidence of a rate: {error}", file) from error
    if not isinstance(context, dict) or not rounds:
        raise ReportError("is no evidence of a rate: it has no context, or no rounds", file)
    return Measured(name, rounds, context)


def differing(one: Measured, other: Measured) -> list[str]:
    """What does not agree, of all that two rates depend on; they are comparable where nothing is named."""
    names = sorted(one.context.keys() | other.context.keys())
    return [name for name in names if one.context.get(name, "?") != other.context.get(name, "??")]


def lines(found: Sequence[Measured]) -> Iterator[str]:
    """The rates, each with what it depends on, and which of them may be compared."""
    for each in found:
        low, high = min(each.rounds) / 1000, max(each.rounds) / 1000
        count = len(each.rounds)
        yield f"{each.name}: {each.median / 1000:.3g} kHz a core (median of {count}, {low:.3g} to {high:.3g})"
        yield f"    {', '.join(f'{name} {_short(value)}' for name, value in sorted(each.context.items()))}"
    for number, one in enumerate(found):
        for other in found[number + 1 :]:
            if differ := differing(one, other):
                yield f"{one.name} and {other.name} are not comparable: {', '.join(differ)} differ"
            else:
                yield f"{one.name} and {other.name} are comparable: {one.median / other.median:.2f} to 1"


def _short(value: object) -> str:
    text = str(value)
    return text[:_DIGITS] if len(text) == 64 else text  # noqa: PLR2004 - SHA-256 in hexadecimal digits

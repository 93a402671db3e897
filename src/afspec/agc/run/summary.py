"""A run in words and tables, for a physicist who must decide whether to trust it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from afspec.agc.run.progress import duration, hertz

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from afspec.agc.run.result import FailureResult, Result, SampleResult
    from afspec.agc.run.studies import Role

_RED: Final = "\033[31m"
_BOLD: Final = "\033[1m"
_PLAIN: Final = "\033[0m"
_SHOWN: Final = 10
_NOMINAL: Final = "nominal"
_TOP: Final = "4j2b_ttbar"
_TITLES: Final = {"ttbar": "CMS open data ttbar", "hzz": "ATLAS open data H -> ZZ* -> 4 leptons"}


@dataclass(frozen=True, slots=True)
class Style:
    """Whether words may be coloured."""

    colour: bool = False

    def red(self, text: str) -> str:
        """Something is wrong."""
        return f"{_RED}{text}{_PLAIN}" if self.colour else text

    def bold(self, text: str) -> str:
        """A heading."""
        return f"{_BOLD}{text}{_PLAIN}" if self.colour else text


def summary(result: Result, *, colour: bool = False) -> str:
    """Samples, selection, yields, rates, and what was not done."""
    style = Style(colour)
    parts = [
        _head(result, style),
        _samples(result, style),
        _flow(result, style),
        _yields(result, style),
        _peak(result),
        _speed(result, style),
        _trouble(result, style),
    ]
    return "\n\n".join(part for part in parts if part)


def _head(result: Result, style: Style) -> str:
    kind = result.analysis.partition("-")[0]
    options = ", ".join(f"{name} {_said(value)}" for name, value in result.options.items())
    events = sum(sample.listed for sample in result.samples)
    done = f"{result.events:,} events" if result.complete else style.red(f"{result.events:,} of {events:,} events")
    return (
        f"{style.bold(_TITLES.get(kind, kind))} ({options}): {done} in {result.input.files} files, "
        f"normalised to {result.luminosity:g}/pb"
    )


def _said(value: object) -> str:
    return {True: "on", False: "off"}.get(value, str(value)) if isinstance(value, bool) else str(value)


def _samples(result: Result, style: Style) -> str:
    rows = [["Sample", "files", "events", "sigma [pb]", "weight"]]
    for sample in result.samples:
        events = f"{sample.events:,}"
        if sample.events != sample.listed:
            events += f" of {sample.listed:,}"
        weight = f"{sample.weight:.6g}" if sample.events else "-"
        sigma = f"{sample.cross_section:,.5g}" if sample.role != "data" else "-"
        rows.append([_name(sample), str(sample.files), events, sigma, weight])
    return _table(rows, style)


def _flow(result: Result, style: Style) -> str:
    """Simulated events that pass each step, and the part of all of them that is left."""
    steps = list(dict.fromkeys(step for sample in result.samples for step in sample.flow))
    if not steps:
        return ""
    rows = [
        [_name(sample), *(_counted(sample.flow.get(step, 0), sample.events) for step in steps)]
        for sample in result.samples
    ]
    return _table([["Simulated events", *steps], *rows], style)


def _counted(count: int, total: int) -> str:
    return f"{count:,}" if count == total else f"{count:,} ({100 * count / total:.2g} %)"


def _yields(result: Result, style: Style) -> str:
    """Expected events, with the uncertainty that the number of simulated ones leaves."""
    if not result.regions:
        return ""
    rows = [["Expected events", *result.regions]]
    for sample in result.samples:
        shown = [sample.yields.get(region) for region in result.regions]
        cells = [_plus_minus(each.expected, each.uncertainty) if each and sample.events else "-" for each in shown]
        rows.append([_name(sample), *cells])
    rows += _totals(result)
    return _table(rows, style)


def _totals(result: Result) -> list[list[str]]:
    """All that is expected, signal in it, and what there is of data or of pseudodata."""
    total, share, data, ratio = ["all expected"], ["S / B"], ["data"], ["data / expected"]
    for region in result.regions:
        signal, background, seen = (_sum(result, role, region) for role in ("signal", "background", "data"))
        expected = signal[0] + background[0]
        total.append(_plus_minus(expected, float(np.hypot(signal[1], background[1]))))
        share.append(f"{signal[0] / background[0]:.3g}" if background[0] > 0 else "-")
        pseudo = result.histograms.get(f"{region}_pseudodata")
        if pseudo is not None and pseudo.variances is not None:
            data[0], ratio[0] = "pseudodata", "pseudodata / expected"
            seen = (float(pseudo.contents.sum()), float(np.sqrt(pseudo.variances.sum())))
        data.append(_plus_minus(*seen) if seen[0] else "-")
        ratio.append(f"{seen[0] / expected:.3f}" if expected and seen[0] else "-")
    # Data that are a sample have a row of their own already.
    rows = (total, share, *((data,) if data[0] == "pseudodata" else ()), ratio)
    return [row for row in rows if any(cell != "-" for cell in row[1:])]


def _sum(result: Result, role: Role, region: str) -> tuple[float, float]:
    """Expected events of a role's samples, and their uncertainty."""
    yields = [sample.yields[region] for sample in result.samples if sample.role == role and region in sample.yields]
    return sum(each.expected for each in yields), float(np.sqrt(sum(each.uncertainty**2 for each in yields)))


def _plus_minus(value: float, error: float) -> str:
    """To two digits of the uncertainty."""
    if not np.isfinite(error) or not np.isfinite(value):
        return f"{value:g} +- {error:g}"
    # Rounded before its digits are counted: 9.96 is 10.
    digits = max(0, 1 - int(np.floor(np.log10(float(f"{error:.1e}"))))) if error > 0 else 0
    return f"{value:,.{digits}f} +- {error:,.{digits}f}"


def _peak(result: Result) -> str:
    """Where the reconstructed top quark is: the first thing that goes wrong with jets shows there."""
    histogram = result.histograms.get(_TOP)
    if histogram is None or not histogram.contents[1:-1].any():
        return ""
    place = int(np.argmax(histogram.contents[1:-1]))
    low, high = histogram.edges[place : place + 2]
    return f"m(bjj) of ttbar in 4j2b is most often between {low:g} and {high:g} GeV (a top quark has 172.5)"


def _speed(result: Result, style: Style) -> str:
    times, rates = result.times, result.rates
    fresh = result.events - result.resumed
    lines = []
    if fresh:
        workers = result.executor.get("workers")
        kind = result.executor.get("kind")
        with_ = "1 thread" if kind == "inline" else f"{workers} {'threads' if kind == 'threads' else 'Dask workers'}"
        each = f", {hertz(rates.per_worker)} each" if isinstance(workers, int) and workers > 1 else ""
        cpu = f", {hertz(rates.per_cpu_second)} by CPU time" if rates.per_cpu_second else ""
        rate = style.bold(hertz(rates.events))
        lines.append(f"Rate: {rate} over {duration(times.loop)} with {with_}{each}{cpu}")
    busy = times.open + times.read + times.decompress + times.kernel
    if busy:
        parts = ("open", "read", "decompress", "kernel")
        shown = ", ".join(f"{part} {100 * getattr(times, part) / busy:.0f} %" for part in parts)
        lines.append(f"Time of the workers: {shown}; {_bytes(result)}")
    apart = f"Apart from that: start-up {times.startup:.2f} s"
    if times.first:
        apart += f", compiled code {times.jit:.2f} s; first chunk done {times.first:.2f} s after the start"
    lines.append(apart)
    if result.resumed:
        lines.append(f"Taken over from an interrupted run: {result.resumed:,} events")
    return "\n".join(lines)


def _bytes(result: Result) -> str:
    read = result.bytes
    if not read["compressed"]:
        return "no basket was read by afspec's own reader"
    factor = read["uncompressed"] / read["compressed"]
    return f"{read['compressed'] / 1e6:,.1f} MB read, {factor:.2f} times that decompressed"


def _trouble(result: Result, style: Style) -> str:
    lines = [f"Note: {note}" for note in result.notes]
    if result.fallbacks:
        lines.append("Read by uproot, which is slower:")
        lines += _some(_reasons(result.fallbacks), "reasons: result.json has them all")
    if result.failures:
        missing = sum(sample.listed - sample.events for sample in result.samples)
        lines.append(
            style.red(
                f"NOT COMPLETE: {missing:,} events are missing; weights are over {result.normalised_by}."
                if missing
                else "NOT COMPLETE: files changed while they were read."
            )
        )
        lines += _some(_failures(result.failures), "failures: result.json has them all")
    return "\n".join(lines)


def _failures(failures: Sequence[FailureResult]) -> list[str]:
    """What went wrong, once for all parts of a file that it went wrong with."""
    groups: dict[tuple[str, str, str], list[FailureResult]] = {}
    for each in failures:
        groups.setdefault((each.process, each.variation, each.error), []).append(each)
    told = []
    for (process, variation, error), group in groups.items():
        ranges = ", ".join(f"{each.start:,} to {_end(each.stop)}" for each in group[:3])
        tries = max(each.tries for each in group)
        often = f", tried {tries} times" if tries > 1 else ""
        told.append(f"  {process} {variation}, entries {ranges}{_more(len(group) - 3)}{often}: {error}")
    return told


def _reasons(fallbacks: Mapping[str, str]) -> list[str]:
    """Each reason once, with some of its branches."""
    branches: dict[str, list[str]] = {}
    for branch, why in fallbacks.items():
        branches.setdefault(why, []).append(branch)
    return [f"  {', '.join(named[:3])}{_more(len(named) - 3)}: {why}" for why, named in branches.items()]


def _more(count: int) -> str:
    return f" and {count} more" if count > 0 else ""


def _end(stop: int | None) -> str:
    return "the end" if stop is None else f"{stop:,}"


def _some(lines: list[str], what: str) -> list[str]:
    if len(lines) <= _SHOWN:
        return lines
    return [*lines[:_SHOWN], f"  ... and {len(lines) - _SHOWN} more {what}"]


def _name(sample: SampleResult) -> str:
    return sample.process if sample.variation == _NOMINAL else f"{sample.process} {sample.variation}"


def _table(rows: Sequence[Sequence[str]], style: Style) -> str:
    """The first column to the left, numbers to the right."""
    widths = [max(len(row[place]) for row in rows) for place in range(len(rows[0]))]
    lines = [
        "  ".join(
            cell.ljust(width) if place == 0 else cell.rjust(width)
            for place, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]
    return "\n".join([style.bold(lines[0]), *lines[1:]])

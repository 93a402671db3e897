"""What was measured, in words: tables for people."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from afspec.agc.errors import AgcError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from afspec.agc.bench.report import Figures, Report


def told(report: Report) -> Iterator[str]:
    """Lines of a report."""
    machine = report.machine
    yield f"{report.analysis}, one thread, medians of {report.repeats} turns"
    yield f"{machine['cpu']}, {machine['usable_cores']} cores, Python {machine['python']}"
    yield ""
    yield _row("", "kHz", "(range)", "floor", "of floor", "threads", "ns an event")
    for figures in report.figures:
        yield _case(figures)
    yield ""
    yield "ns an event, of CPU time: open + read + decompress + kernel + other"
    yield f"memory, one core: {report.bandwidth / 1e9:.1f} GB/s"
    if report.start is not None:
        start = report.start
        yield (
            f"start-up: imports {start.warm.imports:.2f} s, compilation {start.jit:.2f} s once; "
            f"first events after {start.warm.first:.2f} s ({start.cold.first:.2f} s uncompiled)"
        )
        yield f"memory, largest: {start.warm.memory / 1e6:.0f} MB"
    for figures in report.figures:
        for branch, why in figures.fallbacks.items():
            yield f"{figures.case}: {branch} was read by uproot: {why}"


def _case(figures: Figures) -> str:
    floor = "-" if figures.floor is None else f"{figures.floor / 1e3:.0f}"
    share = "-" if figures.of_floor is None else f"{figures.of_floor:.0%}"
    gain = "-" if figures.speed_up is None else f"{figures.threads}: {figures.speed_up:.2f}x"
    parts = " + ".join(f"{each:.0f}" for each in figures.parts.values())
    spread = f"{figures.slowest / 1e3:.0f}-{figures.fastest / 1e3:.0f}"
    return _row(figures.case, f"{figures.rate / 1e3:.0f}", spread, floor, share, gain, parts)


def _row(*cells: str) -> str:
    widths = (18, 7, 12, 7, 9, 9)
    first = cells[0].ljust(widths[0])
    rest = "".join(cell.rjust(width) for cell, width in zip(cells[1:-1], widths[1:], strict=True))
    return f"{first}{rest}   {cells[-1]}".rstrip()


def ratios(new: Mapping[str, Any], old: Mapping[str, Any]) -> Iterator[str]:
    """Lines that hold a document against an older one: new over old.

    Raises:
        AgcError: they have nothing in common, or the older one is no such document.
    """
    if old.get("format") != new["format"]:
        raise AgcError(f"the older figures are {old.get('format')!r}, not {new['format']!r}", "Measure them again")
    if old["analysis"] != new["analysis"]:
        raise AgcError(f"the older figures are of {old['analysis']}, these of {new['analysis']}")
    shared = [name for name in new["cases"] if name in old["cases"]]
    if not shared:
        raise AgcError(f"the older figures have {', '.join(old['cases'])}, these {', '.join(new['cases'])}")
    for part in ("cpu", "usable_cores", "python", "versions"):
        if old["machine"].get(part) != new["machine"].get(part):
            yield f"another {part}: {old['machine'].get(part)} then, {new['machine'].get(part)} now"
    yield f"{'new / old':<28}{'old':>12}{'new':>12}{'ratio':>8}"
    for name in shared:
        yield from _ratios(name, new["cases"][name], old["cases"][name])
    yield _ratio("memory bandwidth, GB/s", new["memory_bandwidth"] / 1e9, old["memory_bandwidth"] / 1e9)
    then, now = old["start_up"], new["start_up"]
    if then and now:
        yield _ratio("compilation, s", now["jit"], then["jit"])
        yield _ratio("first events, s", now["warm"]["first"], then["warm"]["first"])
        yield _ratio("largest memory, MB", now["warm"]["memory"] / 1e6, then["warm"]["memory"] / 1e6)


def _ratios(name: str, new: Mapping[str, Any], old: Mapping[str, Any]) -> Iterator[str]:
    if old["events"] != new["events"]:
        yield f"{name}: {old['events']:,} events then, {new['events']:,} now"
    yield _ratio(f"{name}, kHz", new["rate"] / 1e3, old["rate"] / 1e3)
    for key, unit in (("of_floor", "of floor"), ("speed_up", f"{new['threads']} threads")):
        if old[key] and new[key]:
            yield _ratio(f"{name}, {unit}", new[key], old[key])


def _ratio(name: str, new: float, old: float) -> str:
    ratio = f"{new / old:.2f}" if old else "-"
    return f"{name:<28}{old:>12.4g}{new:>12.4g}{ratio:>8}"

"""Quantities as people write them, one unit each inside: bytes, seconds, hertz, dates.

Units: GB is 10^9 bytes, GiB is 2^30, and a bare G is 2^30, as Slurm (slurm.conf: RealMemory, sbatch: --mem) and
HTCondor (condor_submit: request_memory) read it. Slurm's time forms are those of sbatch's --time.
"""

from __future__ import annotations

import calendar
import datetime as dt
import re
from decimal import Decimal
from fractions import Fraction
from typing import Annotated, Any, NamedTuple

from pydantic import BeforeValidator, PlainSerializer, PlainValidator, WithJsonSchema
from pydantic_core import PydanticCustomError

_DECIMAL = {"": 1, "k": 1000, "M": 1000**2, "G": 1000**3, "T": 1000**4, "P": 1000**5}
_BINARY = {"": 1, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30, "T": 1 << 40, "P": 1 << 50}
_BYTES = re.compile(r"\s*([0-9]{1,15}(?:\.[0-9]{1,9})?)\s*([kKMGTP]?)(iB|B|b|)\s*\Z")
_SECONDS = {"s": 1, "min": 60, "h": 3600, "d": 86400, "day": 86400, "days": 86400, "week": 604800, "weeks": 604800}
_TERM = re.compile(r"\s*([0-9]{1,9}(?:\.[0-9]{1,6})?)\s*(s|min|h|days?|d|weeks?)(?![a-z])")
_CLOCK = re.compile(r"\s*(?:([0-9]{1,5})-)?([0-9]{1,5}):([0-5][0-9]):([0-5][0-9])\s*\Z")
_RATE = re.compile(r"\s*([0-9]{1,9}(?:\.[0-9]{1,9})?)\s*(k|M|G|)Hz\s*\Z")
_DATE = re.compile(r"([0-9]{4})(?:-([0-9]{2})(?:-([0-9]{2}))?)?\Z")
_PORTS = re.compile(r"([0-9]{1,5})[:-]([0-9]{1,5})\Z")
MAX_BYTES = 10**21
_TOO_LONG = 10**15
MAX_SECONDS = 100 * 365 * 86400
MAX_PORT = 65535


def wrong(kind: str, value: Any, expected: str) -> PydanticCustomError:
    """The error of a value that is not in the form needed; the diagnostic shows `expected`."""
    shown = str(value)
    shown = shown if len(shown) <= 60 else shown[:57] + "..."  # noqa: PLR2004 - a line's worth
    return PydanticCustomError(
        "afspec_form", "`{shown}` is not {kind}", {"kind": kind, "shown": shown, "expected": expected}
    )


def parse_bytes(value: Any) -> int:
    """Bytes of "480 GB", "2.5G" or "720 GiB".

    Raises:
        PydanticCustomError: no unit, an unknown one, or not a whole number of bytes.
    """
    expected = "Write a size with its unit: 480 GB (10^9), 480 GiB or 480G (2^30)."
    found = _BYTES.match(value) if isinstance(value, str) else None
    if found is None:
        raise wrong("a size", value, expected)
    number, prefix, suffix = found.groups()
    if suffix == "b":
        raise wrong("a size: `b` is a bit", value, expected)
    if suffix == "B" and prefix != "K":
        factor = _DECIMAL[prefix]
    elif prefix and suffix != "B":
        factor = _BINARY[prefix.upper()]
    else:
        raise wrong("a size", value, expected)
    size = Fraction(number) * factor
    if size.denominator != 1 or not 0 < size <= MAX_BYTES:
        raise wrong("a whole number of bytes above zero", value, expected)
    return int(size)


def format_bytes(size: int) -> str:
    """The shortest exact way to write a size in bytes: "480 GB", "720 GiB", "1536 MiB"."""
    exact = [
        (f"{size // factor} {prefix}{unit}", size // factor)
        for table, unit in ((_DECIMAL, "B"), (_BINARY, "iB"))
        for prefix, factor in table.items()
        if prefix and size % factor == 0
    ]
    shortest = min(exact, key=lambda pair: pair[1], default=(f"{size} B", size))
    if shortest[1] >= _TOO_LONG:  # more digits than are read: a fraction of the largest unit that holds it exactly
        return f"{size // 10**6}.{size % 10**6:06} MB"
    return shortest[0] if shortest[1] < size else f"{size} B"


def mebibytes(size: int) -> int:
    """Whole MiB in `size` bytes, rounded down: never ask for more memory than a node has."""
    return size >> 20


def parse_duration(value: Any) -> int:
    """Seconds of "4 h", "1 d 12 h", "10-00:00:00" or "96:00:00".

    Raises:
        PydanticCustomError: no unit, an unknown one, or "96:00", which Slurm reads as minutes and VOMS as hours.
    """
    expected = "Write a time with its unit: 4 h, 30 min, 7 d; or as Slurm does, 10-00:00:00."
    if not isinstance(value, str):
        raise wrong("a time", value, expected)
    if clock := _CLOCK.match(value):
        days, hours, minutes, seconds = (int(part or 0) for part in clock.groups())
        total = Fraction(((days * 24 + hours) * 60 + minutes) * 60 + seconds)
    else:
        terms = _TERM.findall(value)
        if not terms or _TERM.sub("", value).strip():
            raise wrong("a time", value, expected)
        total = sum((Fraction(number) * _SECONDS[unit] for number, unit in terms), Fraction(0))
    if total.denominator != 1 or not 0 < total <= MAX_SECONDS:
        raise wrong("a whole number of seconds above zero, and at most a century", value, expected)
    return int(total)


def format_duration(seconds: int) -> str:
    """A time as people write it: "10 d", "4 h", "1 d 12 h", "90 s"."""
    parts = []
    rest = seconds
    for unit, factor in (("d", 86400), ("h", 3600), ("min", 60), ("s", 1)):
        count, rest = divmod(rest, factor)
        if count:
            parts.append(f"{count} {unit}")
    return " ".join(parts) or "0 s"


def slurm_time(seconds: int) -> str:
    """A time in sbatch's form days-hours:minutes:seconds."""
    minutes, second = divmod(seconds, 60)
    hours, minute = divmod(minutes, 60)
    day, hour = divmod(hours, 24)
    return f"{day}-{hour:02}:{minute:02}:{second:02}"


def parse_rate(value: Any) -> float:
    """Events a second, of "50 kHz".

    Raises:
        PydanticCustomError: not a number followed by Hz, kHz, MHz or GHz.
    """
    found = _RATE.match(value) if isinstance(value, str) else None
    if found is None or not float(found[1]):
        raise wrong("a rate", value, "Write a rate with its unit: 50 kHz is 50,000 events a second.")
    return float(Fraction(found[1]) * _DECIMAL[found[2]])


def format_rate(rate: float) -> str:
    """The shortest exact way to write events a second: "50 kHz", "1.5 MHz"."""
    exact = Decimal(repr(rate))
    numbers = ((f"{exact / _DECIMAL[prefix]:f}", prefix) for prefix in ("", "k", "M", "G"))
    written = [
        f"{number.rstrip('0').rstrip('.') if '.' in number else number} {prefix}Hz" for number, prefix in numbers
    ]
    # Not every number of digits is read.
    return min((text for text in written if _RATE.match(text)), key=lambda text: len(text.split()[0]))


class PartialDate(NamedTuple):
    """A date of which the day, or the month too, may be unknown (0)."""

    year: int
    month: int = 0
    day: int = 0

    def __str__(self) -> str:
        return "-".join(
            text
            for text, known in (
                (f"{self.year:04}", True),
                (f"{self.month:02}", self.month),
                (f"{self.day:02}", self.day),
            )
            if known
        )

    @property
    def latest(self) -> dt.date:
        """The last day that it may mean: a fact is not called stale before it must be."""
        month = self.month or 12
        return dt.date(self.year, month, self.day or calendar.monthrange(self.year, month)[1])


def parse_date(value: Any) -> PartialDate:
    """A date of "2026-03-14", "2026-03" or 2026.

    Raises:
        PydanticCustomError: not such a date, or one that no calendar has.
    """
    found = _DATE.match(str(value)) if isinstance(value, (str, int)) and not isinstance(value, bool) else None
    expected = "Write a date as 2026-03-14, 2026-03 or 2026."
    if found is None:
        raise wrong("a date", value, expected)
    year, month, day = (int(part or 0) for part in found.groups())
    date = PartialDate(year, month, day)
    try:
        if (found[2] and not month) or (found[3] and not day):
            raise wrong("a date", value, expected)
        _ = date.latest
    except (ValueError, calendar.IllegalMonthError) as error:
        raise wrong("a date", value, expected) from error
    return date


class PortRange(NamedTuple):
    """TCP ports from `low` to `high`, both included."""

    low: int
    high: int

    def __str__(self) -> str:
        return f"{self.low}:{self.high}"

    def overlaps(self, other: PortRange) -> bool:
        """Whether any port is in both."""
        return self.low <= other.high and other.low <= self.high


def parse_ports(value: Any) -> PortRange:
    """A range of "40000:41000" or "40000-41000".

    Raises:
        PydanticCustomError: not two ports between 1 and 65535 in order.
    """
    found = _PORTS.match(value) if isinstance(value, str) else None
    if found is None or not 0 < int(found[1]) <= int(found[2]) <= MAX_PORT:
        raise wrong("a range of ports", value, "Write two ports between 1 and 65535, the lower first: 40000:41000.")
    return PortRange(int(found[1]), int(found[2]))


def _schema(title: str, pattern: str, examples: list[str]) -> WithJsonSchema:
    return WithJsonSchema({"type": "string", "title": title, "pattern": pattern, "examples": examples})


Bytes = Annotated[
    int,
    BeforeValidator(parse_bytes),
    _schema("Size", r"^\s*[0-9]+(\.[0-9]+)?\s*([kMGTP]?B|[kKMGTP](iB)?)\s*$", ["480 GB", "2.5G", "720 GiB"]),
]
Duration = Annotated[
    int,
    BeforeValidator(parse_duration),
    _schema(
        "Time",
        r"^\s*(([0-9]+-)?[0-9]+:[0-5][0-9]:[0-5][0-9]|([0-9.]+\s*(s|min|h|d|days?|weeks?)\s*)+)\s*$",
        ["4 h", "10-00:00:00", "30 d"],
    ),
]
Rate = Annotated[float, BeforeValidator(parse_rate), _schema("Rate", r"^\s*[0-9.]+\s*[kMG]?Hz\s*$", ["50 kHz"])]
Date = Annotated[
    PartialDate,
    PlainValidator(parse_date),
    PlainSerializer(str),
    WithJsonSchema(
        {
            "type": ["string", "integer"],
            "title": "Date",
            "pattern": r"^[0-9]{4}(-[0-9]{2}(-[0-9]{2})?)?$",
            "examples": ["2026-03", "2023-05-04"],
        }
    ),
]
Ports = Annotated[
    PortRange,
    PlainValidator(parse_ports),
    PlainSerializer(str),
    _schema("Port range", r"^[0-9]{1,5}[:-][0-9]{1,5}$", ["40000:41000"]),
]

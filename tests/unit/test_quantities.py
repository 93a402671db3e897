"""Sizes, times, rates, dates and ports: as people write them, and back."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic_core import PydanticCustomError

from afspec.facility.quantities import (
    PartialDate,
    PortRange,
    format_bytes,
    format_duration,
    mebibytes,
    parse_bytes,
    parse_date,
    parse_duration,
    parse_ports,
    parse_rate,
    slurm_time,
)

if TYPE_CHECKING:
    from collections.abc import Callable

DAY = 86400


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("480 GB", 480 * 10**9),
        ("480GB", 480 * 10**9),
        ("480 GiB", 480 << 30),
        ("480G", 480 << 30),
        ("2.5G", 5 << 29),
        ("2.5 GB", 25 * 10**8),
        ("1 B", 1),
        ("1 kB", 1000),
        ("1 KiB", 1024),
        ("1 kiB", 1024),
        ("1 k", 1024),
        ("1 K", 1024),
        ("1 MB", 10**6),
        ("1 MiB", 1 << 20),
        ("1 TB", 10**12),
        ("1 TiB", 1 << 40),
        ("1 PB", 10**15),
        ("1P", 1 << 50),
        ("  1  MB  ", 10**6),
        ("0.5 kB", 500),
    ],
)
def test_sizes(text: str, size: int) -> None:
    assert parse_bytes(text) == size


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("4 h", 4 * 3600),
        ("4h", 4 * 3600),
        ("90 s", 90),
        ("30 min", 1800),
        ("1.5 h", 5400),
        ("10-00:00:00", 10 * DAY),
        ("96:00:00", 96 * 3600),
        ("0:00:30", 30),
        ("1 d 12 h", 36 * 3600),
        ("1 d12 h", 36 * 3600),
        ("1 day", DAY),
        ("2 days", 2 * DAY),
        ("1 week", 7 * DAY),
        ("2 weeks", 14 * DAY),
    ],
)
def test_times(text: str, seconds: int) -> None:
    assert parse_duration(text) == seconds


@pytest.mark.parametrize(
    ("text", "rate"), [("50 kHz", 50_000.0), ("50kHz", 50_000.0), ("1 Hz", 1.0), ("0.1 MHz", 1e5), ("2 GHz", 2e9)]
)
def test_rates(text: str, rate: float) -> None:
    assert parse_rate(text) == rate


@pytest.mark.parametrize(
    ("value", "date", "latest"),
    [
        ("2026-03-14", PartialDate(2026, 3, 14), dt.date(2026, 3, 14)),
        ("2026-03", PartialDate(2026, 3), dt.date(2026, 3, 31)),
        ("2024-02", PartialDate(2024, 2), dt.date(2024, 2, 29)),
        ("2026", PartialDate(2026), dt.date(2026, 12, 31)),
        (2026, PartialDate(2026), dt.date(2026, 12, 31)),
    ],
)
def test_dates(value: str | int, date: PartialDate, latest: dt.date) -> None:
    assert parse_date(value) == date
    assert date.latest == latest
    assert str(date) == str(value)


@pytest.mark.parametrize("text", ["40000:41000", "40000-41000", "1:65535", "80:80"])
def test_ports(text: str) -> None:
    low, high = parse_ports(text)
    assert str(PortRange(low, high)) == text.replace("-", ":")


@pytest.mark.parametrize(
    ("one", "other", "overlap"),
    [((1, 5), (5, 9), True), ((1, 5), (6, 9), False), ((6, 9), (1, 5), False), ((1, 9), (3, 4), True)],
)
def test_ports_overlap(one: tuple[int, int], other: tuple[int, int], *, overlap: bool) -> None:
    assert PortRange(*one).overlaps(PortRange(*other)) is overlap


UNLIKE: list[Any] = [None, True, 5, 0, 5.5, [], {}, "", " ", "x", "\n", "é", "5 furlongs", "-5", "1e3", "0x10"]


@pytest.mark.parametrize(
    ("parse", "advice", "value"),
    [
        *((parse_bytes, "480 GB", v) for v in UNLIKE),
        *((parse_bytes, "480 GB", v) for v in ["480", "5 b", "5 Gb", "5 KB", "5 iB", "5 EB", "0 GB", "-1 GB"]),
        *((parse_bytes, "480 GB", v) for v in ["0.0001 kB", "1.5 B", "1e3 GB", "999999999999999 PB"]),
        *((parse_duration, "4 h", v) for v in UNLIKE),
        *((parse_duration, "4 h", v) for v in ["4", "96:00", "1:60:00", "1:00:60", "10-00:00", "0 s", "0:00:00"]),
        *((parse_duration, "4 h", v) for v in ["-4 h", "4 H", "4 h,", "4 months", "4 hx", "0.1 s", "5215 weeks"]),
        *((parse_rate, "50 kHz", v) for v in UNLIKE),
        *((parse_rate, "50 kHz", v) for v in ["50", "50 khz", "0 Hz", "0.0 kHz", "-1 Hz", "50 k"]),
        *((parse_date, "2026-03-14", v) for v in UNLIKE),
        *((parse_date, "2026-03-14", v) for v in ["2026-13", "2026-02-30", "2026-00", "2026-01-00", "0000", "2026-3"]),
        *((parse_date, "2026-03-14", v) for v in ["14.3.2026", "2026/03", "2026-03-14T00:00", 20263, "٢٠٢٦"]),
        *((parse_ports, "40000:41000", v) for v in UNLIKE),
        *((parse_ports, "40000:41000", v) for v in ["80", "0:5", "5:4", "1:65536", "1:2:3", "a:b", "1 : 2", ":5"]),
    ],
)  # fmt: skip
def test_what_is_refused_with_advice(parse: Callable[[Any], object], advice: str, value: Any) -> None:
    with pytest.raises(PydanticCustomError) as caught:
        parse(value)
    assert caught.value.type == "afspec_form"
    assert advice in (caught.value.context or {})["expected"]


@pytest.mark.parametrize(
    ("size", "text"),
    [(480 * 10**9, "480 GB"), (720 << 30, "720 GiB"), (1536 << 20, "1536 MiB"), (1500, "1500 B"), (0, "0 B")],
)  # fmt: skip
def test_size_as_people_write_it(size: int, text: str) -> None:
    assert format_bytes(size) == text


UNITS = st.sampled_from([10**3, 10**6, 10**9, 10**12, 1 << 10, 1 << 20, 1 << 30, 1 << 40])


@given(st.integers(1, 10**8), UNITS)
def test_size_comes_back(count: int, unit: int) -> None:
    assert parse_bytes(format_bytes(count * unit)) == count * unit


@given(st.integers(1, 10**14))
def test_any_size_comes_back(size: int) -> None:
    assert parse_bytes(format_bytes(size)) == size


@given(st.integers(1, 10**15))
def test_memory_is_never_rounded_up(size: int) -> None:
    assert mebibytes(size) << 20 <= size < (mebibytes(size) + 1) << 20


@given(st.integers(1, 100 * 365 * DAY))
def test_time_comes_back(seconds: int) -> None:
    assert parse_duration(format_duration(seconds)) == seconds
    assert parse_duration(slurm_time(seconds)) == seconds


@given(st.dates(dt.date(1, 1, 1)))
def test_date_comes_back(date: dt.date) -> None:
    assert parse_date(date.isoformat()).latest == date
    assert str(parse_date(date.isoformat())) == date.isoformat()


@given(st.text(alphabet="0123456789.-: \nkMGTPiBshdmin", max_size=20))
def test_any_text_is_a_quantity_or_an_error(text: str) -> None:
    for parse in (parse_bytes, parse_duration, parse_rate, parse_date, parse_ports):
        try:
            assert parse(text)
        except PydanticCustomError as error:
            assert error.type == "afspec_form"  # noqa: PT017 - either is right

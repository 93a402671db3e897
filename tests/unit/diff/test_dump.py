"""A facility as plain data, and back: nothing is lost, nothing is added, no default is written."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support import facility

from afspec.compiler import Frontend, render_site
from afspec.facility import Facility
from afspec.facility.common import Model
from afspec.facility.dump import STATE_FILE, dump, dump_facility
from afspec.facility.kinds import Kind, kinds_of, write
from afspec.facility.quantities import (
    MAX_BYTES,
    MAX_SECONDS,
    PartialDate,
    PortRange,
    format_rate,
    parse_bytes,
    parse_date,
    parse_duration,
    parse_ports,
    parse_rate,
)

ROOT = Path(__file__).parents[3] / "specs"
SPECS = sorted(
    str(path.relative_to(ROOT)) for folder in ("sites", "sites/2023", "twin") for path in (ROOT / folder).glob("*.yaml")
)


def written(value: object) -> object:
    """Which fields were set, all the way down."""
    if isinstance(value, Model):
        return {name: written(getattr(value, name)) for name in value.model_fields_set}
    if isinstance(value, tuple):
        return [written(item) for item in value]
    return {key: written(item) for key, item in value.items()} if isinstance(value, dict) else None


@pytest.mark.parametrize("name", SPECS)
def test_reading_it_back_gives_the_same_facility(name: str) -> None:
    checked = Frontend(dt.date(2026, 11, 23)).check(str(ROOT / name))
    (artifact,) = render_site(checked, ("facility",))["facility"]
    data = json.loads(artifact.text)
    assert "merged spec" in data.pop("//")
    again = Facility.model_validate(data)
    same = checked.facility.model_copy(update={"extends": ()})
    same.model_fields_set.discard("extends")
    assert again == same
    assert written(again) == written(same)
    assert "extends" not in data
    assert artifact.path == STATE_FILE


def test_defaults_are_not_written_and_order_is_the_languages() -> None:
    spec = "logins: [{opens: [ssh], method: dex, name: a}]\naccess: {ssh: {hosts: [{host: h, name: h}]}}\n"
    data = dump_facility(facility(spec))
    assert data["logins"] == [{"name": "a", "method": "dex", "opens": ["ssh"]}]
    assert data["access"] == {"ssh": {"hosts": [{"name": "h", "host": "h"}]}}
    assert list(data)[-2:] == ["access", "logins"]


def test_quantities_have_their_units() -> None:
    spec = "batch: [{name: s, scheduler: slurm, max_walltime: 96:00:00, default_memory: 2G}]\nagc: {rate: 50 kHz}\n"
    data = dump_facility(facility(spec))
    assert data["batch"][0]["max_walltime"] == "4 d"
    assert data["batch"][0]["default_memory"] == "2 GiB"
    assert data["agc"] == {"rate": "50 kHz"}


def test_secrets_are_references() -> None:
    spec = "services: {triton: {read_key: {env: TRITON_KEY}}}\n"
    assert dump_facility(facility(spec))["services"] == {"triton": {"read_key": {"env": "TRITON_KEY"}}}


@given(st.integers(1, MAX_BYTES))
def test_sizes_survive(size: int) -> None:
    assert parse_bytes(write(size, Kind.SIZE)) == size


@given(st.integers(1, MAX_SECONDS))
def test_times_survive(seconds: int) -> None:
    assert parse_duration(write(seconds, Kind.TIME)) == seconds


@given(st.integers(1, 10**9), st.integers(0, 10**9 - 1), st.sampled_from(["Hz", "kHz", "MHz", "GHz"]))
def test_rates_survive(whole: int, part: int, unit: str) -> None:
    rate = parse_rate(f"{whole - 1 or 1}.{part:09} {unit}")
    assert parse_rate(format_rate(rate)) == rate


@pytest.mark.parametrize(
    ("rate", "text"), [(50_000.0, "50 kHz"), (1500.0, "1.5 kHz"), (0.25, "0.25 Hz"), (1e9, "1 GHz")]
)
def test_rates_are_short(rate: float, text: str) -> None:
    assert format_rate(rate) == text


@given(st.integers(1, 9999), st.integers(0, 12))
def test_dates_survive(year: int, month: int) -> None:
    date = PartialDate(year, month)
    assert parse_date(write(date, Kind.DATE)) == date


def test_ports_survive() -> None:
    ports = PortRange(40000, 41000)
    assert parse_ports(dump(ports, Kind.PORTS)) == ports


def test_kinds_are_told_from_annotations() -> None:
    found = {kind for model in _all_models() for kind in kinds_of(model).values()}
    assert found == set(Kind)


def _all_models() -> list[type[Model]]:
    models, left = [], [Model]
    while left:
        model = left.pop()
        models.append(model)
        left += model.__subclasses__()
    return [model for model in models if model.model_fields]

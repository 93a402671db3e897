"""Other values for a field: always valid, never the same, and of every kind."""

from __future__ import annotations

from typing import Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError
from support import FILE

from afspec.diagnostics import Span
from afspec.explain.alternatives import alternatives, field_of
from afspec.facility import Stance, words
from afspec.facility.quantities import Bytes, Date, Duration, Ports, Rate, format_duration
from afspec.source import Scalar
from afspec.source.plain import scalar_value

HERE = Span(FILE, 1, 1, 1, 2)
KINDS: dict[str, tuple[Any, list[str]]] = {
    "flag": (words.Flag, ["true", "false"]),
    "count": (words.Count, ["1", "7", "131"]),
    "whole": (words.Whole, ["0", "5"]),
    "port": (words.Port, ["22", "65535"]),
    "version": (words.Version, ["1.30", "23.9.6", "8"]),
    "bytes": (Bytes, ["480 GB", "2.5G", "1 MiB"]),
    "duration": (Duration, ["10-00:00:00", "4 h", "1 d 12 h"]),
    "date": (Date, ["2026", "2026-03", "2023-05-04"]),
    "rate": (Rate, ["50 kHz"]),
    "ports": (Ports, ["40000:41000"]),
    "name": (words.Name, ["roma", "2080ti", "a"]),
    "word": (words.Word, ["atlas:usatlas"]),
    "host": (words.Host, ["login.af.uchicago.edu", "x"]),
    "hosts": (words.Hosts, ["attsub[01-08]", "iana"]),
    "url": (words.Url, ["https://af.uchicago.edu", "https://k8s.slac.stanford.edu/<name>"]),
    "reference": (words.Reference, ["hub.opensciencegrid.org/iris-hep/analysis-systems-base:2022-12-15"]),
    "path": (words.Path, ["/", "/lscratch"]),
    "user path": (words.UserPath, ["/sdf/home/<u>/<user>"]),
    "door": (words.Door, ["root://xcache.example.org:1094"]),
    "variable": (words.EnvironmentName, ["KRB5CCNAME"]),
    "address": (words.Address, ["help@example.org"]),
    "text": (words.Text, ["A note.", "1"]),
    "choice": (Literal["any", "unpacked", "allow_list"], ["any"]),
    "stance": (Stance | None, ["promised"]),
    "union": (words.Flag | words.Whole | words.Text, ["true", "4", "short"]),
}


def node(text: str, annotation: Any) -> Scalar | None:
    """A scalar as a spec would write it, without quotes where that is valid."""
    for plain in (True, False):
        made = Scalar(text, plain, HERE)
        try:
            field_of(annotation).value(made)
        except ValidationError:
            continue
        return made
    return None


def check(scalar: Scalar, annotation: Any) -> list[Scalar]:
    """The alternatives of a scalar, each seen to be valid and to mean something of its own."""
    adapter: TypeAdapter[Any] = TypeAdapter(annotation)
    found = alternatives(scalar, annotation)
    values = [adapter.validate_python(scalar_value(each)) for each in (scalar, *found)]
    assert len({(type(value), value) for value in values}) == len(values)
    return found


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_has_some(kind: str) -> None:
    annotation, texts = KINDS[kind]
    for text in texts:
        scalar = node(text, annotation)
        assert scalar is not None, text
        assert check(scalar, annotation), text


@given(st.builds(lambda number, unit: f"{number} {unit}", st.integers(1, 9999), st.sampled_from(["MB", "GiB", "TB"])))
def test_sizes(text: str) -> None:
    found = [field_of(Bytes).value(each) for each in check(Scalar(text, plain=True, span=HERE), Bytes)]
    size = field_of(Bytes).value(Scalar(text, plain=True, span=HERE))
    # On both sides of any limit, but for what is at an end already.
    assert max(found) > size or size > 10**17
    assert min(found) < size or size < 10**7


@given(st.integers(1, 10**9).map(format_duration))
def test_durations(text: str) -> None:
    assert check(Scalar(text, plain=True, span=HERE), Duration)


@given(st.from_regex(words.NAME, fullmatch=True))
def test_names(text: str) -> None:
    assert check(Scalar(text, plain=False, span=HERE), words.Name)


@given(st.text(max_size=80))
def test_prose(text: str) -> None:
    scalar = Scalar(text, plain=False, span=HERE)
    try:
        field_of(words.Text).value(scalar)
    except ValidationError:
        return
    assert check(scalar, words.Text)


@pytest.mark.parametrize("stance", Stance)
def test_all_words_of_a_choice(stance: Stance) -> None:
    found = alternatives(Scalar(stance.value, plain=True, span=HERE), Stance | None)
    assert {each.text for each in found} == {other.value for other in Stance} - {stance.value}


def test_tag_of_one_word_has_none() -> None:
    assert alternatives(Scalar("1", plain=True, span=HERE), Literal[1]) == []


def test_peers_are_tried() -> None:
    peer = Scalar("ampere", plain=True, span=HERE)
    assert peer in alternatives(Scalar("roma", plain=True, span=HERE), words.Name, [peer])


def test_plainest_change_comes_first() -> None:
    assert alternatives(Scalar("10 d", plain=True, span=HERE), Duration)[0].text == "20 d"
    assert alternatives(Scalar("roma", plain=True, span=HERE), words.Name)[0].text == "romb"

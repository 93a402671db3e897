"""The facts of a spec: their ages, their states, what they cover, and how they are shown."""

from __future__ import annotations

import csv
import datetime as dt
import io
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support import facility

from afspec.facility.covering import covering, unsourced
from afspec.facts import FORMATS, SORTS, STATES, AgeError, Ledger, ledger, oldest_day, render_facts
from afspec.facts.age import format_age
from afspec.facts.render import Paper

DAY = dt.date(2026, 11, 23)
HEAD = "afspec: 1\nname: toy\ntitle: A | toy\ndeclared_by: public_documents\n"
BODY = """
batch:
  - name: pool
    scheduler: slurm
    stance: promised
    max_walltime: 72 h
    partitions: [{name: a, stance: promised, cores: 4}, {name: b, stance: promised}]
storage: {areas: [{name: home, stance: promised, path: /home}]}
jupyter: [{name: hub, kind: hub_vm, stance: promised}]
sources:
  /batch/pool: {doc: batch.md, as_of: 2024-02}
  /batch/pool/max_walltime: {doc: "a|b.md", as_of: 2026-10, conflict: {value: 48 h, doc: portal, as_of: 2023}}
  /batch/pool/partitions/a/cores:
    doc: c.md
    as_of: 2022
    conflict: {value: 8, doc: d.md}
    resolved: {by: The operators, as_of: 2026-09-01, how: Counted.}
  /storage/areas/home/path: {doc: =1+1, state: unverified}
"""


def made() -> Ledger:
    return ledger(facility(BODY, HEAD), DAY)


def test_age_counts_from_the_last_day_that_a_date_may_mean() -> None:
    ages = {fact.pointer: fact.age for fact in made().facts}
    assert ages["/batch/pool"] == (DAY - dt.date(2024, 2, 29)).days
    assert ages["/storage/areas/home/path"] is None
    # Who settled it said it anew.
    assert ages["/batch/pool/partitions/a/cores"] == (DAY - dt.date(2026, 9, 1)).days


def test_each_value_has_one_source_the_nearest() -> None:
    covers = {fact.pointer: fact.covers for fact in made().facts}
    assert covers["/batch/pool/max_walltime"] == ("/batch/pool/max_walltime",)
    assert "/batch/pool/partitions/b/stance" in covers["/batch/pool"]
    assert "/batch/pool/partitions/a/cores" not in covers["/batch/pool"]
    every = [pointer for pointers in covers.values() for pointer in pointers]
    assert len(every) == len(set(every))


def test_what_no_source_covers() -> None:
    found = made()
    # The home's stance is not what its source speaks of; the whole of jupyter is bare.
    assert found.uncovered == ("/title", "/jupyter", "/storage/areas/home/stance")
    assert found.unsourced == ("/jupyter/hub",)


def test_a_name_that_begins_alike_is_not_covered() -> None:
    toy = facility("sources: {/title: {doc: d}}\n", HEAD)
    assert covering(toy, "/title") == "/title"
    assert covering(toy, "/titles") is None
    assert list(unsourced(toy)) == []


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ((), 4),
        (("stale",), 1),
        (("conflict", "resolved"), 2),
        (("undated",), 1),
        (("verified",), 0),
    ],
)
def test_choosing_by_state(words: tuple[str, ...], expected: int) -> None:
    assert len(made().chosen(words, None, "age").facts) == expected


def test_choosing_by_age_leaves_out_what_has_no_date() -> None:
    older = made().chosen((), oldest_day(DAY, "12mo"), "age")
    assert [fact.pointer for fact in older.facts] == ["/batch/pool"]


@pytest.mark.parametrize(
    ("sort", "first", "last"),
    [
        ("age", "/batch/pool", "/storage/areas/home/path"),
        ("state", "/batch/pool/max_walltime", "/batch/pool/partitions/a/cores"),
        ("fact", "/batch/pool", "/storage/areas/home/path"),
    ],
)
def test_sorting(sort: str, first: str, last: str) -> None:
    facts = made().chosen((), None, sort).facts
    assert (facts[0].pointer, facts[-1].pointer) == (first, last)


def test_counts_know_every_state() -> None:
    assert made().counts == {
        "conflict": 1, "unverified": 1, "published": 1, "resolved": 1, "stale": 1, "undated": 1,
    }  # fmt: skip
    assert set(made().counts) <= set(STATES)


@pytest.mark.parametrize(
    ("age", "day"),
    [
        ("12mo", dt.date(2025, 11, 23)),
        ("1y", dt.date(2025, 11, 23)),
        ("90d", dt.date(2026, 8, 25)),
        ("2 w", dt.date(2026, 11, 9)),
        ("0d", DAY),
    ],
)
def test_oldest_day(age: str, day: dt.date) -> None:
    assert oldest_day(DAY, age) == day


def test_the_last_day_of_a_shorter_month() -> None:
    assert oldest_day(dt.date(2026, 3, 31), "1mo") == dt.date(2026, 2, 28)


@pytest.mark.parametrize("age", ["", "12", "12 months", "-1d", "1.5y", "9999y", "mo"])
def test_what_is_no_age(age: str) -> None:
    with pytest.raises(AgeError):
        oldest_day(DAY, age)


@given(st.dates(dt.date(1000, 1, 1)), st.integers(0, 1000))
def test_months_are_whole(day: dt.date, months: int) -> None:
    before = oldest_day(day, f"{months}mo")
    assert (day.year - before.year) * 12 + day.month - before.month == months
    assert before.day <= day.day


@pytest.mark.parametrize(
    ("days", "text"),
    [
        (None, "-"),
        (-3, "0 d"),
        (0, "0 d"),
        (59, "59 d"),
        (61, "2 mo"),
        (358, "11 mo"),
        (366, "1 y"),
        (1272, "3 y 5 mo"),
    ],
)
def test_ages_as_people_say_them(days: int | None, text: str) -> None:
    assert format_age(days) == text


def shown(form: str, paper: Paper | None = None) -> str:
    whole = made()
    return render_facts([(whole.chosen((), None, "age"), whole)], form, paper)


def test_text_says_who_settled_what_and_what_is_missing() -> None:
    text = shown("text")
    assert "settled 2026-09-01 by The operators: Counted. (ruled out: `8`, said by d.md)" in text
    assert "but portal (2023) says `48 h`" in text
    assert "2 y 8 mo!" in text
    assert "1 promise without a source" in text
    assert "covered by no source: /title /jupyter" in text
    assert "\x1b" not in text


@pytest.mark.parametrize("width", [60, 80, 120])
def test_text_keeps_to_the_paper(width: int) -> None:
    for line in shown("text", Paper(width)).splitlines():
        assert len(line) <= width or " " not in line.strip() or line.lstrip()[0] in "0123456789-", line
    assert "batch.md" in shown("text", Paper(width))


def test_colours_are_where_they_are_wanted() -> None:
    assert "\x1b[31mconflict" in shown("text", Paper(0, colour=True))


def test_markdown_rows_have_equal_cells() -> None:
    rows = [line for line in shown("markdown").splitlines() if line.startswith("|")]
    assert len(rows) == 6
    assert {line.replace("\\|", "").count("|") for line in rows} == {6}
    assert shown("markdown").startswith("## A \\| toy\n")


def test_json_holds_all_of_it() -> None:
    [site] = json.loads(shown("json"))
    facts: dict[str, Any] = {fact["fact"]: fact for fact in site["facts"]}
    settled = facts["/batch/pool/partitions/a/cores"]
    assert (settled["state"], settled["as_of"], settled["resolved"]["by"]) == ("resolved", "2022", "The operators")
    assert settled["conflict"] == {"value": 8, "doc": "d.md", "as_of": None}
    assert site["promises_without_a_source"] == ["/jupyter/hub"]


def test_csv_has_a_row_a_fact() -> None:
    rows = list(csv.DictReader(io.StringIO(shown("csv"))))
    assert [row["fact"] for row in rows] == [fact.pointer for fact in made().chosen((), None, "age").facts]
    assert {row["resolved_by"] for row in rows} == {"", "The operators"}


def test_a_site_that_declares_itself_needs_no_document() -> None:
    whole = ledger(facility(), DAY)
    text = render_facts([(whole, whole)], "text")
    assert "0 facts; declared by the site itself" in text
    assert "covered by no source" not in text


def test_formats_and_sorts_are_those_of_the_command() -> None:
    from afspec.cli.facts import facts as command  # noqa: PLC0415 - the command is told apart from the room

    offered = {option.name: option.type for option in command.params}
    assert tuple(offered["form"].choices) == FORMATS  # type: ignore[attr-defined]
    assert tuple(offered["sort"].choices) == tuple(SORTS)  # type: ignore[attr-defined]

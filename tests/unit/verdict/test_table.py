"""The checked-in table says what the issue says, row by row, and a table with a hole or a contradiction is refused."""

from __future__ import annotations

from importlib.resources import files
from itertools import product

import pytest

from afspec.verdict import Level, Outcome, Promise
from afspec.verdict.table import TableError, parse, table

TEXT = files("afspec.verdict").joinpath("table.csv").read_text()
LINES = TEXT.splitlines()

# Written down again, not computed from the table: what an offered promise is worth by what came of it.
OFFERED = {"pass": "verified", "fail": "broken", "unverified": "unverified", "not_run": "unverified", "error": "error"}
EXITS = {"pass": 0, "fail": 100, "unverified": 101, "not_run": 101, "error": 102}
EVERY = list(product(Promise, Level, Outcome))


@pytest.mark.parametrize(("promise", "level", "outcome"), EVERY, ids="-".join)
def test_row(promise: Promise, level: Level, outcome: Outcome) -> None:
    row = table().row(promise, level, outcome)
    offered = promise in {"promised", "best_effort", "on_request"}
    deciding = promise == "promised" and level == "MUST"
    assert row.verdict == (OFFERED[outcome] if offered else "not_promised")
    assert row.decides is deciding
    assert table().decides(promise, level) is deciding
    assert row.exit_code == (EXITS[outcome] if deciding else 0)


def test_there_is_nothing_else_in_it() -> None:
    assert len(LINES) == 1 + 6 * 3 * 5
    assert len(table().rows) == len(EVERY) == 90


def test_reader_finds_it_in_the_order_of_its_words() -> None:
    assert [tuple(line.split(",")[:3]) for line in LINES[1:]] == EVERY


def refusal(text: str) -> str:
    with pytest.raises(TableError) as caught:
        parse(text)
    return str(caught.value)


@pytest.mark.parametrize("number", range(1, len(LINES)))
def test_hole_is_refused(number: int) -> None:
    key = " ".join(LINES[number].split(",")[:3])
    assert refusal("\n".join([*LINES[:number], *LINES[number + 1 :]])) == f"table.csv: {key} is missing"


def test_every_hole_is_named() -> None:
    assert refusal(LINES[0]).count("is missing") == 90


def test_row_that_stands_twice_is_refused_even_if_it_says_the_same() -> None:
    assert refusal(f"{TEXT}{LINES[1]}\n") == "table.csv:92: promised MUST pass is there twice"


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("promised,MUST,pass,verified,yes,0", "promised,MUST,pass,verified,yes", "5 cells; wanted: 6"),
        ("promised,MUST,pass,verified,yes,0", "promised,MUST,pass,verified,maybe,0", "decides is 'maybe'"),
        ("promised,MUST,pass,verified,yes,0", "promised,MUST,pass,verified,yes,1", "exit is '1'"),
        ("promised,MUST,pass,verified,yes,0", "promised,MUST,skip,verified,yes,0", "'skip' is not a valid Outcome"),
        ("promised,MUST,pass,verified,yes,0", "promised,must,pass,verified,yes,0", "'must' is not a valid Level"),
        ("promised,MUST,pass,verified,yes,0", "promised,MUST,pass,passed,yes,0", "'passed' is not a valid Verdict"),
        ("promise,level,outcome", "promise,outcome,level", "wanted: promise, level, outcome, verdict, decides, exit"),
    ],
)
def test_line_that_cannot_be_read_is_refused(old: str, new: str, message: str) -> None:
    found = refusal(TEXT.replace(old, new, 1))
    assert message in found
    assert found.startswith(("table.csv:1: ", "table.csv:2: "))


def test_table_without_a_word_is_refused() -> None:
    assert "the columns are missing" in refusal("")


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("promised,MUST,error,error,yes,102", "promised,MUST,error,error,no,0", "by its outcome"),
        ("planned,MUST,pass,not_promised,no,0", "planned,MUST,pass,not_promised,yes,0", "nothing is offered"),
        ("planned,MUST,pass,not_promised,no,0", "planned,MUST,pass,verified,no,0", "is for what is not offered"),
        ("promised,MUST,fail,broken,yes,100", "promised,MUST,fail,not_promised,yes,100", "is for what is not offered"),
        ("promised,MUST,not_run,unverified,yes,101", "promised,MUST,not_run,verified,yes,0", "only a pass can be"),
        ("best_effort,MUST,fail,broken,no,0", "best_effort,MUST,fail,broken,no,100", "decides nothing, but exits 100"),
        ("promised,MUST,not_run,unverified,yes,101", "promised,MUST,not_run,unverified,yes,100", "elsewhere it exits"),
        ("promised,MUST,fail,broken,yes,100", "promised,MUST,fail,broken,yes,0", "only what is verified exits 0"),
        ("promised,MUST,pass,verified,yes,0", "promised,MUST,pass,verified,yes,101", "only what is verified exits 0"),
        ("promised,MUST,error,error,yes,102", "promised,MUST,error,broken,yes,100", "nothing that decides is error"),
    ],
)
def test_contradiction_is_refused(old: str, new: str, message: str) -> None:
    assert f"\n{old}\n" in TEXT
    assert message in refusal(TEXT.replace(f"\n{old}\n", f"\n{new}\n"))

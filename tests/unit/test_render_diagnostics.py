"""How diagnostics are printed: the caret under the right columns, and nothing that could drive a terminal."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support import TEXT

import afspec
from afspec.catalogue import describe, in_markdown, markdown, meanings
from afspec.diagnostics import (
    CODES,
    Diagnostic,
    Meaning,
    Severity,
    Span,
    nearest,
    render_github,
    render_json,
    render_text,
)
from afspec.rules import RULES

SOURCE = Path(afspec.__file__).parent


def diagnostic(
    line: int = 1, column: int = 1, end: int = 0, *, message: str = "wrong", hint: str = "", file: str = "f"
) -> Diagnostic:
    span = Span(file, line, column, line, end or column + 1)
    return Diagnostic("AF2001", Severity.ERROR, message, span=span, hint=hint)


def marked(text: str, found: Diagnostic) -> str:
    """What stands above the carets."""
    *_, shown, carets = render_text(found, {"f": text.splitlines()}).splitlines()
    assert shown.partition("|")[0].strip() == str(found.span and found.span.line)
    assert carets.partition("|")[0].isspace()
    first = carets.index("^")
    # Tabs stand above tabs, so that the caret lines up whatever a terminal makes of them.
    assert [c == "\t" for c in shown[:first]] == [c == "\t" for c in carets[:first]]
    return shown[first : carets.rindex("^") + 1]


@pytest.mark.parametrize(
    ("text", "line", "column", "end", "seen"),
    [
        ("name: toy\n", 1, 7, 10, "toy"),
        ("a: 1\nname: toy\n", 2, 1, 5, "name"),
        ("é: [ü, ß]\n", 1, 8, 9, "ß"),
        ("a:\t\ttoy\n", 1, 5, 8, "toy"),
        ("x" * 300 + "toy" + "y" * 300, 1, 301, 304, "toy"),
        ("toy" + "y" * 300, 1, 1, 4, "toy"),
        ("y" * 300 + "toy", 1, 301, 304, "toy"),
        ("\t" * 200 + "toy", 1, 201, 204, "toy"),
        ("a: toy\n", 1, 4, 999, "toy"),
        ("a: \x07toy\n", 1, 5, 8, "toy"),
        ("a: \u200btoy\n", 1, 5, 8, "toy"),
    ],
)
def test_caret(text: str, line: int, column: int, end: int, seen: str) -> None:
    assert marked(text, diagnostic(line, column, end)) == seen


def test_caret_of_several_lines_ends_with_the_first() -> None:
    found = Diagnostic("AF2001", Severity.ERROR, "wrong", span=Span("f", 1, 4, 3, 2))
    assert marked("a: [b,\n  c,\n]\n", found) == "[b,"


def test_caret_behind_the_last_column() -> None:
    assert render_text(diagnostic(1, 5, 6), {"f": ["a: ["]}).splitlines()[-1].endswith("|     ^")


def test_whole_text() -> None:
    found = diagnostic(12, 4, 7, message="unknown key `toy`", hint="Did you mean `joy`?", file="f")
    lines = ["x"] * 11 + ["a: toy"]
    assert render_text(found, {"f": lines}) == (
        "error[AF2001]: unknown key `toy`\n  --> f:12:4\n   |\n12 | a: toy\n   |    ^^^\n   = Did you mean `joy`?"
    )


@pytest.mark.parametrize("line", [0, 2, 99])
def test_line_that_is_not_there_is_not_shown(line: int) -> None:
    assert "|" not in render_text(diagnostic(line), {"f": ["a"]})
    assert "|" not in render_text(diagnostic(line), {})


def test_place_without_a_position() -> None:
    found = Diagnostic("AF4008", Severity.WARNING, "no", place="build/toy")
    assert render_text(found, {}) == "warning[AF4008]: no\n  --> build/toy"


NASTY = "\x1b[31m\x07\u202e\ud800é\r\n\x9b"


@pytest.mark.parametrize("colour", [True, False])
def test_colour_only_when_asked(colour: bool) -> None:  # noqa: FBT001
    out = render_text(diagnostic(message=NASTY, hint=NASTY, file=NASTY), {NASTY: [NASTY]}, colour=colour)
    assert ("\x1b" in out) is colour
    without = re.sub(r"\x1b\[[0-9;]*m", "", out) if colour else out
    assert all(c.isprintable() or c in "\n\t" for c in without)
    assert r"\x1b[31m" in without


@given(TEXT, TEXT, st.text(max_size=30), st.integers(0, 40), st.integers(0, 300))
def test_no_text_drives_the_terminal(message: str, hint: str, line: str, column: int, end: int) -> None:
    found = diagnostic(1, max(1, column), end, message=message, hint=hint, file=message)
    shown = render_text(found, {message: line.splitlines()}) + render_github(found)
    assert all(c.isprintable() or c in "\n\t" for c in shown)
    assert "\n" not in render_github(found)


def test_json_holds_everything() -> None:
    one = diagnostic(3, 4, 9, message=NASTY, hint="h")
    two = Diagnostic("AF4008", Severity.WARNING, "m", place="p", pointer="/a", ignored="why")
    rows = json.loads(render_json([one, two]))
    assert rows[0]["span"] == {"file": "f", "line": 3, "column": 4, "end_line": 3, "end_column": 9}
    assert (rows[0]["message"], rows[0]["hint"], rows[0]["place"]) == (NASTY, "h", "f:3:4")
    assert rows[0]["ignored"] is None
    assert rows[1] == {
        "code": "AF4008", "severity": "warning", "message": "m", "hint": "",
        "pointer": "/a", "place": "p", "span": None, "ignored": "why",
    }  # fmt: skip
    assert render_json([one, two]).isascii()


def test_github_command() -> None:
    found = diagnostic(3, 4, 9, message="50% of\nall, and: more", hint="Do it.", file="a,b:c%.yaml")
    assert render_github(found) == (
        "::error title=AF2001,file=a%2Cb%3Ac%25.yaml,line=3,col=4,endLine=3,endColumn=9"
        "::50%25 of%0Aall, and: more. Do it"
    )


@pytest.mark.parametrize(
    ("word", "candidates", "found"),
    [
        ("lable", ["label", "title"], "label"),
        ("Coffea-Casa", ["coffea_casa", "triton"], "coffea_casa"),
        ("xyzzy", ["label", "title"], None),
        ("label", [], None),
        ("x" * 10_000, ["label"], None),
    ],
)
def test_nearest(word: str, candidates: list[str], found: str | None) -> None:
    assert nearest(word, candidates) == found


def mentioned() -> set[str]:
    """Every code that the sources mention outside their own list."""
    files = [path for path in SOURCE.rglob("*.py") if path.name != "codes.py"]
    return {code for path in files for code in re.findall(r"AF\d{4}", path.read_text())}


def test_every_code_is_documented() -> None:
    assert mentioned() <= set(CODES) | {rule.code for rule in RULES}


def test_every_documented_code_is_used() -> None:
    assert set(CODES) <= mentioned()


@pytest.mark.parametrize("meaning", meanings(), ids=lambda meaning: meaning.code)
def test_code_says_what_it_means_and_what_to_do(meaning: Meaning) -> None:
    assert re.fullmatch(r"AF\d{4}", meaning.code)
    assert meaning.title
    assert not meaning.title.endswith(".")
    assert meaning.advice.endswith(".")


def test_sentence_as_markdown() -> None:
    assert in_markdown("a <b> | `c <d>` <e>") == "a &lt;b> \\| `c <d>` &lt;e>"


def test_table_leads_to_the_pages_of_rules() -> None:
    rows = markdown(meanings(), "rules/{}.md").splitlines()
    linked = [row for row in rows if "](rules/" in row]
    assert [row.partition("]")[0].removeprefix("| [") for row in linked] == [rule.code for rule in RULES]
    assert "| [AF3103](rules/AF3103.md) | error |" in linked[[rule.code for rule in RULES].index("AF3103")]


def test_code_that_is_explained() -> None:
    error, warning, last = (describe(code, "text") or "" for code in ("AF3103", "AF3104", "AF3005"))
    assert error.startswith("AF3103 (error): Partition or queue names a GPU that the facility does not describe\n")
    assert "such a job waits for ever" in " ".join(error.split())
    assert "An error cannot be ignored" in error
    assert "- {rule: AF3104, at: /pointer/into/the/spec, reason: Why it is right as it is.}" in warning
    assert "A spec cannot ignore it" in last
    assert "ignore" not in (describe("AF0007", "text") or "")


def test_catalogue() -> None:
    everything = meanings()
    assert [row.code for row in everything] == sorted({*CODES, *(rule.code for rule in RULES)})
    assert describe("AF9998", "text") is None
    assert (describe("AF0007", "text") or "").startswith("AF0007 (error): Key given twice\n")
    assert len(json.loads(describe(None, "json") or "")) == len(everything)
    assert (describe(None, "markdown") or "").count("\n") == len(everything) + 2
    assert (describe(None, "text") or "").count("\n") == len(everything)

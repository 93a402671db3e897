"""What a spec lives with: `ignored:` sets warnings aside, each with its reason, and nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from support import AS_OF, HEAD, document

from afspec.facility import validate
from afspec.facility.ignored import Ignored, places
from afspec.rules import check
from afspec.source import format_pointer

if TYPE_CHECKING:
    from afspec.diagnostics import Diagnostic

TWO = """orchestration: {stance: promised, kind: kubernetes}
services:
  servicex:
    - {name: uproot, stance: promised}
    - {name: uproot-test, stance: promised}
"""


def found(text: str) -> list[Diagnostic]:
    spec = document(HEAD + text)
    return check(validate(spec), spec, AS_OF)


def ignoring(at: str, rule: str = "AF3702") -> dict[str, str | None]:
    """Pointer and reason of everything found in TWO, with one entry under `ignored:`."""
    given_ = found(f"{TWO}ignored:\n  - {{rule: {rule}, at: {at!r}, reason: Because.}}\n")
    return {diagnostic.pointer: diagnostic.ignored for diagnostic in given_ if diagnostic.code == "AF3702"}


ONE, OTHER = "/services/servicex/uproot/stance", "/services/servicex/uproot-test/stance"


@pytest.mark.parametrize(
    ("at", "reasons"),
    [
        ("", ("Because.", "Because.")),
        ("/", ("Because.", "Because.")),
        ("/services", ("Because.", "Because.")),
        ("/services/servicex/uproot", ("Because.", None)),
        ("/services/servicex/uproot/", ("Because.", None)),
        ("/services/servicex/uproot/stance", ("Because.", None)),
        ("/services/servicex/uproot-test", (None, "Because.")),
        ("/services/servicex/uproot/stance/deeper", (None, None)),
        ("/services/service", (None, None)),
    ],
)
def test_entry_is_for_a_place_and_all_below_it(at: str, reasons: tuple[str | None, str | None]) -> None:
    assert ignoring(at) == dict(zip((ONE, OTHER), reasons, strict=True))


def test_entry_of_another_rule_ignores_nothing() -> None:
    assert set(ignoring("", "AF3701").values()) == {None}


def test_first_reason_counts() -> None:
    text = f"{TWO}ignored:\n  - {{rule: AF3702, at: /services, reason: A.}}\n  - {{rule: AF3702, reason: B.}}\n"
    assert {d.ignored for d in found(text)} == {"A."}


def test_stale_fact_is_ignored_by_its_own_pointer() -> None:
    text = (
        "batch: [{name: slurm, scheduler: slurm}]\n"
        "sources:\n  /batch/slurm: {doc: d, as_of: 2019-01}\n  /title: {doc: d, as_of: 2019-01}\n"
        "ignored:\n  - {rule: AF3002, at: /batch, reason: The pool does not change.}\n"
    )
    assert [(d.pointer, d.ignored) for d in found(text)] == [
        ("/sources/~1batch~1slurm/as_of", "The pool does not change."),
        ("/sources/~1title/as_of", None),
    ]


def test_error_stays_an_error() -> None:
    areas = "storage:\n  areas:\n    - {name: a, path: /x}\n    - {name: b, path: /x}\n"
    given_ = found(f"{areas}ignored:\n  - {{rule: AF3501, reason: Never mind.}}\n")
    assert [(d.code, d.is_error, d.ignored) for d in given_] == [("AF3501", True, None), ("AF3005", False, None)]
    assert "`AF3501` cannot be ignored" in given_[1].message


def test_the_last_word_cannot_be_ignored() -> None:
    given_ = found("ignored:\n  - {rule: AF3005, reason: Hush.}\n  - {rule: AF3702, reason: Corrected.}\n")
    assert [(d.code, d.pointer, d.ignored) for d in given_] == [
        ("AF3005", "/ignored/0/rule", None),
        ("AF3005", "/ignored/1/rule", None),
    ]
    assert "`AF3005` cannot be ignored" in given_[0].message


def test_place_that_was_meant_is_named() -> None:
    given_ = found(f"{TWO}ignored:\n  - {{rule: AF3702, at: /services/servicex/uprot/stance, reason: Because.}}\n")
    (last,) = [d for d in given_ if d.code == "AF3005"]
    assert last.hint.startswith(f"Did you mean `{ONE}`?")
    assert "no AF3702 at `/services/servicex/uprot/stance`" in last.message


def test_rule_that_was_meant_is_named() -> None:
    (last,) = found("ignored:\n  - {rule: AF37020, reason: Because.}\n")
    assert "there is no rule `AF37020`" in last.message
    assert last.hint.startswith("Did you mean `AF3702`?")


PARTS = st.lists(st.text(st.characters(exclude_categories=["C"]), min_size=1, max_size=8), max_size=5)


@given(PARTS, PARTS)
def test_covers_what_lies_below(above: list[str], below: list[str]) -> None:
    entry = Ignored.model_construct(rule="AF3702", at=format_pointer(above), reason="r")
    assert entry.covers("AF3702", format_pointer([*above, *below]))
    assert not entry.covers("AF3701", format_pointer([*above, *below]))
    # Nor what only begins alike.
    if above and above[0] != "sources":
        assert not entry.covers("AF3702", format_pointer([*above[:-1], f"{above[-1]}x"]))


@given(PARTS)
@example(["~1", "~0", "a/b"])
def test_source_is_found_at_its_fact(parts: list[str]) -> None:
    fact = format_pointer(parts)
    assert places(format_pointer(["sources", fact, "as_of"]))[-1] == fact

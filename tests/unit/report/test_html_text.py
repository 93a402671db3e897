"""Text for readers: hostile text stays text, and only addresses become links."""

from __future__ import annotations

import datetime as dt
import re
from html import unescape

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from unit.report import factory as make

from afspec.report.html.text import age, anchor, budget, clip, day, file_link, linked, moment, safe_address, size, span

TEXTS = st.one_of(
    st.text(max_size=40),
    st.lists(
        st.sampled_from(
            [
                "http://a.b/",
                "https://x",
                "mailto:a@b.c",
                "javascript:alert(1)",
                "<b>",
                '"',
                "'",
                " ",
                "&",
                "@",
                "[",
                "\u202e",
            ]
        ),
        max_size=8,
    ).map("".join),
)


@given(TEXTS)
def test_linked_text_reads_as_it_was_written(text: str) -> None:
    assert unescape(re.sub(r"<[^>]*>", "", linked(text))) == unescape(re.sub(r"<[^>]*>", "", str(linked(text))))
    shown = re.sub(r"</?(?:a|bdi)[^>]*>", "", linked(text))
    assert "<" not in shown
    assert ">" not in shown
    assert (
        shown.replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&#34;", '"')
        .replace("&#39;", "'")
        .replace("&amp;", "&")
        == text
    )


@given(TEXTS)
def test_only_web_and_mail_addresses_become_links(text: str) -> None:
    for address in re.findall(r'href="([^"]*)"', linked(text)):
        assert re.match(r"https?://|mailto:", unescape(address), re.IGNORECASE)


@pytest.mark.parametrize(
    "text",
    ["javascript:alert(1)", "JAVASCRIPT://x", "data:text/html,x", "vbscript:x", "file:///etc/passwd", "//evil.example"],
)
def test_other_schemes_are_text(text: str) -> None:
    assert "<a" not in linked(text)
    assert not safe_address(text)


def test_address_with_a_name_before_the_host_is_text() -> None:
    assert "<a" not in linked("https://slac.stanford.edu@evil.example/")


def test_full_stop_after_an_address_is_no_part_of_it() -> None:
    assert '<a href="https://example.org/a" rel="noopener noreferrer">https://example.org/a</a>).' in linked(
        "(see https://example.org/a)."
    )


@pytest.mark.parametrize(
    ("base", "path", "link"),
    [
        ("bundles/slac", "evidence/a/b.json", "bundles/slac/evidence/a/b.json"),
        ("bundles/slac/", "evidence/a b#c?.json", "bundles/slac/evidence/a%20b%23c%3F.json"),
        ("https://example.org/b", "evidence/x", "https://example.org/b/evidence/x"),
        ("", "evidence/x", ""),
        ("javascript:alert(1)", "evidence/x", ""),
        ("//evil.example", "evidence/x", ""),
        ("b", "../../etc/passwd", ""),
        ("b", "/etc/passwd", ""),
        ("b", "evidence\\..\\x", ""),
        ("b", "javascript:alert(1)", "b/javascript%3Aalert%281%29"),
    ],
)
def test_evidence_is_linked_inside_its_bundle_only(base: str, path: str, link: str) -> None:
    assert file_link(base, path) == link


@given(st.tuples(st.text(max_size=8), st.text(max_size=8)))
@example((" ", "_20"))
@example(("_", "_5F"))
def test_no_two_items_share_an_anchor(items: tuple[str, str]) -> None:
    one, other = (anchor("slac", item) for item in items)
    assert (one == other) == (items[0] == items[1])
    assert re.fullmatch(r"[A-Za-z0-9._~-]+", one)


@pytest.mark.parametrize(
    ("seconds", "told"),
    [(0, "0 s"), (59, "59 s"), (60, "1 minute"), (7200, "2 hours"), (86400, "1 day"), (90 * 86400.0, "90 days")],
)
def test_length_of_time(seconds: float, told: str) -> None:
    assert span(seconds) == told


def test_age_counts_from_today() -> None:
    assert age(make.NOW, make.NOW) == "just now"
    assert age(make.NOW - dt.timedelta(days=3, hours=5), make.NOW) == "3 days ago"
    assert age(make.NOW + dt.timedelta(hours=1), make.NOW) == "dated after this page"


def test_moments_are_in_utc() -> None:
    west = dt.datetime(2026, 11, 22, 23, 30, tzinfo=dt.timezone(dt.timedelta(hours=-8)))
    assert (moment(west), day(west)) == ("2026-11-23 07:30 UTC", "2026-11-23")
    assert moment(dt.datetime(2026, 11, 22, 9, 5)) == "2026-11-22 09:05 UTC"  # noqa: DTZ001 - as a report may have it


def test_budget_leaves_out_what_is_not_used() -> None:
    assert budget(make.requirement().budget) == "5 minutes on the clock, 1 job, 10 CPU s, 1 MB"


@pytest.mark.parametrize(("count", "told"), [(0, "0 B"), (1500, "1.5 kB"), (2.5e9, "2.5 GB"), (3e15, "3e+03 TB")])
def test_size(count: float, told: str) -> None:
    assert size(count) == told


@given(st.text(max_size=2000))
def test_clipped_text_fits(text: str) -> None:
    assert len(clip(text)) <= 90
    assert "\n" not in clip(text)


def test_text_that_fits_is_not_cut() -> None:
    assert clip("a" * 90) == "a" * 90
    assert clip("a" * 91).endswith("…")
    assert clip("a " * 5000).endswith("…")

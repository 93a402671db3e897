"""The pages of reports as a browser shows them: light, dark, on a phone, by keyboard, printed, with hostile text."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import pytest
from browser import Browser, chromium
from unit.report import factory as make
from unit.report import gallery

from afspec.report.html import SitePages, write_pages
from afspec.verdict import Verdict

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

KINDS = ("index", "site-slac", "site-bnl", "site-desy", "AF-BATCH-001", "twins/index", "twins/AF-BATCH-001")
HOSTILE = "<script>document.title='pwned';alert(1)</script>\"'><img src=x onerror=alert(2)>\u202e\u2066{{7*7}}</style>"
PHONE = 375

# The least contrast of any text with any colour that is painted behind it (WCAG 2.2, 1.4.3), with where it is.
CONTRAST = """(() => {
  const parse = text => [...text.matchAll(/rgba?\\(([^)]*)\\)/g)].map(m => m[1].split(/[ ,\\/]+/).map(Number));
  const opaque = c => c.length < 4 || c[3] === 1;
  const part = v => { v /= 255; return v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4; };
  const light = c => 0.2126 * part(c[0]) + 0.7152 * part(c[1]) + 0.0722 * part(c[2]);
  const ratio = (a, b) => { const [x, y] = [light(a), light(b)].sort((m, n) => n - m); return (x + .05) / (y + .05); };
  const behind = e => {
    for (let at = e, found = []; ; at = at.parentElement) {
      if (!at) return [...found, [255, 255, 255]];
      const style = getComputedStyle(at);
      found.push(...parse(style.backgroundImage).filter(opaque));
      const own = parse(style.backgroundColor).filter(opaque);
      if (own.length) return [...found, ...own];
      if (style.backgroundImage.startsWith('repeating-linear-gradient')) return found;
    }
  };
  let least = [99, ''];
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walk.nextNode()) {
    const e = walk.currentNode.parentElement;
    if (!walk.currentNode.data.trim() || !e.getClientRects().length) continue;
    const ink = parse(getComputedStyle(e).color)[0];
    for (const paper of behind(e)) {
      const r = ratio(ink, paper);
      if (r < least[0]) least = [r, e.className + ' ' + walk.currentNode.data.slice(0, 40)];
    }
  }
  return least;
})()"""
SIDEWAYS = "[document.documentElement.scrollWidth, innerWidth]"
FOCUS = """(() => { const e = document.activeElement, s = getComputedStyle(e);
  const name = e.getAttribute('aria-label') || e.textContent.trim();
  return [e.tagName, name, s.outlineStyle, parseFloat(s.outlineWidth)]; })()"""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Pages with one of everything."""
    folder = tmp_path_factory.mktemp("pages") / "out"
    write_pages(folder, gallery.pages())
    return folder


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Pages in which every text that others write is an attack, or is very long."""
    long = "x" * 10_000
    results = [
        make.result(item=HOSTILE, declared=HOSTILE, verdict=Verdict.BROKEN),
        make.result(item=long, declared=long, verdict=Verdict.WAIVED, waiver="W-1"),
    ]
    report = make.report(
        "slac",
        results,
        title=long,
        requirements=[make.requirement(title=HOSTILE, statement=long, source="javascript:alert(3)", each=HOSTILE)],
        waivers=[make.waiver(reason=HOSTILE, issue="JavaScript:alert(4)")],
        causes=[make.cause(target=HOSTILE, text=long)],
        problems=[make.problem(HOSTILE, by_hand=long)],
        runs=[make.run(HOSTILE, partial=[HOSTILE])],
    )
    site = SitePages("slac", HOSTILE, long, report, {}, HOSTILE, "bundles/slac")
    pages = dataclasses.replace(
        gallery.pages(),
        sites=(site,),
        twins=(),
        history=(),
        annotations=(),
        title=HOSTILE,
        capabilities={"batch": long},
    )
    folder = tmp_path_factory.mktemp("hostile") / "out"
    write_pages(folder, pages)
    return folder


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    with chromium(tmp_path_factory.mktemp("chromium")) as running:
        yield running


@pytest.fixture(autouse=True)
def plain(browser: Browser) -> None:
    """Every test starts with a wide window in the light scheme."""
    browser.size(1280)
    browser.media()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("page", KINDS)
def test_text_is_legible(browser: Browser, site: Path, page: str, scheme: str) -> None:
    browser.media(scheme=scheme)
    browser.open(site / f"{page}.html")
    browser.script("document.querySelectorAll('details').forEach(e => { e.open = true; })")
    browser.script("document.querySelectorAll('input').forEach(e => { e.checked = true; })")
    contrast, where = browser.script(CONTRAST)
    assert contrast >= 4.5, where


def test_schemes_differ(browser: Browser, site: Path) -> None:
    browser.open(site / "index.html")
    papers = []
    for scheme in ("light", "dark"):
        browser.media(scheme=scheme)
        papers.append(browser.script("getComputedStyle(document.body).backgroundColor"))
    assert papers[0] != papers[1]


@pytest.mark.parametrize("page", KINDS)
def test_phone_does_not_scroll_sideways(browser: Browser, site: Path, page: str) -> None:
    browser.size(PHONE, mobile=True)
    browser.open(site / f"{page}.html")
    browser.script("document.querySelectorAll('details').forEach(e => { e.open = true; })")
    assert browser.script(SIDEWAYS) == [PHONE, PHONE]


@pytest.mark.parametrize("page", ["index", "site-slac", "AF-BATCH-001"])
def test_hostile_text_does_nothing_and_fits(browser: Browser, hostile: Path, page: str) -> None:
    browser.size(PHONE, mobile=True)
    browser.open(hostile / f"{page}.html")
    browser.script("document.querySelectorAll('details').forEach(e => { e.open = true; })")
    assert browser.script(SIDEWAYS) == [PHONE, PHONE]
    assert browser.reported("Page.javascriptDialogOpening") == []
    assert browser.script("document.scripts.length + document.images.length") == 0
    assert "pwned" not in browser.script("document.title").replace(HOSTILE, "")
    assert browser.script("document.styleSheets.length") == 1
    # The marks that turn text around stay where they were written.
    assert browser.script("[...document.querySelectorAll('bdi')].length") > 0
    schemes = browser.script("[...new Set([...document.querySelectorAll('[href]')].map(e => e.protocol || 'data:'))]")
    assert set(schemes) <= {"file:", "data:", "https:"}


@pytest.mark.parametrize("page", KINDS)
def test_nothing_is_fetched_and_nothing_is_refused(browser: Browser, site: Path, page: str) -> None:
    browser.open(site / f"{page}.html")
    asked = [event["request"]["url"] for event in browser.reported("Network.requestWillBeSent")]
    assert [url for url in asked if not url.startswith(("file:", "data:"))] == []
    assert [url for url in asked if url.startswith("file:")] == [(site / f"{page}.html").as_uri()]
    assert browser.reported("Log.entryAdded") == []
    assert browser.reported("Runtime.exceptionThrown") == []


@pytest.mark.parametrize("page", KINDS)
def test_structure_can_be_heard(browser: Browser, site: Path, page: str) -> None:
    browser.open(site / f"{page}.html")
    count = "document.querySelectorAll({!r}).length".format
    assert browser.script("document.documentElement.lang") == "en"
    assert browser.script("document.title.length") > 3
    assert [browser.script(count(tag)) for tag in ("h1", "main", "header", "footer", "nav[aria-label]")] == [1] * 5
    assert browser.script(count("th:not([scope])")) == 0
    assert browser.script("new Set([...document.querySelectorAll('[id]')].map(e => e.id)).size") == browser.script(
        count("[id]")
    )


def test_keyboard_reaches_everything_in_order(browser: Browser, site: Path) -> None:
    browser.open(site / "index.html")
    seen = []
    for _ in range(9):
        browser.press("Tab")
        tag, name, outline, width = browser.script(FOCUS)
        assert (outline, width >= 2) == ("solid", True), name
        seen.append((tag, name))
    assert seen[:7] == [
        ("A", "Skip to the content"),
        ("A", "All sites"),
        ("A", "Miniatures, apart"),
        ("SUMMARY", "What the words mean"),
        ("INPUT", ""),
        ("DIV", "Matrix of capabilities and sites"),
        ("A", "SLAC"),
    ]


def test_skip_link_leads_to_the_content(browser: Browser, site: Path) -> None:
    browser.open(site / "index.html")
    browser.press("Tab")
    assert browser.script("document.activeElement.getBoundingClientRect().left") >= 0
    browser.press("Enter", "\r")
    assert browser.script("document.activeElement.id") == "main"


def test_capability_opens_to_its_requirements_by_keyboard(browser: Browser, site: Path) -> None:
    browser.open(site / "index.html")
    rows = "[...document.querySelectorAll('tr.req')].filter(e => e.getClientRects().length).length"
    assert browser.script(rows) == 0
    browser.script("document.querySelector('input[aria-label$=\" Batch\"]').focus()")
    browser.press(" ", " ")
    assert browser.script(rows) == 3
    browser.script("document.querySelector('.all input').focus()")
    browser.press(" ", " ")
    assert browser.script(rows) == len(gallery.REQUIREMENTS)


def test_print_shows_what_is_folded(browser: Browser, site: Path) -> None:
    browser.media(medium="print")
    browser.open(site / "index.html")
    assert browser.script("[...document.querySelectorAll('tr.req')].every(e => e.getClientRects().length)")
    assert browser.script("getComputedStyle(document.querySelector('.scroll')).overflow") == "visible"
    browser.open(site / "AF-BATCH-001.html")
    assert browser.script("[...document.querySelectorAll('.checks')].every(e => e.checkVisibility())")
    assert browser.script("document.querySelectorAll('details[open]').length") == 0
    assert browser.printed().startswith(b"%PDF-")


def test_unverified_is_hatched_also_in_black_and_white(browser: Browser, site: Path) -> None:
    browser.media(medium="print")
    browser.open(site / "index.html")
    style = "getComputedStyle(document.querySelector('td.unverified'))"
    assert "repeating-linear-gradient" in browser.script(f"{style}.backgroundImage")
    assert browser.script(f"{style}.printColorAdjust") == "exact"
    assert browser.script(f"{style}.borderLeftStyle") == "dashed"
    assert browser.script("getComputedStyle(document.querySelector('td.verified')).backgroundImage") == "none"


@pytest.mark.parametrize("page", ["index", "site-slac", "AF-BATCH-001"])
def test_twin_cannot_be_mistaken(browser: Browser, site: Path, page: str) -> None:
    looks = []
    for folder in ("", "twins/"):
        browser.open(site / f"{folder}{page}.html")
        looks.append(browser.script("getComputedStyle(document.querySelector('header.top')).backgroundColor"))
    assert looks[0] != looks[1]
    browser.script("window.scrollTo(0, document.body.scrollHeight)")
    banner = "document.querySelector('.banner')"
    assert browser.script(f"{banner}.innerText").upper().startswith("MINIATURE ON ONE MACHINE, NOT THE SITE")
    top = browser.script(f"{banner}.getBoundingClientRect().top")
    assert 0 <= top < 20
    assert browser.script("document.title").startswith("MINIATURE, not the site")

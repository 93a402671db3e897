"""The pages as text: what each of them must say, what none may do, and where twins may not be."""

from __future__ import annotations

import base64
import dataclasses
import hashlib
import posixpath
from html.parser import HTMLParser
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from unit.report import factory as make
from unit.report import gallery

from afspec.report.html import Annotation, Pages, PagesError, Promised, SitePages, render
from afspec.report.html.jinja import style
from afspec.verdict import Level, Outcome, Promise, Verdict

if TYPE_CHECKING:
    from afspec.report.model import Report

VOID = {"meta", "link", "input", "br", "img"}
OPEN_ENDED = {"li"}
BANNER = "Miniature on one machine, not the site."


class Page(HTMLParser):
    """A page taken apart: its tags with their attributes, its text, and what was opened and never closed."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.path: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag in OPEN_ENDED and self.path[-1] == tag:
            self.path.pop()
        if tag not in VOID:
            self.path.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if self.path[-1] in OPEN_ENDED and tag not in OPEN_ENDED:
            self.path.pop()
        assert self.path.pop() == tag, (tag, self.path)

    def handle_data(self, data: str) -> None:
        if self.path and self.path[-1] != "style":
            self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())


def made(pages: Pages) -> dict[str, Page]:
    return {path: Page(text) for path, text in render(pages)}


def single(report: Report | None, name: str = "slac") -> Pages:
    """Pages of one site."""
    site = SitePages(name, name.upper(), "A facility", report, bundle="b")
    return Pages(gallery.TODAY, {"batch": "Batch"}, (site,))


def test_rendering_twice_gives_the_same() -> None:
    assert list(render(gallery.pages())) == list(render(gallery.pages()))


def test_pages_are_the_matrix_the_sites_and_the_requirements() -> None:
    paths = [path for path, _ in render(gallery.pages())]
    sites = [f"site-{name}.html" for name in ("slac", "bnl", "uchicago", "desy")]
    requirements = sorted(f"{row.id}.html" for row in gallery.REQUIREMENTS)
    twins = ["twins/index.html", "twins/site-slac.html", *(f"twins/{name}" for name in requirements)]
    assert paths == ["index.html", *sites, *requirements, *twins]


def test_all_that_is_opened_is_closed() -> None:
    for path, page in made(gallery.pages()).items():
        assert page.path == [], path


def test_links_lead_somewhere_in_the_pages_or_the_bundles() -> None:
    pages = made(gallery.pages())
    ids = {path: {attrs["id"] for _, attrs in page.tags if "id" in attrs} for path, page in pages.items()}
    for path, page in pages.items():
        for address in [attrs["href"] or "" for tag, attrs in page.tags if tag == "a"]:
            parts = urlsplit(address)
            if parts.scheme:
                assert parts.scheme == "https"
                continue
            target = (
                posixpath.normpath(posixpath.join(posixpath.dirname(path), unquote(parts.path))) if parts.path else path
            )
            if target.startswith("bundles/"):
                continue
            assert target in pages, (path, address)
            assert not parts.fragment or parts.fragment in ids[target], (path, address)


def test_nothing_runs_and_nothing_is_fetched() -> None:
    for path, page in made(gallery.pages()).items():
        names = {tag for tag, _ in page.tags}
        assert not names & {"script", "img", "iframe", "object", "embed", "form", "base"}, path
        assert not [attrs for _, attrs in page.tags if any(name.startswith("on") or name == "style" for name in attrs)]
        assert [attrs["href"] for tag, attrs in page.tags if tag == "link"] == ["data:,"]


def test_browser_is_told_to_run_nothing_and_to_use_this_style_only() -> None:
    digest = base64.b64encode(hashlib.sha256(style().encode()).digest()).decode()
    for path, text in render(gallery.pages()):
        assert f"<style>{style()}</style>" in text, path
        policies = [attrs["content"] for _, attrs in Page(text).tags if "http-equiv" in attrs]
        assert policies == [
            f"default-src 'none'; style-src 'sha256-{digest}'; img-src data:; base-uri 'none'; form-action 'none'"
        ]


def test_matrix_says_word_counts_and_age_of_every_site() -> None:
    text = made(gallery.pages())["index.html"].text
    for told in (
        "non-conformant 2 verified, 1 configured, 1 waived, 1 degraded, 1 stale, 1 broken, 1 error, 3 not counted",
        "not demonstrated 5 unverified, 3 not counted",
        "conformant 7 verified, 1 configured",
        "report of 2026-11-22, 2 days ago",
        "signed by operators@uchicago.example",
        "partial: -k AF-BATCH-001",
        "2 days ago, fresh until 2026-12-22",
        "was verified; fresh until 2026-11-21",
        "works, undeclared",
        "login/ssh: unreachable",
    ):
        assert told in text, told
    assert text.count("unsigned") == 2 + 1  # two columns, and the legend
    assert text.count("no report") > len(gallery.REQUIREMENTS)


def test_planned_and_best_effort_are_marked_as_not_counted() -> None:
    for promise in (Promise.PLANNED, Promise.BEST_EFFORT, Promise.UNDECLARED, Promise.ON_REQUEST):
        report = make.report(results=[make.result(promise=promise, verdict=Verdict.NOT_PROMISED)])
        text = made(single(report))["index.html"].text
        assert f"{promise.replace('_', ' ')} not counted" in text
        assert "nothing promised" in text


def test_site_page_names_each_cause_once_with_what_to_do() -> None:
    text = made(gallery.pages())["site-bnl.html"].text
    assert text.count("stopped 6 checks") == 1
    assert text.count("Next: Open an SSH connection that stays") == 1
    assert text.count("Connection timed out") == 1


def test_site_page_has_problems_waivers_runs_profiles_and_remarks() -> None:
    text = made(gallery.pages())["site-slac.html"].text
    for told in (
        "job 4711 is still in the queue To do by hand: scancel 4711",
        "W-1 valid until 2027-01-31",
        "W-0 expired on 2026-11-10: covers nothing",
        "r-20261121",
        "partial -k AF-BATCH-001",
        "agc-ready ✗ not ready non-conformant: 1 verified, 1 broken",
        "The Analysis Grand Challenge: reported in 2023-05: it did not run",
        "2026-11-23 A. Operator, SLAC on AF-BATCH-001 slurm/milano",
        "30 on record",
    ):
        assert told in text, told


def test_site_without_report_says_that_nothing_was_proved() -> None:
    text = made(gallery.pages())["site-desy.html"].text
    assert "everything that it promises is unverified" in text
    assert "? no report" in text
    assert "✓" not in text


def test_requirement_page_has_what_was_asked_and_how_to_ask_again() -> None:
    text = made(gallery.pages())["AF-BATCH-001.html"].text
    for told in (
        "AF-BATCH-001 MUST Batch A batch job runs A job that an ordinary user submits runs",
        "Asked from session",
        "May use 5 minutes on the clock, 1 job, 10 CPU s, 1 MB",
        "A proof is fresh for 30 days",
        "pytest conformance --site slac -k AF-BATCH-001",
        "timeout 30 sbatch --parsable --wrap 'echo afspec-r-20261122'",
        f"sha256 {make.sha256('evidence/AF-BATCH-001/job.json')}",
        "W-1 valid until 2027-01-31",
        "declared at /batch/slurm/roma",
        "milano was in a downtime that the calendar had",
        "stopped by login/ssh: unreachable",
    ):
        assert told in text, told


def test_requirement_page_keeps_every_attempt_and_every_gap() -> None:
    pages = made(gallery.pages())
    text = pages["AF-DASK-001.html"].text
    assert "worker did not come" in text
    assert "▲ passed when tried again" in text
    assert "last 30 runs: 23 verified, 4 not asked, 3 broken" in pages["AF-LOGIN-001.html"].text


def test_expired_waiver_is_nowhere_shown_as_waived() -> None:
    report = make.report(
        results=[make.result(verdict=Verdict.WAIVED, waiver="W-1")],
        waivers=[make.waiver(expires=gallery.TODAY.date().replace(day=23))],
    )
    pages = made(single(report))
    for path in ("index.html", "site-slac.html", "AF-BATCH-001.html"):
        assert [attrs for _, attrs in pages[path].tags if attrs.get("class") in ("c waived", "e-waived")] == []
        assert "its waiver W-1 is expired on 2026-11-23" in pages[path].text
    assert "non-conformant was conformant with waivers on 2026-11-22" in pages["index.html"].text


def test_requirement_that_a_site_was_asked_in_other_words_says_so() -> None:
    old = make.report("bnl", requirements=[make.requirement(level=Level.SHOULD, statement="A job may run.")])
    new = make.report("slac", generated=gallery.TODAY)
    sites = tuple(SitePages(report.site, report.site, "", report) for report in (new, old))
    text = made(Pages(gallery.TODAY, {}, sites))["AF-BATCH-001.html"].text
    assert "asked in an earlier wording SHOULD: A job may run." in text
    assert text.count("asked in an earlier wording") == 1


def test_capability_that_no_row_was_named_for_gets_one() -> None:
    report = make.report(requirements=[make.requirement(capability="quantum")])
    assert "quantum" in made(single(report))["index.html"].text


def test_promise_without_any_check_is_hatched() -> None:
    site = SitePages("slac", "SLAC", "", make.report(), {"gpu": Promised(Promise.PROMISED, "A100")})
    page = made(Pages(gallery.TODAY, {"gpu": "GPUs"}, (site,)))["index.html"]
    assert "GPUs promised A100 ? not asked" in page.text


@pytest.mark.parametrize("path", [path for path, _ in render(gallery.pages())])
def test_twin_says_so_on_every_page_and_a_site_on_none(path: str) -> None:
    page = made(gallery.pages())[path]
    twin = path.startswith("twins/")
    assert (BANNER in page.text) == twin
    assert (("body", {"class": "twin"}) in page.tags) == twin
    assert ("MINIATURE, not the site" in page.text) == twin
    commands = page.text.count("pytest conformance --site")
    assert page.text.count("--twin") == (commands if twin else 0)


def test_twin_among_the_sites_is_refused() -> None:
    with pytest.raises(ValueError, match="was made on a twin"):
        list(render(single(make.report(environment="twin"))))


def test_site_among_the_twins_is_refused() -> None:
    site = SitePages("slac", "SLAC", "", make.report())
    with pytest.raises(PagesError, match="was made on a site"):
        list(render(Pages(gallery.TODAY, {}, (), twins=(site,))))


def test_past_of_a_twin_is_not_the_sites() -> None:
    history = tuple(gallery.past(make.report(environment="twin"), 4))
    assert (
        "no run is on record"
        in made(dataclasses.replace(single(make.report()), history=history))["AF-BATCH-001.html"].text
    )


@pytest.mark.parametrize("name", ["../x", "a/b", "", ".", "a b", "<b>", "x" * 101, "a\n"])
def test_name_that_is_no_file_name_is_refused(name: str) -> None:
    with pytest.raises(PagesError, match="cannot be that of a page"):
        list(render(single(None, name)))


def test_report_of_another_site_is_refused() -> None:
    with pytest.raises(PagesError, match="its report is about 'bnl'"):
        list(render(single(make.report("bnl"))))


def test_site_given_twice_is_refused() -> None:
    sites = (SitePages("slac", "", "", None), SitePages("SLAC", "", "", None))
    with pytest.raises(PagesError, match="given twice"):
        list(render(Pages(gallery.TODAY, {}, sites)))


def test_result_that_the_report_does_not_describe_is_refused() -> None:
    report = make.report(requirements=[make.requirement("AF-GPU-001")])
    with pytest.raises(PagesError, match="AF-BATCH-001, which it does not describe"):
        list(render(single(report)))


def test_remark_on_a_site_that_is_not_shown_is_refused() -> None:
    remark = Annotation("bnl", gallery.TODAY.date(), "A. Operator", "no")
    with pytest.raises(PagesError, match="'bnl', which is not shown"):
        list(render(dataclasses.replace(single(make.report()), annotations=(remark,))))


HOSTILE = st.one_of(
    st.text(max_size=30),
    st.sampled_from(
        [
            "<script>alert(1)</script>",
            "</style><script>alert(1)</script>",
            "\"' onmouseover=alert(1) x='",
            "javascript:alert(1)",
            "{{ 7 * 7 }}{% raw %}",
            "<!-- ",
            "]]>",
            "\u202e\u2066evil",
            "\x00\x1b[31m",
            "x" * 10_000,
        ]
    ),
)


def hostile_pages(text: str) -> Pages:
    """Pages in which every text that others write is this one."""
    checks = [
        make.check(
            Outcome.FAIL,
            name=text,
            cause=text,
            attempts=[make.attempt(Outcome.FAIL, text=text, files=[text])],
            degraded=[text],
        )
    ]
    report = make.report(
        results=[make.result(item=text, declared=text, checks=checks, flags=[text], waiver=text, context=text)],
        title=text,
        requirements=[
            make.requirement(title=text, statement=text, source=text, capability=text, each=text, checks=[text])
        ],
        waivers=[make.waiver(text, item=text, reason=text, issue=text, valid=False, problem=text)],
        causes=[make.cause(text, target=text, text=text)],
        problems=[make.problem(text, by_hand=text)],
        runs=[make.run(text, partial=[text])],
        profile=text,
        profiles=[make.summary([], text)],
    )
    remark = Annotation("slac", gallery.TODAY.date(), text, text, "AF-BATCH-001", text)
    site = SitePages("slac", text, text, report, {text: Promised(Promise.PROMISED, text)}, text, text, {text: (text,)})
    return Pages(gallery.TODAY, {text: text}, (site,), annotations=(remark,), title=text)


@given(HOSTILE)
@settings(max_examples=40)
def test_hostile_text_adds_no_tag_and_no_attribute(text: str) -> None:
    tame = {path: _shape(page) for path, page in made(hostile_pages("tame")).items()}
    for path, page in made(hostile_pages(text)).items():
        # Empty text leaves a few things out; no text adds a kind of tag, a handler or a scheme.
        assert {tag for tag, _ in _shape(page)} <= {tag for tag, _ in tame[path]} | {"a"}, path
        assert {name for _, names in _shape(page) for name in names} <= {
            name for _, names in tame[path] for name in names
        }
        for tag, attrs in page.tags:
            if tag == "a":
                assert urlsplit(attrs["href"] or "").scheme in ("", "http", "https", "mailto")


def _shape(page: Page) -> set[tuple[str, tuple[str, ...]]]:
    return {(tag, tuple(sorted(attrs))) for tag, attrs in page.tags}

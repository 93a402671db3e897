"""Other tools' forms say what the report says: nothing that was not shown passes in any of them."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

import pytest
from bundle_support import COMES_BACK, DASK, DAY, NICE, NOW, RUNS, WORKS, made, waiver
from hypothesis import given
from hypothesis import strategies as st

from afspec.report.exports.form import Subject
from afspec.report.exports.registry import FORMS
from afspec.verdict import Outcome, Promise, SiteWord, Verdict

if TYPE_CHECKING:
    import datetime as dt

    from afspec.report.model import Report

SHA = "a" * 64
FAILS = WORKS | {RUNS: Outcome.FAIL}


def subject(told: Any = WORKS, now: dt.datetime = NOW, signature: str = "unsigned", **more: Any) -> Subject:
    return Subject(made(told, **more)[0], SHA, signature, now)


def export(form: str, about: Subject) -> str:
    return FORMS[form](about).text


def as_verdict(report: Report, verdict: Verdict, **more: Any) -> Subject:
    """The report with one deciding result of that verdict."""
    result = report.results[0].model_copy(update={"verdict": verdict} | more)
    return Subject(report.model_copy(update={"results": (result,)}), SHA, "unsigned", NOW)


@pytest.mark.parametrize(
    ("verdict", "tag"),
    [
        (Verdict.VERIFIED, None),
        (Verdict.DEGRADED, "failure"),
        (Verdict.BROKEN, "failure"),
        (Verdict.UNVERIFIED, "error"),
        (Verdict.ERROR, "error"),
        (Verdict.WAIVED, "skipped"),
        (Verdict.NOT_PROMISED, "skipped"),
        (Verdict.NOT_APPLICABLE, "skipped"),
    ],
)
def test_junit_has_a_place_for_every_verdict(verdict: Verdict, tag: str | None) -> None:
    context = {"waiver": "W-1", "context": "there are no GPUs", "promise": Promise.PLANNED}
    root = ET.fromstring(export("junit", as_verdict(made(FAILS, waivers=[waiver()])[0], verdict, **context)))  # noqa: S314 - our own
    (case,) = root.iter("testcase")
    assert [child.tag for child in case] == ([tag] if tag else [])
    counts = {name: int(root.get(name, "")) for name in ("tests", "failures", "errors", "skipped")}
    plural = {"failure": "failures", "error": "errors", "skipped": "skipped"}
    assert counts == {"tests": 1, "failures": 0, "errors": 0, "skipped": 0} | ({plural[tag]: 1} if tag else {})
    said = {Verdict.WAIVED: "W-1", Verdict.NOT_PROMISED: "planned", Verdict.NOT_APPLICABLE: "not applicable"}
    assert said.get(verdict, "") in (case[0].get("message", "") if tag else "")


def test_junit_keeps_what_counts_apart_and_counts_right() -> None:
    root = ET.fromstring(export("junit", subject(FAILS | {NICE: Outcome.FAIL})))  # noqa: S314 - our own
    assert [(suite.get("name"), suite.get("tests"), suite.get("failures")) for suite in root] == [
        ("toy: promised", "2", "1"),
        ("toy: shown, not counted", "1", "1"),
    ]
    for element in (root, *root):
        cases = list(element.iter("testcase"))
        assert int(element.get("tests", "")) == len(cases)
        for tag, name in (("failure", "failures"), ("error", "errors"), ("skipped", "skipped")):
            assert int(element.get(name, "")) == sum(case.find(tag) is not None for case in cases)


@given(text=st.text(max_size=40))
def test_hostile_text_stays_text(text: str) -> None:
    report = made(FAILS)[0]
    check = report.results[0].checks[0].model_copy(update={"text": text})
    results = tuple(
        result.model_copy(update={"item": text, "checks": (check, *result.checks[1:])}) for result in report.results
    )
    about = Subject(report.model_copy(update={"results": results, "title": text}), SHA, text, NOW)
    ET.fromstring(export("junit", about).encode(errors="replace"))  # noqa: S314 - our own
    ET.fromstring(re.sub("[\x00-\x08\x0b-\x1f\ud800-\udfff\ufffe\uffff]", "", export("badge", about)))  # noqa: S314
    assert json.loads(export("intoto", about))
    assert export("nagios", about).count("\n") == 1
    assert export("nagios", about).count("|") == 1
    sample = re.compile(r'[a-z_]+\{([a-z]+="([^"\\\n]|\\[\\"n])*",?)+\} [0-9.e+]+')
    lines = export("prometheus", about).removesuffix("\n").split("\n")
    assert all(line.startswith("#") or sample.fullmatch(line) for line in lines)


@pytest.mark.parametrize(
    ("about", "result"),
    [
        (subject(), "PASSED"),
        (subject(FAILS, waivers=[waiver()]), "WARNED"),
        (subject(FAILS), "FAILED"),
        (subject({}), "FAILED"),
        (subject(WORKS, partial=("-k",)), "FAILED"),
        (subject(WORKS, NOW + 8 * DAY), "FAILED"),
    ],
)
def test_intoto_passes_only_what_is_conformant_today(about: Subject, result: str) -> None:
    statement = json.loads(export("intoto", about))
    assert statement["_type"] == "https://in-toto.io/Statement/v1"
    assert statement["predicateType"] == "https://in-toto.io/attestation/test-result/v0.1"
    assert statement["subject"][0]["digest"] == {"sha256": SHA}
    assert statement["predicate"]["result"] == result
    assert [each["digest"]["sha256"] for each in statement["predicate"]["configuration"]] == [
        about.report.spec.sha256,
        about.report.catalogue.sha256,
    ]


def test_intoto_lists_every_instance_once() -> None:
    told = {RUNS: Outcome.FAIL, COMES_BACK: Outcome.PASS, DASK: Outcome.PASS, NICE: Outcome.FAIL}
    predicate = json.loads(export("intoto", subject(told)))["predicate"]
    assert predicate["passedTests"] == ["AF-DASK-001"]
    assert predicate["failedTests"] == ["AF-BATCH-001[slurm/roma]"]
    assert predicate["warnedTests"] == ["AF-GPU-001[slurm/ampere]"]


@pytest.mark.parametrize(
    ("about", "code", "word"),
    [
        (subject(), 0, "OK"),
        (subject(FAILS, waivers=[waiver()]), 0, "OK"),
        (subject(FAILS), 2, "CRITICAL"),
        (subject({}), 3, "UNKNOWN"),
        (subject(WORKS, partial=("-k",)), 3, "UNKNOWN"),
        (subject(WORKS, NOW + 8 * DAY), 3, "UNKNOWN"),
        (subject(FAILS, NOW + 100 * DAY, waivers=[waiver()]), 2, "CRITICAL"),
        (subject(WORKS | {RUNS: Outcome.ERROR}), 3, "UNKNOWN"),
        (subject(WORKS, environment="twin"), 0, "OK"),
    ],
)
def test_nagios_is_ok_only_where_all_was_shown(about: Subject, code: int, word: str) -> None:
    exported = FORMS["nagios"](about)
    assert exported.code == code
    assert exported.text.startswith(f"AFSPEC {word} - ")
    assert re.search(r" \| verified=\d+ degraded=\d+ broken=\d+ ", exported.text)


def test_nagios_warns_of_what_is_only_degraded() -> None:
    about = subject()
    counts = about.report.summary.counts.model_copy(update={"verified": 1, "degraded": 1})
    summary = about.report.summary.model_copy(update={"word": SiteWord.NOT_DEMONSTRATED, "counts": counts})
    report = about.report.model_copy(update={"summary": summary, "exit_code": 101})
    assert FORMS["nagios"](Subject(report, SHA, "unsigned", NOW)).code == 1


def test_prometheus_says_what_holds_and_until_when() -> None:
    text = export("prometheus", subject(FAILS))
    labels = 'site="toy",environment="site",requirement="AF-BATCH-001",item="slurm/roma"'
    assert 'afspec_site_word{site="toy",environment="site",word="non-conformant"} 1\n' in text
    assert 'afspec_site_word{site="toy",environment="site",word="conformant"} 0\n' in text
    assert f'afspec_verdict{{{labels},decides="true",verdict="broken"}} 1\n' in text
    assert f'afspec_verdict{{{labels},decides="true",verdict="verified"}} 0\n' in text
    assert f'afspec_generated_timestamp_seconds{{site="toy",environment="site"}} {NOW.timestamp():.0f}\n' in text
    assert "afspec_fresh_until_timestamp_seconds" in text
    for family in set(re.findall(r"^(\w+)\{", text, re.MULTILINE)):
        assert text.count(f"# TYPE {family} gauge\n") == 1


def test_prometheus_escapes_labels() -> None:
    report = made(WORKS)[0]
    results = (report.results[0].model_copy(update={"item": 'a"b\\c\nd'}),)
    about = Subject(report.model_copy(update={"results": results}), SHA, "unsigned", NOW)
    assert 'item="a\\"b\\\\c\\nd"' in export("prometheus", about)


@pytest.mark.parametrize(
    ("about", "told", "colour"),
    [
        (subject(signature="signed by toy (key)"), "toy: conformant: 2 verified, 1 not counted · signed · ", "#1a7f37"),
        (subject(), "unsigned", "#1a7f37"),
        (subject(WORKS, partial=("-k",)), "partial", "#57606a"),
        (subject(WORKS, environment="twin"), "twin of toy", "#5b3fa0"),
        (subject(FAILS), "non-conformant: 1 verified, 1 broken, 1 not counted", "#b3261e"),
        (subject(WORKS, NOW + 8 * DAY), "was conformant on 2026-11-22", "#57606a"),
    ],
)
def test_a_badge_says_what_it_is_and_of_when(about: Subject, told: str, colour: str) -> None:
    root = ET.fromstring(export("badge", about))  # noqa: S314 - our own
    title = root.findtext("{http://www.w3.org/2000/svg}title") or ""
    assert told in title
    assert "2026-11-22" in title
    fills = [rect.get("fill") for rect in root.iter("{http://www.w3.org/2000/svg}rect")]
    assert fills == ["#24292f", colour]
    assert "http" not in export("badge", about).replace("http://www.w3.org/2000/svg", "")


def contrast(colour: str) -> float:
    """The contrast with white (WCAG 2.2, relative luminance)."""
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 1.05 / (0.2126 * red + 0.7152 * green + 0.0722 * blue + 0.05)


def test_a_badge_can_be_read() -> None:
    shown = "".join(
        export("badge", about)
        for about in (
            subject(),
            subject(FAILS),
            subject({}),
            subject(FAILS, waivers=[waiver()]),
            subject(environment="twin"),
        )
    )
    colours = set(re.findall(r'<rect[^>]* fill="(#\w{6})"', shown))
    assert len(colours) == 6
    assert all(contrast(colour) >= 4.5 for colour in colours)


@pytest.mark.parametrize("form", FORMS)
def test_every_form_says_that_a_twin_is_one(form: str) -> None:
    assert "twin" in export(form, subject(environment="twin"))


def test_what_was_not_asked_passes_nowhere() -> None:
    about = subject({})
    root = ET.fromstring(export("junit", about))  # noqa: S314 - our own
    assert root.get("errors") == root.get("tests") == "3"
    assert json.loads(export("intoto", about))["predicate"]["passedTests"] == []
    assert 'word="conformant"} 0\n' in export("prometheus", about)
    assert not re.search(r'verdict="verified"} [1-9]', export("prometheus", about))


def test_what_went_stale_passes_nowhere() -> None:
    about = subject(WORKS, NOW + 8 * DAY)
    assert ET.fromstring(export("junit", about)).get("errors") == "3"  # noqa: S314 - our own
    assert json.loads(export("intoto", about))["predicate"]["passedTests"] == []
    assert 'decides="true",verdict="verified"} 1' not in export("prometheus", about)


def test_a_waiver_that_expired_since_is_no_skip() -> None:
    about = subject(FAILS, NOW + 100 * DAY, waivers=[waiver()])
    assert ET.fromstring(export("junit", about)).get("failures") == "1"  # noqa: S314 - our own

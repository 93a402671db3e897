"""What must never be published does not get out, in whatever form it is there; what is harmless stays as it is."""

from __future__ import annotations

import base64
import json
import textwrap
from typing import TYPE_CHECKING
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from afspec.report.errors import ReportError
from afspec.report.scan import PATTERNS, Forbidden, find, redact, refuse

if TYPE_CHECKING:
    from collections.abc import Callable

CANARY = 'c4n4ry/Ö+ &=%41"x\\y'
KNOWN = Forbidden(
    secrets=(CANARY, "plainsecret"), users=("alice", "bo"), dns=("/CN=Grid User 7",), hosts=("n1.int.example",)
)
PEM = "-----BEGIN RSA PRIVATE KEY-----\nMIIEabc\ndef==\n-----END RSA PRIVATE KEY-----"
JWT = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJhbGljZSJ9.c2lnbmF0dXJl"
FORMS: dict[str, Callable[[str], str]] = {
    "exact": str,
    "base64": lambda secret: base64.b64encode(secret.encode()).decode(),
    "base64 after one": lambda secret: base64.b64encode(b"u" + secret.encode()).decode(),
    "base64 after two": lambda secret: base64.b64encode(b"u:" + secret.encode() + b"zz").decode(),
    "base64 for URLs": lambda secret: base64.urlsafe_b64encode(secret.encode()).decode(),
    "base64 in lines": lambda secret: "\n  ".join(textwrap.wrap(base64.b64encode(secret.encode()).decode(), 7)),
    "hexadecimal": lambda secret: secret.encode().hex(),
    "URL": lambda secret: quote(secret, safe=""),
    "path": quote,
    "form": quote_plus,
    "URL twice": lambda secret: quote(quote(secret, safe=""), safe=""),
    "every byte of a URL": lambda secret: "".join(f"%{byte:02x}" for byte in secret.encode()),
    "JSON": json.dumps,
    "JSON in JSON": lambda secret: json.dumps(json.dumps(secret)),
    "lines": "\n".join,
    "two lines": lambda secret: f"{secret[:5]}\n      {secret[5:]}",
    "two lines in a shell": lambda secret: f"{secret[:5]}\\\n{secret[5:]}",
    "two lines in JSON": lambda secret: json.dumps(f"{secret[:5]}\r\n{secret[5:]}"),
}


@pytest.mark.parametrize("form", FORMS)
def test_a_known_secret_is_taken_out_in_every_form(form: str) -> None:
    there = FORMS[form](CANARY)
    text = f"before {there} after"
    cleaned = redact(text, KNOWN)
    assert "<secret>" in cleaned
    assert cleaned.startswith("before ")
    assert cleaned.endswith(" after")
    assert not any(part in cleaned for part in (there, CANARY, "c4n4ry"))


SECRET = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), min_size=6, max_size=20).filter(
    lambda text: len("".join(text.split())) >= 4
)
AROUND = st.text(st.characters(codec="utf-8"), max_size=30)


@given(secret=SECRET, form=st.sampled_from(sorted(FORMS)), before=AROUND, after=AROUND)
def test_whatever_is_planted_does_not_get_out(secret: str, form: str, before: str, after: str) -> None:
    known = Forbidden(secrets=(secret,), users=("alice",), hosts=("n1.int",))
    there = FORMS[form](secret)
    cleaned = redact(f"{before} {there} {after} alice@n1.int", known)
    assert find(cleaned, known) == []
    rest = cleaned.replace("<secret>", "").replace("<user>", "").replace("<host>", "").replace("<dn>", "")
    assert there not in rest
    assert "alice" not in rest


@given(
    parts=st.lists(st.sampled_from([CANARY, "alice", "n1.int.example", "/CN=Grid User 7", PEM, JWT, "<secret>", " "]))
)
def test_nothing_is_found_in_what_was_redacted(parts: list[str]) -> None:
    text = "".join(parts)
    cleaned = redact(text, KNOWN)
    assert find(cleaned, KNOWN) == []
    assert redact(cleaned, KNOWN) == cleaned


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        ("malice and alices", "malice and alices"),
        ("/home/alice/.ssh", "/home/<user>/.ssh"),
        ("jupyter-alice ALICE", "jupyter-<user> <user>"),
        ("%2Fhome%2Falice", "%2Fhome%2F<user>"),
        ('{"a": "x\\nalice"}', '{"a": "x\\n<user>"}'),
        ("bo, about robots", "<user>, about robots"),
        ("ssh n1.int.example: n1.int.example.org", "ssh <host>: <host>.org"),
        ("xn1.int.examples", "xn1.int.examples"),
        ("by /DC=ch/DC=cern/CN=Alice B. Smith\nnext", "by <dn>\nnext"),
        ("subject CN=Alice,OU=Users,DC=ch end", "subject <dn>"),
        ("/CN=Grid User 7", "<dn>"),
        (f"proxy:\n{PEM}\nafter", "proxy:\n<secret>\nafter"),
        (json.dumps({"key": PEM, "z": 1}), '{"key": "<secret>", "z": 1}'),
        ("-----BEGIN OPENSSH PRIVATE KEY-----\ncut off", "<secret>"),
        (f"cookie {JWT}; next", "cookie <secret>; next"),
        ("Authorization: Bearer abcdefgh12345678", "Authorization: <secret>"),
        ("https://h/x?a=1&access_token=abc&b=2", "https://h/x?a=1&<secret>&b=2"),
        ("https://alice:pw@h/", "https://<secret>@h/"),
        ("AKIAIOSFODNN7EXAMPLE", "<secret>"),
        ("aws_secret_access_key = wJalrXUtnFEMI/K7MDENG", "<secret>"),
        ("b3BlbnNzaC1rZXktdjEAAAAABG5v", "<secret>"),
    ],
)
def test_what_becomes_of_a_text(text: str, cleaned: str) -> None:
    assert redact(text, KNOWN) == cleaned


@pytest.mark.parametrize(
    "text",
    [
        "5 tokens passed; token: none",
        'WWW-Authenticate: Bearer realm="hub"',
        "-----BEGIN CERTIFICATE-----\nMIIE\n-----END CERTIFICATE-----",
        "/cvmfs/atlas.cern.ch/repo/sw",
        "https://example.org/a?page=2#top",
        "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    ],
)
def test_what_is_harmless_stays(text: str) -> None:
    assert redact(text, KNOWN) == text


def test_what_stands_for_a_secret_is_no_secret() -> None:
    known = Forbidden(secrets=("secret",), users=("user",), hosts=("host",))
    assert find("<secret><user><host>", known) == []
    assert redact("<user> told a secret", known) == "<user> told a <secret>"


def test_a_secret_that_cannot_be_told_from_text_is_refused() -> None:
    with pytest.raises(ValueError, match="fewer than 4"):
        Forbidden(secrets=("a b\n",))


def test_a_refusal_says_where_and_what_kind_and_never_what() -> None:
    files = {
        "report.json": json.dumps({"causes": [{"text": "at n1.int.example"}]}).encode(),
        "spec.json": b'{"name": "alice"}',
        "evidence/a/b.json": json.dumps({"check": "bo", "steps": [f"x {CANARY}", "alice"]}).encode(),
    }
    with pytest.raises(ReportError) as caught:
        refuse(files, KNOWN)
    told = f"{caught.value} {caught.value.next_step}"
    assert "report.json holds an internal host" in told
    assert "evidence/a/b.json holds a known secret" in told
    assert "evidence/a/b.json holds a user name" in told
    assert "spec.json" not in told, "what the spec says is public"
    assert not any(name in told for name in ("alice", "c4n4ry", "n1.int"))


@pytest.mark.parametrize("file", ["report.json", "spec.json", "evidence/a.json", "runs/r/evidence/a.json"])
def test_a_secret_is_refused_wherever_it_is(file: str) -> None:
    for secret in (CANARY, PEM, JWT):
        with pytest.raises(ReportError, match=file):
            refuse({file: json.dumps({"requirements": [{"title": secret}], "check": secret}).encode()}, KNOWN)


def test_names_that_the_kit_itself_uses_are_nobody() -> None:
    known = Forbidden(users=("storage", "bytes", "pass"))
    data = {"check": "bytes", "item": "storage/home", "outcome": "pass", "assertions": []}
    refuse({"evidence/a.json": json.dumps(data).encode()}, known)


def test_every_pattern_is_shown_to_find_something() -> None:
    shown = {
        hit.kind
        for text in (
            PEM,
            JWT,
            "b3BlbnNzaC1rZXktdjEAAA",
            "token abcdefgh12345678",
            "?api_key=1",
            "s3://a:b@c",
            "password: hunter2hunter",
            "AKIAIOSFODNN7EXAMPLE",
            "ghp_" + "a" * 30,
        )
        for hit in find(text, Forbidden())
    }
    assert set(PATTERNS) <= shown


def test_a_host_is_not_found_in_the_writing_of_json() -> None:
    """A line break before a 1 is written as backslash, n, 1: that is no host called n1."""
    known = Forbidden(hosts=("n1",))
    refuse({"evidence/a.json": json.dumps({"steps": ["one\n1"]}).encode()}, known)
    with pytest.raises(ReportError, match="host"):
        refuse({"evidence/a.json": json.dumps({"steps": ["it ran on n1"]}).encode()}, known)

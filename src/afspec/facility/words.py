"""The kinds of text a spec may hold, each as narrow as its use allows.

What reaches a shell, an INI file or a submit file is checked here, so that nothing hostile gets as far as a
template; generators quote all the same.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from afspec.facility.quantities import MAX_PORT, wrong

if TYPE_CHECKING:
    from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
    from pydantic.json_schema import JsonSchemaValue

_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_HOST = rf"{_LABEL}(?:\.{_LABEL})*"
_PLACEHOLDER = r"<[a-z][a-z-]*>"
_URL_CHARS = rf"(?:[A-Za-z0-9._~:/?#@!&*+,;=%-]|{_PLACEHOLDER})*"
_SEGMENT = r"(?:[A-Za-z0-9._+@=,:-]|<user>|<u>)+"
# From 1 to 65535: another one is no port to whatever takes the address apart.
_PORT = r"(?::(?:[1-9][0-9]{0,3}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5]))?"
# A whole name has at most 253 characters (RFC 1123, 2.1), whatever its labels have.
_NOT_TOO_LONG = r"(?!.{254})"
TEMPLATE_MARKS = re.compile(r"\{\{|\}\}|\{%|%\}|\{#|#\}|<%|%>|@@")

NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,62})\Z")
WORD = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.:@+/-]{0,127}\Z")
HOST = re.compile(rf"{_NOT_TOO_LONG}{_HOST}\Z")
HOST_PORT = re.compile(rf"{_HOST}{_PORT}\Z")
# RFC 1123 in lower case, as Kubernetes wants the names of its objects (Kubernetes documentation, Object Names and IDs).
_DNS_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
DNS_LABEL = re.compile(rf"{_DNS_LABEL}\Z")
DNS_NAME = re.compile(rf"{_NOT_TOO_LONG}{_DNS_LABEL}(?:\.{_DNS_LABEL})*\Z")
# Keys of Secrets and ConfigMaps (Kubernetes documentation, Secret): two dots in front are the kubelet's own.
SECRET_KEY = re.compile(rf"{_NOT_TOO_LONG}\.?[A-Za-z0-9_-][A-Za-z0-9._-]*\Z")
# Kubernetes documentation, Labels and Selectors.
LABEL_VALUE = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,61}[A-Za-z0-9])?\Z")
# A domain and a name: without the domain, a resource is Kubernetes' own (Extended resources).
RESOURCE = re.compile(rf"{_DNS_LABEL}(?:\.{_DNS_LABEL})*/[A-Za-z0-9](?:[A-Za-z0-9._-]{{0,61}}[A-Za-z0-9])?\Z")
# As nvidia-smi names them: 1g.5gb, 1g.10gb+me, 1c.3g.20gb (NVIDIA MIG User Guide, Device Names).
MIG_PROFILE = re.compile(r"(?:[1-7]c\.)?[1-7]g\.[0-9]{1,3}gb(?:[+-][a-z]+(?:\.[a-z]+)*)?\Z")
HOST_PATTERN = re.compile(rf"(?:\*\.)?{_HOST}\Z")
HOST_RANGE = re.compile(rf"({_LABEL}-?)\[([0-9]{{1,4}})-([0-9]{{1,4}})\]((?:\.{_LABEL})*)\Z")
URL = re.compile(rf"https?://(?:{_HOST}|{_PLACEHOLDER}){_PORT}(?:[/?#]{_URL_CHARS})?\Z")
SERVICE_URL = re.compile(rf"(?:s3://)?[a-z][a-z0-9+]*://(?:{_HOST}){_PORT}(?:/{_URL_CHARS})?\Z")
PATH = re.compile(rf"(?:/{_SEGMENT})+/?\Z|/\Z")
REFERENCE = re.compile(
    rf"{_HOST}{_PORT}(?:/[a-z0-9]+(?:[._-]+[a-z0-9]+)*)+"
    r"(?::[A-Za-z0-9_][A-Za-z0-9_.-]{0,127})?(?:@sha256:[0-9a-f]{64})?\Z"
)
BASE = re.compile(r"(?:docker://)?[A-Za-z0-9/][A-Za-z0-9/._:@+-]{0,255}\Z")
ENTITY = re.compile(
    rf"(?:https?://{_HOST}(?:[/?#]{_URL_CHARS})?|urn:[A-Za-z0-9][A-Za-z0-9-]{{0,31}}:[A-Za-z0-9._:/-]+)\Z"
)
ATTRIBUTE = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,63}\Z")
VERSION = re.compile(r"[0-9]+(?:\.[0-9A-Za-z]+){0,4}(?:[-+][0-9A-Za-z.]+)?\Z")
ADDRESS = re.compile(rf"(?:[A-Za-z0-9._+-]+@{_HOST}|https?://{_HOST}(?:[/?#]{_URL_CHARS})?)\Z")
LONGEST_TEXT = 500


@dataclass(frozen=True)
class Form:
    """A text that must match `pattern` whole; the same pattern goes into the JSON Schema."""

    pattern: re.Pattern[str]
    kind: str
    expected: str
    example: str

    def check(self, value: str) -> str:
        """`value` itself; raises PydanticCustomError where it does not match."""
        if self.pattern.match(value) is None:
            raise wrong(self.kind, value, self.expected)
        return value

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_after_validator_function(self.check, handler(source))

    def __get_pydantic_json_schema__(self, _: CoreSchema, __: GetJsonSchemaHandler) -> JsonSchemaValue:
        pattern = "^(?:" + self.pattern.pattern.replace(r"\Z", "") + ")$"
        return {"type": "string", "title": self.kind, "pattern": pattern, "examples": [self.example]}


def _text(value: str) -> str:
    if not value.isprintable() or not value.strip() or len(value) > LONGEST_TEXT:
        expected = f"Write one line of at most {LONGEST_TEXT} characters, without control characters."
        raise wrong("one line of text", value.encode("unicode_escape").decode(), expected)
    if mark := TEMPLATE_MARKS.search(value):
        raise PydanticCustomError(
            "afspec_marker",
            "`{mark}` is a template mark",
            {
                "mark": mark.group(),
                "expected": "Write the text without template marks: they would be left in a generated file.",
            },
        )
    return value


def _path(value: str) -> str:
    expected = "Write an absolute path; <user> stands for the user's name, <u> for its first letter."
    if PATH.match(value) is None or any(part in {".", ".."} for part in value.split("/")):
        raise wrong("an absolute path", value, expected)
    return value.rstrip("/") or "/"


def _fixed_path(value: str) -> str:
    if "<" in value:
        raise wrong("a path without placeholders", value, "Write a path that is the same for every user.")
    return _path(value)


def _version(value: Any) -> Any:
    """A version may be written without quotes: 1.30 keeps its zero."""
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return getattr(value, "text", value)


def _check_version(value: str) -> str:
    if VERSION.match(value) is None:
        raise wrong("a version", value, "Write a version such as 1.30 or 23.9.6.")
    return value


def expand_hosts(pattern: str) -> tuple[str, ...]:
    """The hosts of "attsub[01-08].example.org", or the one host itself.

    Raises:
        PydanticCustomError: not a host name, or a range that is empty or holds more than 1,000 hosts.
    """
    if HOST.match(pattern):
        return (pattern,)
    found = HOST_RANGE.match(pattern)
    if found is None:
        raise wrong("a host name", pattern, "Write a host name, or a range of them: attsub[01-08].")
    stem, low, high, domain = found.groups()
    numbers = range(int(low), int(high) + 1)
    if not 0 < len(numbers) <= 1000 or len(low) > len(high):  # noqa: PLR2004 - nobody logs in to more
        raise wrong("a range of hosts", pattern, "Write the lower number first, at most 1,000 hosts: attsub[01-08].")
    return tuple(f"{stem}{number:0{len(low)}}{domain}" for number in numbers)


def _hosts(value: str) -> str:
    expand_hosts(value)
    return value


def door_url(value: str) -> str:
    """An XRootD door without the trailing slashes that many listings show: root://host:1094.

    Raises:
        PydanticCustomError: not root:// and a host, or it carries a path or a second root://.
    """
    found = re.match(rf"(x?roots?://{_HOST}{_PORT})/*\Z", value)
    if found is None:
        raise wrong("an XRootD door", value, "Write the door alone, without a path: root://xcache.example.org:1094")
    return found[1]


def to_ascii(value: str) -> str:
    """`value` in ASCII: accents are dropped, typographic quotes and dashes become plain, the rest a question mark."""
    if value.isascii():
        return value
    import unicodedata  # noqa: PLC0415 - 1 MB that most specs never need

    plain = value.translate(
        {0x2018: "'", 0x2019: "'", 0x201C: '"', 0x201D: '"', 0x2013: "-", 0x2014: "-", 0x2026: "..."}
    )
    folded = unicodedata.normalize("NFKD", plain)
    return "".join(c for c in folded if not unicodedata.combining(c)).encode("ascii", "replace").decode("ascii")


Name = Annotated[
    str, Form(NAME, "a name", "Use letters, digits, dot, dash and underscore, starting with a letter or digit.", "roma")
]
Word = Annotated[str, Form(WORD, "a word", "Use letters, digits and _ . : @ + / - only.", "atlas:usatlas")]
Host = Annotated[
    str, Form(HOST, "a host name", "Use letters, digits, dashes and dots; no underscore.", "login.af.uchicago.edu")
]
HostPort = Annotated[
    str,
    Form(
        HOST_PORT,
        "a host and port",
        "Write host:port, the port from 1 to 65535; no scheme, no underscore.",
        "triton.svc:8001",
    ),
]
DnsLabel = Annotated[
    str,
    Form(DNS_LABEL, "a DNS label", "Use lower-case letters, digits and dashes, at most 63; no underscore.", "triton"),
]
DnsName = Annotated[
    str,
    Form(DNS_NAME, "a DNS name", "Use lower-case letters, digits, dashes and dots; no underscore.", "letsencrypt-prod"),
]
SecretKey = Annotated[
    str,
    Form(SECRET_KEY, "a key of a Secret", "Use letters, digits, dashes, underscores and dots.", "client-secret"),
]
LabelValue = Annotated[
    str,
    Form(
        LABEL_VALUE,
        "a label's value",
        "Use letters, digits, dashes, underscores and dots, at most 63, a letter or digit at both ends.",
        "NVIDIA-A100-SXM4-40GB",
    ),
]
ResourceName = Annotated[
    str,
    Form(RESOURCE, "a resource's name", "Write domain/name, as nodes list it: nvidia.com/gpu", "nvidia.com/gpu"),
]
MigProfile = Annotated[
    str, Form(MIG_PROFILE, "a MIG profile", "Write it as nvidia-smi does: 1g.5gb, 3g.20gb, 1g.10gb+me", "1g.5gb")
]
HostPattern = Annotated[
    str,
    Form(HOST_PATTERN, "a host name or a domain", "Write a host name, or *. and the domain of many.", "*.unl.edu"),
]
Url = Annotated[
    str,
    Form(
        URL,
        "a URL",
        "Write a URL without user name or quotes, no underscore in its host: https://host/path",
        "https://af.uchicago.edu",
    ),
]
ServiceUrl = Annotated[
    str,
    Form(
        SERVICE_URL,
        "a service URL",
        "Write scheme://host:port/path, the port from 1 to 65535",
        "s3://https://s3.example.org:443/models",
    ),
]
Reference = Annotated[
    str,
    Form(
        REFERENCE,
        "an image reference",
        "Write registry/repository:tag, with @sha256:... to pin it.",
        "hub.opensciencegrid.org/iris-hep/analysis-systems-base:2022-12-15",
    ),
]
Base = Annotated[
    str,
    Form(
        BASE,
        "a base of an image",
        "Write an image's reference, or the path of an archive: docker.io/library/debian:bookworm",
        "docker.io/library/debian:bookworm",
    ),
]
EntityID = Annotated[
    str, Form(ENTITY, "an EntityID", "Write the identity provider's URL or URN.", "https://cern.ch/login")
]
Attribute = Annotated[str, Form(ATTRIBUTE, "a ClassAd attribute", "Use letters, digits and underscore.", "ALLOW_MWT2")]
EnvironmentName = Annotated[
    str, Form(ATTRIBUTE, "a variable name", "Use letters, digits and underscore.", "KRB5CCNAME")
]
Address = Annotated[str, Form(ADDRESS, "a contact", "Write an e-mail address or a URL.", "help@example.org")]
Text = Annotated[
    str, AfterValidator(_text), WithJsonSchema({"type": "string", "title": "Text", "maxLength": LONGEST_TEXT})
]
Path = Annotated[
    str,
    AfterValidator(_fixed_path),
    WithJsonSchema({"type": "string", "title": "Path", "pattern": "^/", "examples": ["/lscratch"]}),
]
UserPath = Annotated[
    str,
    AfterValidator(_path),
    WithJsonSchema(
        {"type": "string", "title": "Path for a user", "pattern": "^/", "examples": ["/sdf/home/<u>/<user>"]}
    ),
]
Hosts = Annotated[
    str,
    AfterValidator(_hosts),
    WithJsonSchema({"type": "string", "title": "Hosts", "examples": ["attsub[01-08]", "iana"]}),
]
Door = Annotated[
    str,
    AfterValidator(door_url),
    WithJsonSchema(
        {
            "type": "string",
            "title": "XRootD door",
            "pattern": "^x?roots?://",
            "examples": ["root://xcache.example.org:1094"],
        }
    ),
]
Version = Annotated[
    str,
    BeforeValidator(_version),
    AfterValidator(_check_version),
    WithJsonSchema({"type": ["string", "number"], "title": "Version", "examples": ["1.30", "23.9.6"]}),
]
Port = Annotated[int, Field(strict=True, ge=1, le=MAX_PORT, examples=[8443])]
Count = Annotated[int, Field(strict=True, ge=1, le=10**9)]
Whole = Annotated[int, Field(strict=True, ge=0, le=10**9)]
Flag = Annotated[bool, Field(strict=True)]

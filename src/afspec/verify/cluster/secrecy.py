"""What looks like the value of a secret: by its form, by the key that it stands under, and by how random it is."""

from __future__ import annotations

import math
import re
from collections import Counter
from typing import TYPE_CHECKING, Any, NamedTuple

from afspec.verify.cluster.pods import listed, mapped
from afspec.verify.cluster.schemas import Fault

if TYPE_CHECKING:
    from collections.abc import Iterator

    from afspec.verify.cluster.reading import Path

# Forms that nothing else has: private keys, tokens of forges and clouds, web tokens, passwords in addresses.
_FORMS = (
    ("a private key", re.compile(r"-----BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY(?: BLOCK)?-----")),
    ("a token of GitHub", re.compile(r"\b(?:gh[pousr]_[A-Za-z0-9]{36,}|github_pat_[A-Za-z0-9_]{40,})")),
    ("a token of GitLab", re.compile(r"\bgl(?:pat|dt|rt|cbt)-[A-Za-z0-9_-]{20,}")),
    ("a key of S3", re.compile(r"\b(?:AKIA|ASIA)[A-Z0-9]{16}\b")),
    ("a token of Slack", re.compile(r"\bxox[abprs]-[A-Za-z0-9-]{10,}")),
    ("a web token", re.compile(r"\beyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{8,}")),
    (
        "a password in an address",
        re.compile(r"\b[a-z][a-z0-9+.-]*://[^\s:/@\"'{}$<>]+:(?P<value>[^\s/@\"'{}$<>]+)@[\w.-]"),
    ),
)
# A key's last word, taken apart at dashes, underscores and capitals.
_WORDS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z0-9]+|[A-Z]")
_SECRET_WORDS = frozenset(
    {"password", "passwd", "passphrase", "pwd", "token", "secret", "apikey", "credential", "credentials"}
)
_SECRET_PAIRS = frozenset(
    {("api", "key"), ("access", "key"), ("secret", "key"), ("private", "key"), ("signing", "key"), ("crypt", "key"),
     ("encryption", "key"), ("auth", "key"), ("cookie", "secret"), ("key", "id"), ("api", "tokens"), ("auth", "tokens")}
)  # fmt: skip
# What such a key may hold all the same: nothing, a path, an address, a name for what is expanded or read elsewhere.
_HARMLESS = re.compile(
    r"^(?:|true|false|/.*|\./.*|https?://[^@]*|file://.*|\$\(.*\)|\$\{.*\}|\$\w+|\{.*\}|<.*>)$", re.IGNORECASE
)
_ASSIGNED = re.compile(
    r"\b(?P<name>[A-Za-z_][\w.]*?(?:password|passwd|passphrase|token|secret|api_?key|access_?key|private_?key))\b[\"']?\]?"
    r"\s*(?:=|:)\s*(?P<quote>[\"'])(?P<value>[^\"'\n]{6,})(?P=quote)",
    re.IGNORECASE,
)
# A program's option: where it names a file, a name of one follows.
_OPTION = re.compile(
    r"(?<![\w-])(?P<name>--?(?:[\w-]+-)?(?:password|passwd|passphrase|token|api-?key|access-?key|secret-?key))"
    r"=(?P<value>[^\s\"']{4,})",
    re.IGNORECASE,
)
_RUN = re.compile(r"[A-Za-z0-9+/_=-]{24,}")
_HEX = re.compile(r"[0-9a-f]{32,}", re.IGNORECASE)
_DIGEST_KEY = re.compile(r"sha\d*|digest|checksum|commit|revision|fingerprint|hash|uuid", re.IGNORECASE)
# Bits a character: English words joined by dashes have about 3.5, random base64 of this length 4.4 and more.
_RANDOM = 4.2


class Known(NamedTuple):
    """Names that stand for secrets without being any: of Secrets, and of the keys that they hold."""

    names: frozenset[str]


def forms(text: str) -> Iterator[tuple[int, str]]:
    """Secrets that their form gives away, in any text: the offset, and what it is."""
    for what, pattern in _FORMS:
        for found in pattern.finditer(text):
            value = found.groupdict().get("value")
            if value is None or not _HARMLESS.match(value):
                yield found.start(), what


def literals(data: Any, known: Known) -> Iterator[Fault]:
    """Secrets in data: values under keys for secrets, in a container's environment, in programs, and random ones."""
    yield from _within(data, (), known)


def _within(value: Any, at: Path, known: Known) -> Iterator[Fault]:
    for index, item in enumerate(listed(value)):
        inside = (*at, index)
        entry = mapped(item)
        # A container's variable: its name says what its value is.
        if isinstance(entry.get("value"), str | int) and isinstance(entry.get("name"), str):
            yield from _under(entry["name"], entry["value"], (*inside, "value"), known)
        yield from _within(item, inside, known)
        if isinstance(item, str):
            yield from _text(item, str(at[-1]) if at else "", inside, known)
    for key, item in mapped(value).items():
        inside = (*at, str(key))
        if isinstance(item, str | int | float) and not isinstance(item, bool):
            yield from _under(str(key), item, inside, known)
            if isinstance(item, str):
                yield from _text(item, str(key), inside, known)
        else:
            if isinstance(item, list) and is_secret_key(str(key)):
                for index, entry in enumerate(item):
                    if isinstance(entry, str):
                        yield from _under(str(key), entry, (*inside, index), known)
            yield from _within(item, inside, known)


def is_secret_key(key: str) -> bool:
    """Whether what stands under a key would be a secret, and not the name of one."""
    words = [word.lower() for word in _WORDS.findall(key.rpartition("/")[2].rpartition(".")[2])]
    if not words:
        return False
    last = words[-1].rstrip("0123456789")
    singular = last.removesuffix("s") if last != "pass" else last
    return singular in _SECRET_WORDS or last in _SECRET_WORDS or tuple(words[-2:]) in _SECRET_PAIRS


def _under(key: str, value: Any, at: Path, known: Known) -> Iterator[Fault]:
    if not is_secret_key(key):
        return
    text = str(value)
    # A number under such a key is a size or a time, unless somebody's password is one.
    numeric = not isinstance(value, str) and "pass" not in key.lower()
    if numeric or _HARMLESS.match(text) or text in known.names:
        return
    yield Fault(at, "is the value of a secret by its key: name a Secret instead")


def _text(text: str, key: str, at: Path, known: Known) -> Iterator[Fault]:
    for found in _ASSIGNED.finditer(text):
        if is_secret_key(found["name"]) and not _HARMLESS.match(found["value"]) and found["value"] not in known.names:
            yield Fault(at, f"gives {found['name']} a value, which is a secret: name a Secret instead")
    for found in _OPTION.finditer(text):
        value = found["value"]
        if not _HARMLESS.match(value) and not value.startswith(("-", "$", "{", "<")) and value not in known.names:
            yield Fault(at, f"gives {found['name']} a value, which is a secret: name a Secret instead")
    if not is_secret_key(key) and not _DIGEST_KEY.search(key) and any(_is_random(text)):
        yield Fault(at, "looks random, as a secret does")


def _is_random(text: str) -> Iterator[bool]:
    for found in _HEX.finditer(text):
        before = text[max(0, found.start() - 12) : found.start()].lower()
        yield not re.search(r"(?:sha\d+|md5|digest|commit)[:=@/-]?$|@$", before)
    for found in _RUN.finditer(text):
        # A path, a name of words and a module's name are long as well, and made of short parts.
        for part in re.split(r"[/_=-]", found[0]):
            mixed = all(re.search(kind, part) for kind in ("[a-z]", "[A-Z]", "[0-9]"))
            yield len(part) >= 20 and mixed and entropy(part) >= _entropy_wanted(len(part))  # noqa: PLR2004


def _entropy_wanted(length: int) -> float:
    return min(_RANDOM, math.log2(length) * 0.8)


def entropy(text: str) -> float:
    """Shannon's entropy of its characters, in bits a character."""
    counts = Counter(text).values()
    return -sum(count / len(text) * math.log2(count / len(text)) for count in counts)

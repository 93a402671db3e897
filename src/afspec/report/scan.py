"""What must never be published: known secrets in any form, what looks like one, people, and internal hosts.

The same search takes it out of a text when it is captured (`redact`, which comes before any shortening) and refuses a
bundle in which something is left (`refuse`). Neither ever says what it found, only what kind of thing and where.
"""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from afspec.report.errors import ReportError
from afspec.report.plain import parse
from afspec.report.views import View, joined, matches, views

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

# Shorter ones cannot be told from text.
MIN_SECRET: Final = 4
_PLACEHOLDER: Final = re.compile("<(?:secret|user|dn|host)>")
# Stands for a placeholder while searching: no secret has it, and no pattern.
_OPAQUE: Final = "\x00"
_SIX_BITS: Final = "[A-Za-z0-9+/_-]"
_WORD: Final = r"[A-Za-z0-9._~+/=%-]"
_KEY_NAMES: Final = (
    r"(?:access_token|refresh_token|id_token|auth_token|api_?token|api_?key|client_secret|secret_?key|"
    r"aws_secret_access_key|aws_session_token|X-Amz-Signature|X-Amz-Security-Token|password|passwd|passphrase|token)"
)
PATTERNS: Final[Mapping[str, re.Pattern[str]]] = {
    # Also grid proxies, in which a key follows the certificate (RFC 7468; RFC 3820).
    "private key": re.compile(
        r"-----BEGIN [A-Z0-9 ]*PRIVATE KEY-----(?:.*?-----END [A-Z0-9 ]*PRIVATE KEY-----|.*)", re.DOTALL
    ),
    # The magic of OpenSSH's format, in base64.
    "SSH key": re.compile(r"b3BlbnNzaC1rZXktdjE[A-Za-z0-9+/=\s]*"),
    # RFC 7519: JSON in base64, which begins with {"
    "JWT": re.compile(r"eyJ[A-Za-z0-9_-]{5,}\.eyJ[A-Za-z0-9_-]{5,}(?:\.[A-Za-z0-9_-]*)?"),
    "token": re.compile(rf"(?i:\b(?:bearer|basic|token|negotiate)[ \t]+)(?={_WORD}{{0,99}}[0-9]){_WORD}{{12,}}"),
    "key in a URL": re.compile(rf"(?i:(?<=[?&;#]){_KEY_NAMES})=[^\s&;#\"'<>\x00]+"),
    "password in a URL": re.compile(r"(?<=://)[^\s/@\"'<>\x00]*:[^\s/@\"'<>\x00]+(?=@)"),
    "key": re.compile(rf"(?i:\b{_KEY_NAMES})[\"']?[ \t]*[=:][ \t]*[\"']?(?={_WORD}{{0,99}}[0-9]){_WORD}{{8,}}"),
    "AWS key": re.compile(r"\b(?:AKIA|ASIA)[A-Z0-9]{16}\b"),
    "forge token": re.compile(r"\b(?:gh[pousr]_[A-Za-z0-9]{20,}|glpat-[A-Za-z0-9_-]{16,})"),
}
# A certificate's subject, as grid tools write it and as RFC 4514 does. Bounded: a hostile text must not take hours.
_DN: Final = (
    re.compile(r"(?:/(?:DC|C|O|OU|CN|L|ST|UID|emailAddress)=[^/\n\r\"<>\x00]{1,200}){2,}"),
    re.compile(r"\b(?:CN|UID)=[^,\n\r\"<>\x00]{1,200}(?:, ?(?:CN|OU|O|DC|C|L|ST)=[^,\n\r\"<>\x00]{1,200})+"),
)


@dataclass(frozen=True)
class Forbidden:
    """What a run knows that nobody else may.

    Raises:
        ValueError: a secret is too short to be told from text.
    """

    secrets: tuple[str, ...] = ()
    users: tuple[str, ...] = ()
    dns: tuple[str, ...] = ()
    hosts: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if any(len("".join(secret.split())) < MIN_SECRET for secret in self.secrets):
            raise ValueError(
                f"a secret of fewer than {MIN_SECRET} characters cannot be told from text: use a longer one"
            )


@dataclass(frozen=True)
class _Wanted:
    """What to look for: `values` and `subjects` in a text without white space, the others as words."""

    values: re.Pattern[str] | None
    subjects: re.Pattern[str] | None
    users: re.Pattern[str] | None
    hosts: re.Pattern[str] | None


@lru_cache(maxsize=16)
def _wanted(forbidden: Forbidden) -> _Wanted:
    # alice is not in malice, but is in /home/alice and in jupyter-alice.
    ends = r"(?<![A-Za-z0-9])", r"(?![A-Za-z0-9])"
    forms = sorted(
        {form for secret in forbidden.secrets for form in _forms(secret)}, key=lambda form: (-len(form), form)
    )
    return _Wanted(
        values=re.compile("|".join(forms)) if forms else None,
        subjects=_any_of("".join(name.split()) for name in forbidden.dns),
        users=_any_of(forbidden.users, *ends),
        hosts=_any_of(forbidden.hosts, *ends),
    )


@dataclass(frozen=True)
class Hit:
    """Where something is that must not be: the placeholder for it, what kind of thing, and which characters."""

    word: str
    kind: str
    start: int
    end: int


def _any_of(names: Iterable[str], before: str = "", after: str = "") -> re.Pattern[str] | None:
    # The longest first: a name may be the beginning of another.
    wanted = sorted({name for name in names if name}, key=lambda name: (-len(name), name))
    pattern = f"{before}(?:{'|'.join(map(re.escape, wanted))}){after}"
    return re.compile(pattern, re.IGNORECASE) if wanted else None


def _forms(secret: str) -> Iterator[str]:
    """The forms of a secret, as patterns."""
    bare = "".join(secret.split())
    yield re.escape(bare)
    yield re.escape("".join(secret.replace(" ", "+").split()))  # application/x-www-form-urlencoded
    for data in {secret.encode(errors="surrogatepass"), bare.encode(errors="surrogatepass")}:
        yield data.hex()
        for shift in range(3):
            # Three bytes become four characters: the first and last of these also hold bits of their neighbours.
            first, last = -(-8 * shift // 6), 8 * (shift + len(data)) // 6
            text = base64.b64encode(bytes(shift) + data).decode()[first:last]
            before = f"{_SIX_BITS}?" if shift else ""
            after = f"{_SIX_BITS}?" if 8 * (shift + len(data)) % 6 else ""
            for form in (text, text.replace("+", "-").replace("/", "_")):
                yield f"{before}{re.escape(form)}{after}"


def find(text: str, forbidden: Forbidden, *, people: bool = True) -> list[Hit]:
    """Everything in a text that must not be there; `people` says whether users, subjects and hosts count."""
    hits: list[Hit] = []
    wanted = _wanted(forbidden)

    def note(word: str, kind: str, view: View, pattern: re.Pattern[str] | None) -> None:
        if pattern:
            hits.extend(Hit(word, kind, *place) for place in matches(view, pattern))

    for seen in views(text):
        view = seen.derive(_PLACEHOLDER, lambda _: _OPAQUE)
        for whole in joined(view):
            note("secret", "known secret", whole, wanted.values)
            note("secret", "JWT", whole, PATTERNS["JWT"])
            note("dn", "subject of a certificate", whole, wanted.subjects if people else None)
        for kind, pattern in PATTERNS.items():
            note("secret", kind, view, pattern)
        if people:
            for known in _DN:
                note("dn", "subject of a certificate", view, known)
            note("user", "user name", view, wanted.users)
            note("host", "internal host", view, wanted.hosts)
    return hits


def redact(text: str, forbidden: Forbidden) -> str:
    """The text with <secret>, <user>, <dn> and <host> in place of what must not be published."""
    while hits := find(text, forbidden):
        text = _replace(text, hits)
    return text


def _replace(text: str, hits: list[Hit]) -> str:
    """The text with every hit replaced; of hits that overlap, the gravest word stands for all."""
    order = ("secret", "dn", "user", "host")
    merged: list[Hit] = []
    for hit in sorted(hits, key=lambda hit: (hit.start, hit.end)):
        last = merged[-1] if merged else None
        if last and hit.start < last.end:
            word = min(last.word, hit.word, key=order.index)
            merged[-1] = Hit(word, "", last.start, max(last.end, hit.end))
        else:
            merged.append(hit)
    parts, done = [], 0
    for hit in merged:
        parts += [text[done : hit.start], f"<{hit.word}>"]
        done = hit.end
    return "".join((*parts, text[done:]))


# What a report and its evidence say in the kit's own words, or in those of the spec: no person is meant there.
_CAPTURED: Final = {"text", "next", "degraded", "context"}
_OWN: Final = {"check", "item", "outcome"}


def refuse(files: Mapping[str, bytes], forbidden: Forbidden) -> None:
    """Let the files of a bundle pass, by path.

    People and hosts are looked for in what was captured: the evidence, and the report's remarks. What spec and
    catalogue say is public already.

    Raises:
        ReportError: something in them must not be published; it says where and of what kind, never what.
    """
    found: dict[tuple[str, str], None] = {}
    for path, data in files.items():
        captured = path.startswith(("evidence/", "runs/"))
        text = _text(path, data)
        hits = find(text, forbidden, people=False)
        hits += find(_remarks(path, data, evidence=captured), forbidden)
        hits += find(path, forbidden, people=captured)
        found |= dict.fromkeys((path, hit.kind) for hit in hits)
    if found:
        listed = "; ".join(f"{redact(path, forbidden)} holds {_a(kind)}" for path, kind in found)
        hint = "It was captured where it should have been taken out: that is a fault of the check. Nothing was written."
        raise ReportError(f"not to be published: {listed}", next_step=hint)


def _a(kind: str) -> str:
    return f"{'an' if kind[0] in 'AaIi' else 'a'} {kind}"


def _text(path: str, data: bytes) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        raise ReportError("is no UTF-8", path, "Evidence is JSON.") from error


def _remarks(path: str, data: bytes, *, evidence: bool) -> str:
    """What was captured, as one text."""
    plain = parse(data, path)
    if evidence and isinstance(plain, dict):
        # As it was seen: in JSON's own writing the line after a line break would begin with an n.
        return "\n".join(_strings({key: value for key, value in plain.items() if key not in _OWN}))
    if path != "report.json":
        return ""
    return "\n".join(_captured(plain))


def _strings(value: object) -> Iterator[str]:
    """Every text in plain data, keys included."""
    if isinstance(value, dict):
        for name, part in value.items():
            yield name
            yield from _strings(part)
    elif isinstance(value, list):
        for part in value:
            yield from _strings(part)
    elif value is not None:
        yield str(value)


def _captured(value: object, key: str = "") -> Iterator[str]:
    if isinstance(value, dict):
        for name, part in value.items():
            # Waivers are public by intent, with the name of who answers for them.
            if name not in {"waivers", "requirements"}:
                yield from _captured(part, name)
    elif isinstance(value, list):
        for part in value:
            yield from _captured(part, key)
    elif isinstance(value, str) and key in _CAPTURED:
        yield value

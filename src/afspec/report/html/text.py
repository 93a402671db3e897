"""Text for readers: dates, ages, sizes, links; hostile text stays text."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import quote, urlsplit

from markupsafe import Markup, escape

from afspec.report.attempts import utc

if TYPE_CHECKING:
    import datetime as dt

    from afspec.report.model import Budget

_LINK = re.compile(r"(?:https?://|mailto:)[^\s<>\"'`\\\u200b-\u200f\u202a-\u202e\u2066-\u2069]+", re.IGNORECASE)
_TRAILING = ".,;:!?)]}"
_UNITS = ((86400, "day"), (3600, "hour"), (60, "minute"))
_KILO = 1000


def moment(when: dt.datetime) -> str:
    """A moment as 2026-11-22 14:05 UTC."""
    return f"{utc(when):%Y-%m-%d %H:%M} UTC"


def day(when: dt.datetime) -> str:
    """The day of a moment, in UTC."""
    return utc(when).date().isoformat()


def span(seconds: float) -> str:
    """A length of time in its largest whole unit: 90 days, 3 hours, 12 s."""
    for size, name in _UNITS:
        if seconds >= size:
            count = int(seconds // size)
            return f"{count} {name}" if count == 1 else f"{count} {name}s"
    return f"{seconds:.3g} s"


def age(when: dt.datetime, today: dt.datetime) -> str:
    """How long ago something was."""
    seconds = (utc(today) - utc(when)).total_seconds()
    if seconds < 0:
        return "dated after this page"
    return f"{span(seconds)} ago" if seconds >= 60 else "just now"  # noqa: PLR2004 - seconds of a minute


def size(count: float) -> str:
    """Bytes as 12.3 MB, in powers of a thousand."""
    for unit in ("B", "kB", "MB", "GB"):
        if count < _KILO:
            return f"{count:.3g} {unit}"
        count /= _KILO
    return f"{count:.3g} TB"


def budget(given: Budget) -> str:
    """What one instance of a requirement may use, in one line."""
    parts = [f"{span(given.wall)} on the clock"]
    parts += [f"{given.jobs} job" if given.jobs == 1 else f"{given.jobs} jobs"] if given.jobs else []
    parts += [f"{given.cpu:g} CPU s"] if given.cpu else []
    parts += [f"{given.gpu:g} GPU s"] if given.gpu else []
    parts += [size(given.bytes)] if given.bytes else []
    return ", ".join(parts)


def clip(text: str, length: int = 90) -> str:
    """The text on one line, cut where a small cell has no room; a longer one is whole on the site's page."""
    line = " ".join(text[: 4 * length].split())
    return line if len(line) <= length and len(text) <= 4 * length else f"{line[: length - 1].rstrip()}…"


def safe_address(text: str) -> bool:
    """Whether a browser may be sent there: http, https and mailto, with nothing before the host."""
    try:
        parts = urlsplit(text)
        return parts.scheme == "mailto" or (
            parts.scheme in {"http", "https"} and bool(parts.hostname) and "@" not in parts.netloc
        )
    except ValueError:  # such as an unclosed [ of an IPv6 address
        return False


def linked(text: str) -> Markup:
    """The text, escaped, in which http, https and mailto addresses are links and nothing else is."""
    done: list[Markup] = []
    at = 0
    for match in _LINK.finditer(text):
        address = match[0].rstrip(_TRAILING)
        if not safe_address(address):
            continue
        done.append(escape(text[at : match.start()]))
        done.append(Markup('<a href="{}" rel="noopener noreferrer">{}</a>').format(address, address))
        at = match.start() + len(address)
    done.append(escape(text[at:]))
    return Markup('<bdi dir="auto">{}</bdi>').format(Markup("").join(done))


def file_link(base: str, path: str) -> str:
    """The address of a bundle's file; empty where the bundle is not at hand or the path would leave it."""
    parts = path.split("/")
    if not base or base.startswith("//") or not path or "\\" in path or any(part in {"", ".", ".."} for part in parts):
        return ""
    if ":" in base.split("/", maxsplit=1)[0] and not safe_address(base):
        return ""
    start = base if safe_address(base) else quote(base)
    return f"{start.rstrip('/')}/{quote(path, safe='/')}"


def anchor(site: str, item: str) -> str:
    """The id of a site's section on a requirement's page, or of an instance in it; no two are alike."""
    # An address carries these letters as they are, and the prefix keeps clear of the page's own ids.
    return f"at-{site}--{quote(item, safe='').replace('_', '_5F').replace('%', '_')}" if item else f"at-{site}"

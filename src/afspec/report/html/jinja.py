"""The templates, compiled once: everything that they print is escaped, and a name that is not given is an error."""

from __future__ import annotations

import base64
import hashlib
import re
from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from afspec.report.html import faces, text, today
from afspec.report.ready import ready
from afspec.verdict import Outcome

_FOLDER = Path(__file__).parent / "templates"

OF_OUTCOME = {
    Outcome.PASS: faces.Face("verified", "✓", "pass", "", 0),
    Outcome.FAIL: faces.Face("broken", "✗", "fail", "", 0),
    Outcome.UNVERIFIED: faces.Face("unverified", "?", "unverified", "", 0),
    Outcome.ERROR: faces.Face("error", "!", "error", "", 0),
    Outcome.NOT_RUN: faces.Face("gap", "·", "not run", "", 0),
}


def style() -> str:
    """The style sheet without the spaces that only its writers need."""
    given = (_FOLDER / "style.css").read_text(encoding="utf-8")
    return re.sub(r"\s*\n\s*", "\n", given).strip()


@cache
def environment() -> Environment:
    """What the pages are made with. The style is named by its digest, so that no page runs any other."""
    made = Environment(
        loader=FileSystemLoader(_FOLDER),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    sheet = style()
    digest = base64.b64encode(hashlib.sha256(sheet.encode()).digest()).decode()
    made.globals |= {
        "style": Markup(sheet),  # noqa: S704 - our own file
        "style_digest": Markup("sha256-" + digest),  # noqa: S704
        "legend": faces.LEGEND,
        "holds": faces.HOLDS,
        "stances": faces.STANCES,
        "of_word": faces.OF_WORD,
        "of_readiness": faces.OF_READINESS,
        "ready": ready,
        "of_outcome": OF_OUTCOME,
        "not_asked": faces.NOT_ASKED,
        "no_report": faces.NO_REPORT,
        "worst": lambda instances: faces.worst(one.face for one in instances),
        **{name: getattr(today, name) for name in ("as_counted", "tally", "waiver_state", "words")},
        **{name: getattr(text, name) for name in ("age", "anchor", "budget", "clip", "day", "linked", "moment")},
        **{name: getattr(text, name) for name in ("size", "span")},
    }
    return made

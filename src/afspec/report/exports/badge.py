"""A badge as SVG: the site, its word with the counts, the date; and whether it is unsigned, partial or a twin's."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Final

from afspec.report.exports.form import Exported
from afspec.verdict import SiteWord

if TYPE_CHECKING:
    from afspec.report.exports.form import Subject

# White letters on each have a contrast of at least 4.5 (WCAG 2.2, 1.4.3); the word says what the colour does.
_COLOURS: Final = {
    SiteWord.CONFORMANT: "#1a7f37",
    SiteWord.WITH_WAIVERS: "#8a5a00",
    SiteWord.NOT_DEMONSTRATED: "#57606a",
    SiteWord.NON_CONFORMANT: "#b3261e",
    SiteWord.NOTHING_PROMISED: "#57606a",
}
_TWIN: Final = "#5b3fa0"
_HEIGHT: Final = 20
# Pixels a letter of DejaVu Sans or Verdana takes at 11 px, at most on average; `textLength` makes it exact.
_LETTER: Final = 6.6
_PAD: Final = 8


def badge(subject: Subject) -> Exported:
    """The badge; it is never green for a twin, nor for what is partial, whose word is not conformant."""
    colour = _TWIN if subject.report.environment == "twin" else _COLOURS[subject.word]
    remarks = "; ".join(_short(remark) for remark in subject.remarks)
    left = f"afspec {subject.name}"
    right = f"{subject.word}: {subject.today.counts} · {remarks} · {subject.date}"
    return Exported(_svg(left, right, colour))


def _short(remark: str) -> str:
    return "signed" if remark.startswith("signed by") else remark


def _svg(left: str, right: str, colour: str) -> str:
    widths = [round(len(text) * _LETTER) for text in (left, right)]
    split = widths[0] + 2 * _PAD
    whole = split + widths[1] + 2 * _PAD
    label = escape(f"{left}: {right}")
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{whole}" height="{_HEIGHT}" role="img" aria-label="{label}">\n'
        f"<title>{label}</title>\n"
        f'<rect width="{split}" height="{_HEIGHT}" fill="#24292f"/>\n'
        f'<rect x="{split}" width="{whole - split}" height="{_HEIGHT}" fill="{colour}"/>\n'
        f'<g fill="#ffffff" font-family="DejaVu Sans,Verdana,sans-serif" font-size="11">\n'
        f'<text x="{_PAD}" y="14" textLength="{widths[0]}">{escape(left)}</text>\n'
        f'<text x="{split + _PAD}" y="14" textLength="{widths[1]}">{escape(right)}</text>\n'
        "</g>\n</svg>\n"
    )

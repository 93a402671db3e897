"""What the compiler says to people: one diagnostic type, where it points, and how it is printed.

Nothing here knows what a facility is. Every code is listed in `codes` (or in the rule that owns it) with
the sentence that documents it; `sarif` is imported where it is asked for.
"""

from afspec.diagnostics.codes import CODES, Code
from afspec.diagnostics.diagnostic import AfspecError, Diagnostic, Reported, Severity, Span
from afspec.diagnostics.meaning import Meaning
from afspec.diagnostics.nearest import nearest
from afspec.diagnostics.render import excerpt, printable, render_github, render_json, render_text
from afspec.diagnostics.selection import Selection, SelectionError, selection

__all__ = [
    "CODES",
    "AfspecError",
    "Code",
    "Diagnostic",
    "Meaning",
    "Reported",
    "Selection",
    "SelectionError",
    "Severity",
    "Span",
    "excerpt",
    "nearest",
    "printable",
    "render_github",
    "render_json",
    "render_text",
    "selection",
]

"""What the compiler says to people: one diagnostic type, where it points, and how it is printed.

Nothing here knows what a facility is. Every code is listed in `codes` (or in the rule that owns it) with
the sentence that documents it.
"""

from afspec.diagnostics.codes import CODES, Code
from afspec.diagnostics.diagnostic import AfspecError, Diagnostic, Severity, Span
from afspec.diagnostics.nearest import nearest
from afspec.diagnostics.render import printable, render_github, render_json, render_text

__all__ = [
    "CODES",
    "AfspecError",
    "Code",
    "Diagnostic",
    "Severity",
    "Span",
    "nearest",
    "printable",
    "render_github",
    "render_json",
    "render_text",
]

"""From a spec to files: look up, load, check, plan, render, verify, write, lock.

Knows generators only through their interface. One writer touches the disk; everything before it is pure.
"""

from afspec.compiler.build import compile_site, render_site, unchanged
from afspec.compiler.frontend import Checked, Frontend
from afspec.compiler.lookup import look_up
from afspec.compiler.outcome import Action, Outcome, Site, counted

__all__ = [
    "Action",
    "Checked",
    "Frontend",
    "Outcome",
    "Site",
    "compile_site",
    "counted",
    "look_up",
    "render_site",
    "unchanged",
]

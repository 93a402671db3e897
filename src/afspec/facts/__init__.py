"""The facts of a spec by age and trust: what was published where and when, in which state, and what no document says.

A fact is an entry of `sources`, with all the values that it covers. Pure functions: Facility in, tables out.
"""

from afspec.facts.age import AgeError, oldest_day
from afspec.facts.fact import SORTS, STATES, Fact, Ledger, ledger
from afspec.facts.render import FORMATS, render_facts

__all__ = [
    "FORMATS",
    "SORTS",
    "STATES",
    "AgeError",
    "Fact",
    "Ledger",
    "ledger",
    "oldest_day",
    "render_facts",
]

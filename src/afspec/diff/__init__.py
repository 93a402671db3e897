"""Two states of a facility side by side: what changes, by what it means to users, and which files come of it.

Computed from the models and from what generators make of them: a new field or section shows without a line here.
"""

from afspec.diff.change import Change, Group, Verb
from afspec.diff.compare import compare
from afspec.diff.comparison import Comparison, compare_states
from afspec.diff.files import Effects, effects_of
from afspec.diff.plan import Plan, make_plan
from afspec.diff.state import State, read_state, state_of

__all__ = [
    "Change",
    "Comparison",
    "Effects",
    "Group",
    "Plan",
    "State",
    "Verb",
    "compare",
    "compare_states",
    "effects_of",
    "make_plan",
    "read_state",
    "state_of",
]

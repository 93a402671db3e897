"""Section `ignored`: warnings that a facility lives with, and why.

An ignored warning is set aside, not silent: it is counted, and scripts are told of it with its reason. A warning
that is left out on the command line (`--ignore`) is one that a person does not want to see today; what is written here
is a decision, and whoever reads the spec finds it.
"""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import Field

from afspec.facility.common import Model
from afspec.facility.words import Form, Text
from afspec.source import parse_pointer

RULE = re.compile(r"[A-Z]{1,8}[0-9]{1,8}\Z")
POINTER = re.compile(r"(?:/[^\x00-\x1f\x7f]{0,499})?\Z")

RuleCode = Annotated[
    str, Form(RULE, "a rule's code", "Write the code of a warning; `afspec rules` lists them.", "AF3104")
]
Pointer = Annotated[
    str,
    Form(
        POINTER,
        "a pointer into the spec",
        "Start with a slash, and name what is in lists: /batch/slurm/partitions/roma",
        "/batch/slurm/partitions/roma",
    ),
]


class Ignored(Model):
    """A warning that is lived with."""

    rule: RuleCode = Field(description="The rule's code.")
    at: Pointer = Field("", description="Where, and everywhere below; left out, in the whole spec.")
    reason: Text = Field(
        description="Why it is right as it is.", examples=["The pages of the other clusters are being rewritten."]
    )

    def covers(self, rule: str, pointer: str) -> bool:
        """Whether a finding is meant; one about a source is found at the fact, too, that the source is of."""
        if rule != self.rule:
            return False
        at = self.at.rstrip("/") + "/"
        return any(f"{place}/".startswith(at) for place in places(pointer))


def places(pointer: str) -> tuple[str, ...]:
    """Where a finding is found: at its pointer, and where that is one of a source, at the fact, too."""
    # The key of a source is itself a pointer.
    match parse_pointer(pointer):
        case ("sources", fact, *_):
            return (pointer, fact)
        case _:
            return (pointer,)

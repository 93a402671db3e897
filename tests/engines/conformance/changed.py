"""A run of the kit that was told something else than the twin's spec says, or has less time."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from afspec.conformance.catalogue import Limits
from afspec.conformance.plan import make_plan

if TYPE_CHECKING:
    from engines.conformance.conftest import Asked


def declaring(asked: Asked, part: str, **values: Any) -> Asked:
    """The same run over a facility that declares other values: of `images`, or of its first batch pool."""
    facility = asked.run.facility
    old = facility.batch[0] if part == "batch" else getattr(facility, part)
    new = old.model_copy(update=values)
    asked.run.facility = facility.model_copy(update={part: (new, *facility.batch[1:]) if part == "batch" else new})
    return planned(asked)


def planned(asked: Asked, **budget: Any) -> Asked:
    """The same run with its plan made anew, every requirement with the same budget where one is given."""
    plan = make_plan(asked.run.facility, asked.run.plan.catalogue)
    if budget:
        limits = {"budget": Limits(**budget)}
        hurried = [replace(one, requirement=one.requirement.model_copy(update=limits)) for one in plan.instances]
        plan = replace(plan, instances=tuple(hurried))
    # A cached property: what is put here is what it is.
    asked.run.__dict__["plan"] = plan
    return asked

"""The catalogue joined with a spec: every instance that must be in a report, and what asking all of it costs."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import afspec.conformance.subjects_notebooks  # noqa: F401 - registers its selectors
from afspec.conformance import subjects_agc, subjects_parts  # noqa: F401 - their selectors are found by their names
from afspec.conformance.contexts import CONTEXTS
from afspec.conformance.subjects import SELECTORS, Subject
from afspec.verdict import Promise

if TYPE_CHECKING:
    from collections.abc import Iterable

    from afspec.conformance.catalogue import Catalogue, Check, Requirement
    from afspec.facility import Facility


@dataclass(frozen=True)
class Instance:
    """A requirement asked of one subject; `context` says why it does not apply, "" if it does."""

    requirement: Requirement
    subject: Subject
    context: str = ""

    @property
    def id(self) -> str:
        """AF-BATCH-003[slurm/roma]."""
        return f"{self.requirement.id}[{self.subject.item}]"

    @property
    def asked(self) -> bool:
        """Whether anything is to be tried: it applies, and it is offered, or is looked for anyway."""
        return not self.context and (self.subject.promise.offered or self.requirement.seek)

    def check(self, name: str) -> Check:
        """One of its checks; StopIteration where it has none of that name."""
        return next(check for check in self.requirement.checks if check.name == name)

    def rests_on(self, other: Instance) -> bool:
        """Whether another instance is about the same things: the kinds that both name agree."""
        mine, theirs = self.subject.keys, other.subject.keys
        return all(mine.get(kind, name) == name for kind, name in theirs.items())


@dataclass(frozen=True)
class Plan:
    """All instances of a run, in the order of the catalogue."""

    facility: Facility
    catalogue: Catalogue
    instances: tuple[Instance, ...]

    @cached_property
    def by_id(self) -> dict[str, Instance]:
        """Instances by their ids."""
        return {instance.id: instance for instance in self.instances}

    def below(self, instance: Instance) -> list[Instance]:
        """What an instance rests on, as far as it is asked at all; what lies deeper comes with those."""
        return [
            other
            for name in instance.requirement.depends_on
            for other in self.instances
            if other.requirement.id == name and other.asked and instance.rests_on(other)
        ]

    @cached_property
    def ordered(self) -> tuple[Instance, ...]:
        """The instances with whatever others rest on before those others, else in the catalogue's order."""
        done: dict[str, Instance] = {}

        def visit(instance: Instance) -> None:
            if instance.id not in done:
                for other in self.below(instance):
                    visit(other)
                done[instance.id] = instance

        for instance in self.instances:
            visit(instance)
        return tuple(done.values())


def _subjects(facility: Facility, requirement: Requirement) -> list[Subject]:
    found = list(SELECTORS[requirement.each](facility))
    # Silence is shown: one row that says that nothing was declared.
    return found or [Subject("", "", Promise.UNDECLARED)]


def instances(facility: Facility, requirements: Iterable[Requirement]) -> tuple[Instance, ...]:
    """Every instance of the requirements at a facility.

    Raises:
        KeyError: a requirement names a selector or a context that is not there.
    """
    found = []
    for requirement in requirements:
        applies = CONTEXTS[requirement.applies_when] if requirement.applies_when else None
        for subject in _subjects(facility, requirement):
            context = applies(facility, subject) if applies and subject.promise is not Promise.UNDECLARED else ""
            found.append(Instance(requirement, subject, context))
    return tuple(found)


def make_plan(facility: Facility, catalogue: Catalogue, profile: str | None = None) -> Plan:
    """The plan of a whole run, or of a profile's requirements and of those that they rest on.

    Raises:
        KeyError: there is no such profile.
    """
    wanted = _with_what_they_rest_on(catalogue, catalogue.members[profile]) if profile else None
    chosen = [item for item in catalogue.requirements if wanted is None or item.id in wanted]
    return Plan(facility, catalogue, instances(facility, chosen))


def members(facility: Facility, catalogue: Catalogue) -> dict[str, tuple[str, ...]]:
    """What each profile needs at a facility: of ways to one thing those that it offers, or all if it offers none."""
    offered = {
        instance.requirement.id
        for instance in instances(facility, catalogue.requirements)
        if instance.subject.promise.offered
    }
    return {
        profile.name: (
            *profile.requirements,
            *(name for group in profile.one_of for name in group if name in offered or not offered & set(group)),
        )
        for profile in catalogue.profiles
    }


def _with_what_they_rest_on(catalogue: Catalogue, names: Iterable[str]) -> set[str]:
    found: set[str] = set()
    left = list(names)
    while left:
        name = left.pop()
        if name not in found:
            found.add(name)
            left += catalogue.requirement(name).depends_on
    return found


def cost(asked: Iterable[Instance]) -> dict[str, float]:
    """The most that asking all of it may use, summed: seconds, jobs, CPU and GPU seconds, bytes."""
    limits = [instance.requirement.budget for instance in asked]
    return {
        "wall": sum(limit.wall for limit in limits),
        "jobs": sum(limit.jobs for limit in limits),
        "cpu": sum(limit.cpu for limit in limits),
        "gpu": sum(limit.gpu for limit in limits),
        "bytes": sum(limit.bytes for limit in limits),
    }

"""A requirement of the catalogue as reports carry it: what writes a report and what verifies one must agree."""

from __future__ import annotations

from typing import TYPE_CHECKING

from afspec.report.model import Budget, RequirementRow

if TYPE_CHECKING:
    from afspec.conformance.catalogue import Requirement


def row(requirement: Requirement) -> RequirementRow:
    """A requirement as reports carry it."""
    limits = requirement.budget
    return RequirementRow(
        id=requirement.id,
        title=requirement.title,
        level=requirement.level,
        capability=requirement.capability,
        statement=requirement.statement,
        source=requirement.source,
        vantage=requirement.vantage,
        actor=requirement.actor,
        safety=requirement.safety,
        max_age=requirement.max_age,
        budget=Budget(wall=limits.wall, jobs=limits.jobs, cpu=limits.cpu, gpu=limits.gpu, bytes=limits.bytes),
        checks=tuple(check.name for check in requirement.checks),
        each="" if requirement.each == "site" else requirement.each,
    )

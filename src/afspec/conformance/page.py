"""The page of requirements: what is asked of whom, and how each check was seen to pass and to fail."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

from afspec.conformance.catalogue import catalogue
from afspec.facility.quantities import format_duration

if TYPE_CHECKING:
    from afspec.conformance.catalogue import Check, Requirement

HEAD = """# Requirements

Made from conformance/catalogue/ by `make docs`. Levels are those of RFC 2119; what each verdict means is in
[conformance](conformance.md).

"""
SEEN = """## How each check was seen to pass and to fail

On an engine: a real one, in a twin. Against a server of the tests: a small faithful one, for what cannot be installed
here. Never: what no machine here can show, with the reason; such a check has only been read.

| Check | What a pass shows | Passed | Failed |
| :-- | :-- | :-- | :-- |
"""


def seen(places: tuple[str, ...]) -> str:
    """In which of the two ways something was seen, or "" if in none."""
    if any(place.startswith(("twin/", "tests/engines/")) for place in places):
        names = sorted({place.removeprefix("twin/") for place in places if place.startswith("twin/")})
        return f"on an engine ({', '.join(names)})" if names else "on an engine"
    return "against a server of the tests" if places else ""


def how_seen(check: Check) -> tuple[str, str]:
    """How a check was seen to pass, and to fail."""
    never = f"never: {check.unseen}" if check.unseen else "never"
    return seen(check.passes) or never, seen(check.fails) or never


def _row(requirement: Requirement) -> str:
    budget = requirement.budget
    jobs = f", {budget.jobs} jobs" if budget.jobs else ""
    each = "site" if requirement.each == "site" else requirement.each.replace("_", " ")
    what = f"{requirement.title}: {_cell(requirement.statement)}"
    return (
        f"| {requirement.id} | {requirement.level.value} | {what} | {each} "
        f"| {requirement.vantage} | {requirement.safety} | {format_duration(budget.wall)}{jobs} "
        f"| {format_duration(requirement.max_age)} |"
    )


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def requirements_page() -> str:
    """The whole page."""
    whole = catalogue()
    parts = [HEAD]
    for capability, group in groupby(whole.requirements, key=lambda item: item.capability):
        parts.append(f"## {capability}\n\n| Id | Level | What holds | Each | Vantage | Safety | Budget | Fresh for |\n")
        parts.append("| :-- | :-- | :-- | :-- | :-- | :-- | :-- | :-- |\n")
        parts += [f"{_row(requirement)}\n" for requirement in group]
        parts.append("\n")
    parts.append("## Profiles\n\n")
    for profile in whole.profiles:
        parts.append(f"- **{profile.name}**: {profile.title}: {', '.join(profile.requirements)}\n")
    parts.append(f"\n{SEEN}")
    for requirement in whole.requirements:
        for check in requirement.checks:
            passed, failed = how_seen(check)
            parts.append(f"| {requirement.id}.{check.name} | {_cell(check.shows)} | {passed} | {failed} |\n")
    return "".join(parts)

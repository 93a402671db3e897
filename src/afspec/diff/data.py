"""Changes, files and plans as plain data, for scripts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    from afspec.diff.asked import Asked
    from afspec.diff.change import Change
    from afspec.diff.comparison import Comparison
    from afspec.diff.files import Effects
    from afspec.diff.plan import Plan
    from afspec.diff.whatif import WhatIf


def change_data(change: Change, effects: Effects | None) -> dict[str, Any]:
    """One change; `files` is null where it cannot stand alone, or was not asked about."""
    touched = effects.touched.get(change.pointer) if effects else None
    return {
        "group": change.group.value,
        "verb": change.verb.value,
        "pointer": change.pointer,
        "place": change.place,
        "label": change.label,
        "old": change.old,
        "new": change.new,
        "details": list(change.details),
        "parts": [change_data(part, None) for part in change.parts],
        "files": list(touched) if touched is not None else None,
    }


def effects_data(effects: Effects) -> dict[str, Any]:
    """The files of both states."""
    return {
        "new": list(effects.added),
        "gone": list(effects.removed),
        "changed": {path: lines._asdict() for path, lines in effects.changed.items()},
        "of_several_changes": list(effects.of_several),
    }


def warnings_data(found: Comparison) -> dict[str, Any]:
    """Diagnostics that only one of the two states has."""
    return {
        word: [{"code": each.code, "message": each.message, "pointer": each.pointer} for each in some]
        for word, some in (("appearing", found.appearing), ("vanishing", found.vanishing))
    }


def diff_data(found: Comparison) -> dict[str, Any]:
    """What changes from one state to another."""
    return {
        **{
            side: {"from": state.name, "site": state.facility.name, "title": state.facility.title}
            for side, state in (("old", found.old), ("new", found.new))
        },
        "changes": [change_data(change, found.effects) for change in found.changes],
        "warning_changes": warnings_data(found),
        "files": effects_data(found.effects),
    }


def plan_data(plan: Plan) -> dict[str, Any]:
    """What a plan says beyond the outcome's own summary; `changes` is null where the earlier state is not known."""
    found = plan.comparison
    return {
        "unknown": plan.unknown,
        "changes": [change_data(change, found.effects) for change in found.changes] if found else None,
        "warning_changes": warnings_data(found) if found else None,
        "generators_changed": list(plan.generators),
    }


def what_if_data(answer: WhatIf, asked: Sequence[Asked]) -> dict[str, Any]:
    """What a site would have to decide, deploy and prove."""
    return {
        "assumptions": [{"given": each.text, "pointer": each.pointer} for each in answer.assumptions],
        **diff_data(answer.comparison),
        "undeclared": [fact._asdict() for fact in answer.undeclared],
        "requirements": [each._asdict() for each in asked],
    }

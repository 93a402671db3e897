"""AF3005, and how findings are set aside: what a spec lists under `ignored:`, each with its reason."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from afspec.diagnostics import Severity
from afspec.rules.base import Context, Finding, Rule, unknown

if TYPE_CHECKING:
    from collections.abc import Iterator

    from afspec.facility import Facility


def reason_for(facility: Facility, rule: Rule, finding: Finding) -> str | None:
    """Why the facility lives with a finding; None where it does not. Errors are never lived with."""
    if rule.severity is Severity.ERROR or rule.after_others:
        return None
    return next((entry.reason for entry in facility.ignored if entry.covers(rule.code, finding.pointer)), None)


class AF3005(Rule):
    """Entry under `ignored:` ignores nothing.

    What it was written for has been corrected, or it was misspelt and the warning is still shown. Left where it is, it
    would hide the next mistake of the kind. An error is not ignored either: it means that no right files can be made.
    """

    severity: ClassVar[Severity] = Severity.WARNING
    after_others: ClassVar[bool] = True

    def check(self, facility: Facility, context: Context) -> Iterator[Finding]:
        """Remove the entry, or correct its `rule:` and `at:`."""
        for index, entry in enumerate(facility.ignored):
            here = f"/ignored/{index}"
            severity = context.rules.get(entry.rule)
            if severity is None:
                yield unknown(f"{here}/rule", entry.rule, context.rules, f"there is no rule `{entry.rule}`")
            elif severity is Severity.ERROR or entry.rule == self.code:
                yield Finding(f"{here}/rule", f"`{entry.rule}` cannot be ignored")
            elif not any(entry.covers(rule, pointer) for rule, pointer in context.found):
                places = [pointer for rule, pointer in context.found if rule == entry.rule]
                detail = f"no {entry.rule} at `{entry.at}`" if entry.at else f"no {entry.rule} in this spec"
                yield unknown(f"{here}/{'at' if entry.at else 'rule'}", entry.at, places, detail)

"""AF38: what the site's monitoring is told to watch, and cannot."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from afspec.diagnostics import Severity
from afspec.rules.base import Context, Finding, Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from afspec.facility import Facility


class AF3801(Rule):
    """Triton's models are to be watched where nobody can ask for them.

    Each model has a page of its own that says whether it is ready; without an HTTP address none of them is asked, and
    a model that fails to load stays unseen.
    """

    severity: ClassVar[Severity] = Severity.WARNING

    def check(self, facility: Facility, _: Context) -> Iterator[Finding]:
        """Give Triton's address as `services: triton: http:`, or leave `monitoring: models:` out."""
        triton, models = facility.services.triton, facility.monitoring.models
        if not models or (triton and triton.offered and triton.http):
            return
        if triton is None or not triton.offered:
            detail = f"`services: triton` is {triton.standing if triton else 'undeclared'}"
        else:
            detail = "`services: triton` has no `http`"
        yield Finding("/monitoring/models", detail)

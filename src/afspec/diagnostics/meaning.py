"""What a diagnostic means: the documentation that terminals, pages and scripts show."""

from __future__ import annotations

from typing import NamedTuple


class Meaning(NamedTuple):
    """A diagnostic's documentation; `why` says why it matters, where the title does not say it."""

    code: str
    severity: str
    title: str
    advice: str
    why: str = ""

    @property
    def can_be_ignored(self) -> bool:
        """Whether `--ignore` and `ignored:` may name it: an error means that no right files can be made."""
        return self.severity == "warning"

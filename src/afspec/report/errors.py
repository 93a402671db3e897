"""What is said when a bundle, or a file beside it, is not what it must be."""

from __future__ import annotations


class ReportError(Exception):
    """Something cannot be read, written or used: `what` is wrong, at which `place`, and what to do `next`."""

    def __init__(self, what: str, place: str = "", next_step: str = "") -> None:
        super().__init__(f"{place}: {what}" if place else what)
        self.what = what
        self.place = place
        self.next_step = next_step

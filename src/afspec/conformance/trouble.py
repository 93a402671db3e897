"""How a check ends when it does not pass. Anything else that it raises is a fault of the kit."""

from __future__ import annotations

from afspec.verdict import Reason


class Trouble(Exception):  # noqa: N818 - not every trouble is an error
    """A check does not pass; the message says what was seen, `next` what to do about it."""

    def __init__(self, text: str, next_step: str = "") -> None:
        super().__init__(text)
        self.text = text
        self.next_step = next_step


class FailedError(Trouble):
    """The facility does not do what it promised."""


class UnverifiedError(Trouble):
    """It cannot be told whether it does."""

    def __init__(self, reason: Reason, text: str, next_step: str = "") -> None:
        super().__init__(text, next_step)
        self.reason = reason


class CommandTimeoutError(FailedError):
    """A command did not end in its time, and was killed on both sides."""


class UnreachableError(UnverifiedError):
    """Nothing answers from here: a name that does not resolve, no route, no answer at all."""

    def __init__(self, text: str, next_step: str = "") -> None:
        super().__init__(Reason.UNREACHABLE, text, next_step)


class RefusedError(FailedError):
    """The host is there and refuses: a closed port, a certificate that does not fit, a broken answer."""

"""The three places from which a facility is asked: outside, a login node, inside a session."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from afspec.conformance.trouble import UnverifiedError
from afspec.verdict import Reason

if TYPE_CHECKING:
    from collections.abc import Mapping

    from afspec.conformance.reach.dial import Dialer
    from afspec.conformance.reach.hosts import Host


@dataclass(frozen=True)
class Way:
    """How one vantage is reached: for commands, for connections; `about` says it in a few words.

    `one_user` says that the machine knows one user only, who may be root.
    """

    about: str
    host: Host | None
    dialer: Dialer
    one_user: bool = False


@dataclass(frozen=True)
class Vantages:
    """The ways of a run, and why those that are missing are."""

    ways: Mapping[str, Way]
    missing: Mapping[str, UnverifiedError] = field(default_factory=dict)

    def way(self, vantage: str) -> Way:
        """The way to a vantage.

        Raises:
            UnverifiedError: this run has none.
        """
        if vantage in self.ways:
            return self.ways[vantage]
        if vantage in self.missing:
            raise self.missing[vantage]
        hint = f"Say under `vantages: {vantage}:` of the run's credentials how it is reached, or run the kit there."
        raise UnverifiedError(Reason.NO_CREDENTIALS, f"nothing says how to reach the vantage {vantage}", hint)

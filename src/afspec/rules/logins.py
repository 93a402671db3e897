"""AF32: logins that open nothing, promises that no login opens, federations without members."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from afspec.diagnostics import Severity
from afspec.facility import Capability, Stance, walk
from afspec.facility.access import Door
from afspec.rules.base import Context, Finding, Rule
from afspec.rules.parts import refused

if TYPE_CHECKING:
    from collections.abc import Iterator

    from afspec.facility import Facility

# The doors that a user cannot pass without a login, and what is behind each.
_BEHIND = {
    Door.SSH: "/access/ssh",
    Door.BATCH: "/batch/*",
    Door.JUPYTER: "/jupyter/*",
    Door.COFFEA_CASA: "/services/coffea_casa",
    Door.SERVICEX: "/services/servicex/*",
    Door.TRITON: "/services/triton",
    Door.REANA: "/services/reana",
}


class AF3201(Rule):
    """Login opens a door behind which there is nothing."""

    def check(self, facility: Facility, _: Context) -> Iterator[Finding]:
        """Describe what is behind the door, or take the door out of `opens:`."""
        for login in facility.logins:
            for index, door in enumerate(login.opens):
                behind = facility.behind(door)
                if all(stance is Stance.NOT_PROMISED for stance in behind) and not refused(login):
                    what = "is not promised" if behind else "is not described"
                    yield Finding(f"/logins/{login.name}/opens/{index}", f"`{door}` {what}")


class AF3202(Rule):
    """Promised, but no login opens it."""

    severity: ClassVar[Severity] = Severity.WARNING

    def check(self, facility: Facility, _: Context) -> Iterator[Finding]:
        """Add the door to the `opens:` of the login that leads there."""
        if not facility.logins:
            return
        # A planned login opens nothing today; one without a stance is taken at its word.
        opened = {door for login in facility.logins if login.stance is None or login.offered for door in login.opens}
        for door, pattern in _BEHIND.items():
            if door in opened:
                continue
            for pointer, capability in walk(facility, pattern):
                if isinstance(capability, Capability) and capability.stance is Stance.PROMISED:
                    yield Finding(f"{pointer}/stance", f"`{pointer}` needs the door `{door}`")


class AF3203(Rule):
    """Federated login that does not say whom it trusts."""

    severity: ClassVar[Severity] = Severity.WARNING

    def check(self, facility: Facility, _: Context) -> Iterator[Finding]:
        """Give its `issuer:`, the `entity_ids:` that it accepts, or its `identity_providers:` by name."""
        for login in facility.logins:
            if login.federated and not (login.issuer or login.entity_ids or login.identity_providers):
                yield Finding(f"/logins/{login.name}/federated", f"`{login.name}`")

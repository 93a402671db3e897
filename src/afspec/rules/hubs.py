"""AF34, too: hubs, and the logins that they ask."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from afspec.diagnostics import Severity
from afspec.facility.access import Door
from afspec.facility.jupyter import JupyterKind
from afspec.rules.base import Context, Finding, Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from afspec.facility import Facility
    from afspec.facility.access import Login
    from afspec.facility.jupyter import Jupyter


def _logins(facility: Facility, jupyter: Jupyter) -> list[Login]:
    """The logins that the hub may ask."""
    named = jupyter.hub.login if jupyter.hub else None
    opening = [login for login in facility.logins if login.offered and Door.JUPYTER in login.opens]
    return [login for login in opening if named in {None, login.name}]


class AF3407(Rule):
    """Hub's login lacks what the hub needs to ask it.

    Nothing is compiled for a hub whose login would let in nobody, or the wrong people: Globus Auth vouches for alice of
    any domain, CILogon for those of any identity provider.
    """

    severity: ClassVar[Severity] = Severity.WARNING

    def check(self, facility: Facility, _: Context) -> Iterator[Finding]:
        """Add the field; a hub that somebody else configures needs no `hub:`."""
        for jupyter in facility.jupyter:
            if jupyter.kind is not JupyterKind.HUB_VM or not jupyter.offered or jupyter.hub is None:
                continue
            known = [login for login in _logins(facility, jupyter) if login.client]
            # One that is whole is enough: the hub asks it.
            if all(login.lacking for login in known):
                for login in known:
                    for field in login.lacking:
                        yield Finding(f"/logins/{login.name}/{field}", f"login `{login.name}` has no `{field}`")

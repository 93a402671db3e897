"""Who checks the users of a hub on a machine: a login whose secret such a machine can read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from afspec.facility.access import Door
from afspec.generators import oauth

if TYPE_CHECKING:
    from afspec.facility import Facility
    from afspec.facility.jupyter import Jupyter

__all__ = ["hub_login"]


def hub_login(facility: Facility, jupyter: Jupyter) -> oauth.HubLogin | None:
    """The login that a hub asks; None where the spec does not say enough of any."""
    named = jupyter.hub.login if jupyter.hub else None
    return oauth.hub_login(facility, Door.JUPYTER, named, lambda secret: not secret.kubernetes_secret)

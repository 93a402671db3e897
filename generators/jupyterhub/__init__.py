"""JupyterHub: the configuration of a hub on a machine of its own, and what plays its issuer in a miniature.

`login` works out who checks the users, `session` what starts their notebooks and what these may ask for, `hub` all the
rest; the template only writes that down. `replica` is what an OpenID Connect provider must know to play the hub's
issuer. README.md shows the commands that use the files.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from afspec.generators import Artifact, Format, Generator

from .hub import hubs
from .replica import provider

if TYPE_CHECKING:
    from collections.abc import Iterator

    from afspec.facility import Facility

__all__ = ["JupyterHub"]


class JupyterHub(Generator):
    """JupyterHub's configuration: login, spawner, limits and services."""

    name: ClassVar[str] = "jupyterhub"

    def applies(self, facility: Facility) -> bool:
        """Where a hub on a machine of its own is offered, and the spec says enough to run it."""
        return bool(hubs(facility))

    def render(self, facility: Facility) -> Iterator[Artifact]:
        """Each hub's configuration and its replica's provider; below the hub's name where there are several."""
        found = hubs(facility)
        for hub in found:
            folder = "jupyterhub" if len(found) == 1 else f"jupyterhub/{hub.name}"
            yield self.template(
                "jupyterhub_config.py.j2",
                f"{folder}/jupyterhub_config.py",
                Format.PYTHON,
                facility=facility,
                hub=hub,
                login=hub.login,
                session=hub.session,
                folder=folder,
            )
            yield self.json(f"{folder}/replica/provider.json", provider(hub), "What plays the hub's issuer")

"""The users' servicex.yaml: where the instances are (ssl-hep/ServiceX_frontend, servicex/configuration.py).

It holds no token: the client takes an entry without one, and each user adds their own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from afspec.facility import Facility
    from afspec.facility.services import ServiceX

ABOUT = (
    "ServiceX for ~/servicex.yaml (mode 600): each entry wants the `token:` that its endpoint shows after signing in"
)


def endpoints(facility: Facility) -> tuple[ServiceX, ...]:
    """The instances that users may have and whose address is known, whoever runs them."""
    return tuple(item for item in facility.services.servicex if item.offered and item.url and "<" not in item.url)


def client(facility: Facility, reached: tuple[ServiceX, ...]) -> dict[str, Any]:
    """The client's settings; the first instance is the default.

    Results are kept on the site's scratch area: the client's own choice is /tmp, which fills the node's disk.
    """
    made: dict[str, Any] = {
        "api_endpoints": [{"name": item.name, "endpoint": str(item.url).rstrip("/")} for item in reached],
        "default-endpoint": reached[0].name,
    }
    scratch = facility.storage.area("scratch") if facility.storage else None
    # The client expands ${USER} and no other variable.
    if scratch and "<u>" not in scratch.path and "<user>" in scratch.path:
        made["cache_path"] = scratch.path.replace("<user>", "${USER}") + "/servicex"
    return made

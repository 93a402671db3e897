"""Asking a service for its health from inside a room, where its addresses mean something."""

from __future__ import annotations

from typing import TYPE_CHECKING

from afspec.twin.room import RoomError

if TYPE_CHECKING:
    from afspec.facility import Facility
    from afspec.twin.room import Room

# Without a proxy: the address is one of the room.
_PROGRAM = """\
import sys, urllib.error, urllib.request
try:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    print(opener.open(sys.argv[1], timeout=float(sys.argv[2])).status)
except urllib.error.HTTPError as error:
    print(error.code)
except OSError as error:
    print(getattr(error, "reason", error))
"""
_SECONDS = 4.0


def hub_python(facility: Facility) -> str:
    """Python of the environment `hub`, as the spec names it for JupyterHub or dask-gateway, else "python3"."""
    gateway = facility.dask.gateway if facility.dask else None
    servers = [*(item.hub for item in facility.jupyter), gateway.server if gateway else None]
    return next((server.python for server in servers if server and server.python), "python3")


def http_ailment(room: Room, python: str, url: str) -> str:
    """What is wrong with an address that should answer 200; "" if nothing is."""
    try:
        said = room.run([python, "-I", "-S", "-c", _PROGRAM, url, str(_SECONDS)], timeout=2 * _SECONDS).stdout.strip()
    except RoomError as error:
        return str(error).splitlines()[0]
    return "" if said == "200" else f"{url} answers {said}" if said.isdigit() else f"{url}: {said}"

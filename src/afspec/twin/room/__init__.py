"""Where engines run: a private room (namespaces over a root file system; root), or the host itself (anybody)."""

from afspec.twin.room.interface import Room, RoomError

__all__ = ["Room", "RoomError"]

"""The users' places for files in a room: each area of the spec, with its quota where a miniature can enforce it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from afspec.twin.context import FIRST_UID, USERS, User
from afspec.twin.room.private import PrivateRoom

if TYPE_CHECKING:
    from collections.abc import Sequence

    from afspec.facility import Facility
    from afspec.twin.room import Room

# A quota becomes a file system in memory: only a small one can be kept.
_LARGEST_QUOTA = 1024**3


def for_user(path: str, user: str) -> str:
    """A user's path: <user> is the name, <u> its first letter."""
    return path.replace("<user>", user).replace("<u>", user[0])


def users_of(facility: Facility) -> tuple[User, ...]:
    """The twin's ordinary users, at home where the facility has its homes."""
    area = facility.storage.area("home") if facility.storage else None
    home = area.path if area else "/home/<user>"
    return tuple(User(name, FIRST_UID + number, for_user(home, name)) for number, name in enumerate(USERS))


def make_areas(facility: Facility, room: Room, users: Sequence[User]) -> None:
    """Every offered area's folder, the users' own where the path names the user, open to all where it does not."""
    for user in users:
        room.make_folder(user.home, mode=0o700, owner=user.name)
    for area in facility.storage.areas if facility.storage else ():
        if not area.offered:
            continue
        if "<user>" not in area.path:
            room.make_folder(area.path, mode=0o1777)
            continue
        for user in users:
            path = for_user(area.path, user.name)
            if area.quota and not area.shared and area.quota <= _LARGEST_QUOTA and isinstance(room, PrivateRoom):
                room.mount_limited(path, area.quota, user.name)
            else:
                room.make_folder(path, mode=0o700, owner=user.name)

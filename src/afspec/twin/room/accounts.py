"""The accounts of a root file system: /etc/passwd, /etc/group and what goes with them (passwd(5), subuid(5))."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from afspec.twin.context import User

_SUBORDINATES = 65536


class Account(NamedTuple):
    """Numbers and home of a user."""

    uid: int
    gid: int
    home: str


def account(root: Path, name: str) -> Account:
    """A user of the root file system.

    Raises:
        KeyError: it has no user of that name.
    """
    for line in (root / "etc/passwd").read_text().splitlines():
        fields = line.split(":")
        if fields[0] == name:
            return Account(int(fields[2]), int(fields[3]), fields[5])
    raise KeyError(f"no user {name} in the room")


def add_users(root: Path, users: Sequence[User], gid: int) -> None:
    """Add ordinary users, without passwords; those that are there stay as they are."""
    etc = root / "etc"
    known = {line.split(":")[0] for line in (etc / "passwd").read_text().splitlines()}
    for number, user in enumerate(users):
        if user.name in known:
            continue
        first = 200_000 + number * _SUBORDINATES
        for name, line in (
            ("passwd", f"{user.name}:x:{user.uid}:{gid}:{user.name.title()}:{user.home}:/bin/bash"),
            ("shadow", f"{user.name}:*:19000:0:99999:7:::"),
            ("subuid", f"{user.name}:{first}:{_SUBORDINATES}"),
            ("subgid", f"{user.name}:{first}:{_SUBORDINATES}"),
        ):
            with (etc / name).open("a") as file:
                file.write(line + "\n")

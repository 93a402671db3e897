"""The key of a twin's user to Triton's models: from the file in which the user has it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from afspec.conformance.clients.triton import KEY
from afspec.conformance.twin_secrets import SOURCES
from afspec.twin.engines.s3 import KEY_FILE

if TYPE_CHECKING:
    from afspec.twins import Running


def write_key(running: Running, user: str) -> str:
    """ID:SECRET; "" where the user has none."""
    home = next((each.home for each in running.twin.users if each.name == user), "")
    path = f"{home}/{KEY_FILE}"
    if not home or not running.twin.room.exists(path):
        return ""
    return running.twin.room.run(["cat", path], user=user).stdout.strip()


SOURCES[KEY] = write_key

"""What only root can build, from packages of Debian: root file systems, and images for them."""

from __future__ import annotations

import os
from abc import abstractmethod
from typing import TYPE_CHECKING

from afspec.twin.apt import debian_mirror
from afspec.twin.cache import build_and_rename
from afspec.twin.needs import Need, NeedError, as_root, install_command

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


class DebianBuild(Need):
    """A folder in the cache that is built once; `twin` is the one that it is installed for."""

    twin: str

    @property
    @abstractmethod
    def path(self) -> Path:
        """Its folder, whether or not it is there; another definition has another one."""

    @abstractmethod
    def build(self, folder: Path, say: Callable[[str], None]) -> None:
        """Fill a folder that is not there yet.

        Raises:
            NeedError: something cannot be had.
        """

    def present(self) -> bool:
        return self.path.is_dir()

    def obstacle(self) -> str:
        if os.geteuid() != 0:
            return "needs root"
        return "" if debian_mirror() else "needs a mirror of Debian among this machine's sources of packages"

    @property
    def command(self) -> str:
        return as_root(install_command(self.twin))

    def install(self, say: Callable[[str], None]) -> None:
        if reason := self.obstacle():
            raise NeedError(f"{self.title}: {reason}")

        def build(folder: Path) -> None:
            self.build(folder, say)
            say(f"{self.title}: ready, {self.size}")

        build_and_rename(self.path, build, lambda: say(f"{self.title}: waiting for another install"))

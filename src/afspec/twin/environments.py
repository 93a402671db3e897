"""Environments: virtual environments of this machine's Python with pinned packages, for twins that need no root."""

from __future__ import annotations

import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from afspec.twin.cache import build_in_place, cache_folder, digest, is_built
from afspec.twin.needs import Need, NeedError, call, install_command

if TYPE_CHECKING:
    from collections.abc import Callable

REQUIREMENTS = Path(__file__).with_name("requirements")
_MINUTES = 60


@dataclass(frozen=True)
class Environment(Need):
    """A virtual environment in the cache; `pythons` are the versions that all its packages have wheels for.

    `fits` says why a Python of such a version will not do all the same ("" where it will), `finish` adds to the
    environment what no package brings; `revision` changes when what it adds does. `serves` are the engines that stay
    out where it cannot be had; none where nothing works without it.
    """

    name: str
    title: str
    twin: str
    size: str
    pythons: tuple[str, ...]
    fits: Callable[[str], str] = lambda _: ""
    finish: Callable[[Path], None] = lambda _: None
    revision: str = ""
    serves: tuple[str, ...] = ()

    @property
    def requirements(self) -> Path:
        """The file of its packages, all of them, pinned."""
        return REQUIREMENTS / f"{self.name}.txt"

    @property
    def path(self) -> Path:
        """Its folder, whether or not it is there."""
        python = _python(self.pythons)
        version = python[0] if python else self.pythons[0]
        definition = filter(None, (self.requirements.read_text(), self.revision))
        name = f"{self.name}-{version}-{digest(definition)}"
        return cache_folder() / "environments" / name

    def present(self) -> bool:
        return is_built(self.path)

    def obstacle(self) -> str:
        python = _python(self.pythons)
        return self.fits(python[1]) if python else f"needs Python {' or '.join(self.pythons)}"

    @property
    def command(self) -> str:
        return install_command(self.twin)

    def install(self, say: Callable[[str], None]) -> None:
        python = _python(self.pythons)
        if python is None or self.obstacle():
            raise NeedError(f"{self.title}: {self.obstacle()}")
        _, executable = python

        def build(folder: Path) -> None:
            say(f"{self.title}: creating an environment of {executable}")
            call([executable, "-m", "venv", str(folder)], title="python -m venv", timeout=2 * _MINUTES)
            say(f"{self.title}: installing its packages ({self.size})")
            pip = [str(folder / "bin/python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
            # The file names every package: nothing is left to a resolver.
            call([*pip, "--no-deps", "-r", str(self.requirements)], title="pip install", timeout=30 * _MINUTES)
            self.finish(folder)
            say(f"{self.title}: ready")

        build_in_place(self.path, build, lambda: say(f"{self.title}: waiting for another install"))


def _python(versions: tuple[str, ...]) -> tuple[str, str] | None:
    """Version and path of a Python that fits: the one that runs this, else the first on PATH."""
    own = f"{sys.version_info.major}.{sys.version_info.minor}"
    candidates = [(own, str(Path(sys.base_prefix) / "bin" / f"python{own}"))] if own in versions else []
    candidates += [(version, found) for version in versions if (found := shutil.which(f"python{version}"))]
    return next((candidate for candidate in candidates if _works(candidate[1])), None)


def _works(executable: str) -> bool:
    """Whether a Python is there and can make environments; Debian keeps that in a package of its own."""
    try:
        # A version manager's stand-in is there for versions that are not.
        command = [executable, "-c", "import ensurepip, venv"]
        return subprocess.run(command, capture_output=True, timeout=30, check=False).returncode == 0  # noqa: S603
    except (OSError, subprocess.TimeoutExpired):
        return False

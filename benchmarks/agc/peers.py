"""Environments of the tools that afspec is compared with: `python benchmarks/agc/peers.py --setup`.

Each is made once, from its pinned requirements, in the user's cache folder, and is named after them: another version is
another environment. `--setup coffea` makes one of them, `--where coffea` prints its Python.
"""

from __future__ import annotations

import argparse
import platform
import subprocess
import sys
from pathlib import Path

from afspec.twin.cache import build_in_place, cache_folder, digest, is_built

ROOT = Path(__file__).resolve().parents[2]
REQUIREMENTS = {
    "coffea": ROOT / "requirements" / "bench-agc.txt",
    "root": ROOT / "requirements" / "bench-agc-root.txt",
}


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def folder(peer: str) -> Path:
    """Where a peer's environment is, or goes."""
    pinned = REQUIREMENTS[peer].read_text(encoding="ascii").splitlines()
    lines = sorted(line for line in pinned if line and not line.startswith("#"))
    name = digest([platform.python_version(), platform.machine(), *lines])
    return cache_folder() / f"agc-{peer}" / name


def python(peer: str) -> Path | None:
    """A peer's Python; None where its environment was not made."""
    made = folder(peer)
    return made / "bin" / "python" if is_built(made) else None


def setup(peer: str) -> Path:
    """Make a peer's environment if it is not there; its Python.

    Raises:
        SystemExit: it cannot be made; pip has said why.
    """

    def build(final: Path) -> None:
        say(f"installing {peer} into {final}")
        pip = [str(final / "bin" / "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        for step in ([sys.executable, "-m", "venv", str(final)], [*pip, "-r", str(REQUIREMENTS[peer])]):
            if subprocess.run(step, check=False).returncode:
                raise SystemExit(f"{peer} could not be installed (see above): there is nothing to compare with")

    build_in_place(folder(peer), build, lambda: say(f"waiting for another that installs {peer}"))
    return folder(peer) / "bin" / "python"


def main() -> None:
    parser = argparse.ArgumentParser(description="Make the environments of the tools that afspec is compared with.")
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--setup", nargs="*", choices=sorted(REQUIREMENTS), metavar="PEER", help="coffea, root; or both")
    what.add_argument("--where", choices=sorted(REQUIREMENTS), metavar="PEER", help="print its Python")
    given = parser.parse_args()
    if given.where:
        found = python(given.where)
        if found is None:
            raise SystemExit(f"{given.where} is not installed: python benchmarks/agc/peers.py --setup {given.where}")
        print(found)
        return
    for peer in given.setup or sorted(REQUIREMENTS):
        print(setup(peer))


if __name__ == "__main__":
    main()

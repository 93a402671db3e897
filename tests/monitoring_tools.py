"""Prometheus' promtool and blackbox exporter, Nagios and its plugins: Debian's, unpacked in the cache, never installed.

Nothing of them is started here: an installed package would start its service, on every address.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

from agc_data import lacking

from afspec.twin.cache import cache_folder

if TYPE_CHECKING:
    from collections.abc import Sequence

PACKAGES = (
    "prometheus",
    "prometheus-blackbox-exporter",
    "nagios4-core",
    "monitoring-plugins-basic",
    "monitoring-plugins-common",
)
PLUGINS = Path("usr/lib/nagios/plugins")


def _run(command: Sequence[str], folder: Path) -> str:
    """Run it: its last words if it went wrong, else nothing."""
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=600)
    return "" if done.returncode == 0 else (done.stderr or done.stdout).strip()[-300:]


def _fetch(folder: Path) -> str:
    """Unpack the packages below `folder`, by lists of our own: "" or why it failed."""
    work = folder.with_name(f"{folder.name}.{os.getpid()}")
    shutil.rmtree(work, ignore_errors=True)
    for name in ("lists/partial", "cache/archives/partial", "debs", "root"):
        (work / name).mkdir(parents=True)
    own = ["-o", f"Dir::State::lists={work}/lists", "-o", f"Dir::Cache={work}/cache", "-o", "APT::Sandbox::User=root"]
    try:
        for command in (["update"], ["download", *PACKAGES]):
            if why := _run(["apt-get", *own, *command], work / "debs"):
                return why
        for package in sorted((work / "debs").glob("*.deb")):
            if why := _run(["dpkg-deb", "-x", str(package), str(work / "root")], work):
                return why
        folder.parent.mkdir(parents=True, exist_ok=True)
        if not folder.exists():
            (work / "root").rename(folder)
    finally:
        shutil.rmtree(work, ignore_errors=True)
    return ""


def tools() -> Path:
    """The folder that holds them; ends the test where they cannot be had."""
    folder = cache_folder() / "monitoring-tools"
    if not folder.is_dir():
        why = _fetch(folder) if shutil.which("apt-get") and shutil.which("dpkg-deb") else "this is no Debian"
        if why:
            lacking(f"Prometheus' and Nagios' tools cannot be had: {why}")
    return folder

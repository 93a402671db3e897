"""Locks for pip, resolved by uv: for any Python and platform from any other, and of wheels only.

Wheels only: nothing of a package is run to learn what it needs, and an image needs no compilers. A lock has the digests
of the files that fit its platforms, as pip's requirements files want them (pip documentation, Secure installs).
"""

from __future__ import annotations

import re
import shutil
import subprocess
import tempfile
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any

from afspec.facility.locks import pins_of
from afspec.pinning.resolved import Pin, Resolved, no_resolver, unresolved

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from afspec.pinning.request import Request

# Wheels for the glibc of RHEL 8 (2.28) run on every base in use: it is the oldest (PEP 600).
TARGETS = {"linux/amd64": "x86_64-manylinux_2_28", "linux/arm64": "aarch64-manylinux_2_28"}
MACHINES = {"linux/amd64": "x86_64", "linux/arm64": "aarch64"}
_SECONDS = 600
_LINES = 12
# A name with extras and versions (PEP 508); what could be an option of pip, an address or a path is none.
_CONSTRAINT = r"(?:===?|~=|!=|[<>]=?) *[0-9A-Za-z.*+!-]+"
_REQUIREMENT = re.compile(
    rf"[A-Za-z0-9][A-Za-z0-9._-]* *(?:\[[A-Za-z0-9._, -]+\] *)?(?:{_CONSTRAINT} *(?:, *{_CONSTRAINT} *)*)?\Z"
)


def resolve(request: Request, *, upgrade: bool) -> Resolved:
    """The lines of a lock that pip takes; old versions are kept where they still fit, unless `upgrade`.

    Raises:
        AfspecError: AF4012 where uv has no answer, AF4013 where there is no uv.
    """
    for text in request.requirements:
        if not _REQUIREMENT.match(text):
            raise unresolved(f"`{text}` is not a name with versions, as a lock needs it", request.image)
    uv = _uv()
    with tempfile.TemporaryDirectory(prefix="afspec-lock-") as folder:
        found = {
            platform: _platform(uv, request, platform, Path(folder), upgrade=upgrade) for platform in request.platforms
        }
        version = _run([uv, "--version"], folder, request.image).split()[1]
    return Resolved(body(found), f"uv {version}")


def _uv() -> str:
    """The command: that of the package uv, else the one on PATH."""
    try:
        from uv import find_uv_bin  # noqa: PLC0415 - only needed here, and not of the core
    except ImportError:
        pass
    else:
        return str(find_uv_bin())
    found = shutil.which("uv")
    if found is None:
        raise no_resolver("the packages of an image that pip installs are resolved by uv, which is not here")
    return found


def _platform(uv: str, request: Request, platform: str, folder: Path, *, upgrade: bool) -> list[Pin]:
    """The packages for one platform: first which, then the files of those."""
    wanted, pins, files = folder / "wanted.in", folder / "pins.txt", folder / "pylock.toml"
    wanted.write_text("".join(f"{text}\n" for text in request.requirements))
    # uv keeps the versions of the file that it writes to, where they fit.
    old = "" if upgrade else "".join(f"{name}=={version}\n" for name, version in pins_of(_of(request.old, platform)))
    pins.write_text(old)
    target = ["--python-version", request.python, "--python-platform", TARGETS[platform], "--only-binary", ":all:"]
    usual = [uv, "pip", "compile", "--no-header", "--no-annotate", "--no-progress", "--no-python-downloads", *target]
    # What was published since the index was last read: uv keeps that for minutes.
    newest = ["--refresh"] if upgrade else []
    _run([*usual, *newest, str(wanted), "--output-file", str(pins)], folder, request.image)
    _run(
        [*usual, "--no-deps", "--format", "pylock.toml", str(pins), "--output-file", str(files)], folder, request.image
    )
    return read_pylock(tomllib.loads(files.read_text()), request.image)


def _of(lock: str, platform: str) -> str:
    """The lines of a lock that are for a platform."""
    other = [f"'{machine}'" for name, machine in MACHINES.items() if name != platform]
    return "".join(line for line in lock.splitlines(keepends=True) if not any(word in line for word in other))


def _run(command: Sequence[str], folder: str | Path, image: str) -> str:
    try:
        done = subprocess.run(  # noqa: S603 - uv, with arguments of our own
            command, cwd=folder, capture_output=True, text=True, check=False, timeout=_SECONDS
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise unresolved(f"uv: {error}", image) from error
    if done.returncode:
        said = "; ".join(line.strip() for line in done.stderr.strip().splitlines()[-_LINES:])
        raise unresolved(f"uv finds no packages for {image}: {said}", image)
    return done.stdout


def read_pylock(data: Mapping[str, Any], image: str) -> list[Pin]:
    """The packages of a pylock.toml (PEP 751), which for one platform lists the wheels that fit it.

    Raises:
        AfspecError: AF4012 for a package without a wheel that has a digest.
    """
    pins = []
    for package in data.get("packages", ()):
        digests = [wheel.get("hashes", {}).get("sha256", "") for wheel in package.get("wheels", ())]
        if not digests or not all(digests):
            raise unresolved(f"{package['name']} has no wheel with a digest for the image's platform", image)
        pins.append(Pin(package["name"], package["version"], tuple(sorted(set(digests)))))
    return sorted(pins)


def body(found: Mapping[str, list[Pin]]) -> str:
    """The lines for all platforms: what is the same everywhere once, the rest under the condition of its machine."""
    machines: dict[tuple[str, str], dict[str, tuple[str, ...]]] = {}
    for platform, pins in found.items():
        for pin in pins:
            machines.setdefault((pin.name, pin.version), {})[MACHINES[platform]] = pin.digests
    lines = []
    for (name, version), digests in sorted(machines.items()):
        head = f"{name}=={version}"
        if len(digests) < len(found):
            head += " ; " + " or ".join(f"platform_machine == '{machine}'" for machine in sorted(digests))
        options = sorted({f"--hash=sha256:{digest}" for some in digests.values() for digest in some})
        lines.append(" \\\n    ".join([head, *options]) + "\n")
    return "".join(lines)

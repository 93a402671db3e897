"""Locks for micromamba, resolved by rattler: match specs with the digest of one package each, without addresses.

micromamba, mamba and conda take them with --file: a digest fits one file of one channel, wherever that is mirrored
(libmamba, match specs: attribute sha256).
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from afspec.facility.locks import SUBDIRS, parts_of
from afspec.pinning.resolved import Pin, Resolved, no_resolver, unresolved

if TYPE_CHECKING:
    from collections.abc import Iterable

    from afspec.pinning.request import Request

# What a package may expect of the system that it is installed in: glibc as in locks for pip, any Linux.
_SYSTEM = {"__glibc": "2.28", "__linux": "4.18", "__unix": "0"}


def resolve(request: Request, *, upgrade: bool) -> Resolved:
    """The lines of a lock that micromamba takes; old packages are kept where they still fit, unless `upgrade`.

    Raises:
        AfspecError: AF4012 where rattler has no answer, AF4013 where there is no rattler.
    """
    try:
        import rattler  # noqa: PLC0415 - only needed here, and not of the core
    except ImportError as error:
        message = "the packages of an image that micromamba installs are resolved by py-rattler, which is not here"
        raise no_resolver(message) from error
    old = {} if upgrade or not request.old else parts_of(request.old)
    parts = []
    for platform in request.platforms:
        subdir = SUBDIRS[platform]
        try:
            pins = asyncio.run(_solve(rattler, request, subdir, _specs(old.get(subdir, ""))))
        except Exception as error:  # rattler's exceptions have no common base
            said = " ".join(str(error).split())
            raise unresolved(f"rattler finds no packages for {request.image}: {said}", request.image) from error
        parts.append(part(subdir, pins))
    return Resolved("".join(parts), f"rattler {getattr(rattler, '__version__', '')}".strip())


async def _solve(rattler: Any, request: Request, subdir: str, old: list[str]) -> list[Pin]:
    from rattler.package.build_string import BuildString  # noqa: PLC0415 - see above

    gateway = rattler.Gateway()
    sources, platforms = list(request.channels), [subdir, "noarch"]
    kept: list[Any] = []
    if old:
        specs = [rattler.MatchSpec(line) for line in old]
        kept = [record for some in await gateway.query(sources, platforms, specs, recursive=False) for record in some]
    records = await rattler.solve(
        sources,
        list(request.requirements),
        gateway=gateway,
        platforms=platforms,
        locked_packages=kept,
        virtual_packages=[
            rattler.GenericVirtualPackage(rattler.PackageName(name), rattler.Version(version), BuildString("0"))
            for name, version in _SYSTEM.items()
        ],
    )
    return sorted(
        Pin(record.name.normalized, str(record.version), (record.sha256.hex(),), record.build) for record in records
    )


def part(subdir: str, pins: Iterable[Pin]) -> str:
    """The lines for one platform, as conda calls it; the first marks where they begin."""
    lines = [f'{pin.name}=={pin.version}[build="{pin.build}",sha256="{pin.digests[0]}"]\n' for pin in pins]
    return "".join([f"# platform: {subdir}\n", *lines])


def _specs(lock: str) -> list[str]:
    return [line for line in lock.splitlines() if line and not line.startswith("#")]

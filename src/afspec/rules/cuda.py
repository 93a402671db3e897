"""AF36: images whose CUDA does not go with the facility's GPUs or their drivers."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from afspec.diagnostics import Severity
from afspec.rules.base import Context, Finding, Rule
from afspec.rules.parts import each_listed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from afspec.facility import Facility
    from afspec.facility.orchestration import Gpu

Release = tuple[int, int]

# The driver that programs of a major release of CUDA need, whatever its minor one (NVIDIA, CUDA Compatibility, Minor
# Version Compatibility; CUDA Toolkit Release Notes, table of minimum driver versions).
MINIMUM_DRIVER: dict[int, tuple[int, ...]] = {11: (450, 80, 2), 12: (525, 60, 13), 13: (580, 65, 6)}
# The first release with code that runs on a compute capability, by its major number: what is built for 8.0 runs on 8.6
# and 8.9 as well (CUDA Toolkit Release Notes of each, new GPUs; NVIDIA Ada GPU Architecture Compatibility Guide, 1.2).
FIRST_RELEASE: dict[int, Release] = {7: (9, 0), 8: (11, 0), 9: (11, 8), 10: (12, 8), 12: (12, 8)}
# The least compute capability that a major release still has (CUDA Toolkit Release Notes, deprecated architectures).
LEAST_CAPABILITY: dict[int, Release] = {11: (3, 5), 12: (5, 0), 13: (7, 5)}


def numbers(version: str) -> tuple[int, ...]:
    """The numbers of a version, up to the first part that is none."""
    found = []
    for part in version.split("."):
        if not part.isdecimal():
            break
        found.append(int(part))
    return tuple(found)


def release(version: str) -> Release:
    """Major and minor number of a version."""
    major, minor = (*numbers(version), 0, 0)[:2]
    return major, minor


def driver_serves(gpu: Gpu, cuda: Release) -> bool | None:
    """Whether the driver of a GPU runs programs of a CUDA release; None where the spec does not tell."""
    if gpu.driver is not None and cuda[0] in MINIMUM_DRIVER:
        have = numbers(gpu.driver)
        # A spec may know the branch alone (525): what it does not say is not held against it.
        return have >= MINIMUM_DRIVER[cuda[0]][: len(have)]
    return None if gpu.cuda is None else release(gpu.cuda)[0] >= cuda[0]


def capability_problem(gpu: Gpu, cuda: Release) -> str:
    """What keeps a CUDA release from running on a GPU's architecture; empty where nothing is known to."""
    if gpu.compute_capability is None:
        return ""
    capability = release(gpu.compute_capability)
    first = FIRST_RELEASE.get(capability[0], (0, 0))
    if cuda < first:
        return f"CUDA {cuda[0]}.{cuda[1]} has no code for it yet, {first[0]}.{first[1]} is the first that has"
    # Releases after those listed have at least dropped what the last one has.
    least = LEAST_CAPABILITY.get(min(cuda[0], max(LEAST_CAPABILITY)), (0, 0))
    if capability < least:
        return f"CUDA {cuda[0]} has dropped what is below {least[0]}.{least[1]}"
    return ""


def _pairs(facility: Facility) -> Iterator[tuple[str, str, Gpu]]:
    """The CUDA version of every image that has one, after its pointer, with every GPU model of the facility."""
    for pointer, image in each_listed(facility):
        for gpu in facility.gpus.models if facility.gpus else ():
            if image.cuda is not None:
                yield f"{pointer}/cuda", image.cuda, gpu


class AF3606(Rule):
    """Image has a newer CUDA than the driver of a GPU serves.

    CUDA programs start, find the driver too old, and go on without a GPU or end: a session that shows a GPU and cannot
    use it.
    """

    severity: ClassVar[Severity] = Severity.WARNING

    def check(self, facility: Facility, _: Context) -> Iterator[Finding]:
        """Build it with a CUDA of the driver's major release, or renew the driver: 11 needs 450, 12 525, 13 580."""
        for pointer, cuda, gpu in _pairs(facility):
            if driver_serves(gpu, release(cuda)) is False:
                has = f"driver {gpu.driver}" if gpu.driver else f"a driver for CUDA {gpu.cuda}"
                yield Finding(pointer, f"`{cuda}`, and {gpu.name} has {has}")


class AF3607(Rule):
    """Image has a CUDA that does not support a GPU of the facility.

    A library that was built without code for a GPU fails in its first kernel ("no kernel image is available"), after
    the session and the input are ready.
    """

    severity: ClassVar[Severity] = Severity.WARNING

    def check(self, facility: Facility, _: Context) -> Iterator[Finding]:
        """Build it with a CUDA that has the GPU's compute capability, or say that the image is not for that GPU."""
        for pointer, cuda, gpu in _pairs(facility):
            if problem := capability_problem(gpu, release(cuda)):
                yield Finding(pointer, f"{gpu.name} has compute capability {gpu.compute_capability}: {problem}")

"""What a GPU says of itself, through nvidia-smi(1): parsed here, compared with what a site declares.

A device file, a variable, or an option such as --nv is no proof: the device must answer.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from afspec.facility.orchestration import Gpu

# For a job: what the device answers, each line with its mark. Older drivers do not know compute_cap.
ASK = """
printf 'nonce %s\\n' "$1"
nvidia-smi --query-gpu=name,memory.total,driver_version --format=csv,noheader,nounits 2>&1 | sed 's/^/device: /'
nvidia-smi --query-gpu=compute_cap --format=csv,noheader 2>&1 | sed 's/^/capability: /'
nvidia-smi -L 2>&1 | sed 's/ (UUID: .*//; s/^/listed: /'
"""
# For a job that asked for no GPU: which devices it can open, and which answer.
SEES = """
printf 'nonce %s\\n' "$1"
for device in /dev/nvidia[0-9]*; do
    [ -e "$device" ] || continue
    printf 'present: %s\\n' "$device"
    if (: <"$device") 2>/dev/null; then printf 'opened: %s\\n' "$device"; fi
done
if command -v nvidia-smi >/dev/null 2>&1; then
    printf 'client: there\\n'
    nvidia-smi -L 2>&1 | sed -n 's/ (UUID: .*//; /^GPU [0-9]/s/^/listed: /p'
fi
true
"""
# The part of the declared memory that may be missing: the driver keeps some, and GB are not GiB.
_MISSING = 0.12
_MIB = 1024**2


@dataclass(frozen=True)
class Device:
    """A GPU as it answers: its name, bytes of memory, versions; "" for what it does not tell."""

    name: str
    memory: int | None
    driver: str
    capability: str
    slices: tuple[str, ...] = ()


def marked(text: str, mark: str) -> list[str]:
    """What stands after a mark at the start of a line."""
    return [line.partition(": ")[2].strip() for line in text.splitlines() if line.startswith(f"{mark}: ")]


def devices(text: str) -> list[Device]:
    """The devices that answered, from the output of ASK; none where nvidia-smi is missing or only complains."""
    rows = [[cell.strip() for cell in line.split(",")] for line in marked(text, "device")]
    capabilities = marked(text, "capability")
    listed = marked(text, "listed")
    slices = tuple(line.split()[1] for line in listed if re.match(r"MIG \S", line))
    found = []
    for number, row in enumerate(row for row in rows if len(row) == len(("name", "memory", "driver"))):
        capability = capabilities[number] if number < len(capabilities) else ""
        found.append(
            Device(
                name=row[0],
                memory=int(row[1]) * _MIB if row[1].isdigit() else None,
                driver=row[2],
                capability=capability if re.fullmatch(r"\d+\.\d+", capability) else "",
                slices=slices,
            )
        )
    return found


def _plain(text: str) -> str:
    return re.sub(r"[^a-z0-9]", "", text.lower())


def differences(device: Device, model: Gpu) -> Iterator[str]:
    """Where a device is not the declared model."""
    product, _, slice_ = (model.product or model.name).partition("-MIG-")
    if not model.product and model.mig:
        # a100-1g.5gb: the model, then its slice.
        product, _, slice_ = model.name.partition("-")
    if _plain(product) not in _plain(device.name):
        yield f"it is a {device.name}"
    if slice_ and slice_ not in device.slices:
        yield f"its slices are {', '.join(device.slices) or 'none'}, without {slice_}"
    if model.memory and not slice_ and device.memory is not None:
        low, high = model.memory * (1 - _MISSING), model.memory * (1 + _MISSING)
        if not low <= device.memory <= high:
            yield f"it has {device.memory // _MIB} MiB"
    if model.compute_capability and device.capability not in {"", model.compute_capability}:
        yield f"its compute capability is {device.capability}"
    if model.driver and not f"{device.driver}.".startswith(f"{model.driver}."):
        yield f"its driver is {device.driver}"

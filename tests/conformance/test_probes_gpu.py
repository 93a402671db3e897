"""What GPUs say of themselves, in the form that nvidia-smi has: parsed, and compared with what a site declares."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from afspec.conformance.clients.gpus import Device, devices, differences, marked
from afspec.facility.orchestration import Gpu

# In the form of nvidia-smi --query-gpu=... --format=csv,noheader,nounits and of nvidia-smi -L, with the job's marks.
A100 = """nonce 0123
device: NVIDIA A100-SXM4-40GB, 40960, 550.54.15
capability: 8.0
listed: GPU 0: NVIDIA A100-SXM4-40GB
"""
SLICED = """device: NVIDIA A100-SXM4-40GB, 40960, 550.54.15
capability: 8.0
listed: GPU 0: NVIDIA A100-SXM4-40GB
listed: MIG 1g.5gb     Device  0:
"""
OLD = """device: NVIDIA GeForce RTX 2080 Ti, 11264, 440.33.01
capability: Field "compute_cap" is not a valid field to query.
listed: GPU 0: NVIDIA GeForce RTX 2080 Ti
"""
A100_MODEL = Gpu(name="a100", memory="40 GB", compute_capability="8.0")


def test_a_device_that_answers() -> None:
    assert devices(A100) == [Device("NVIDIA A100-SXM4-40GB", 40960 * 1024**2, "550.54.15", "8.0")]
    assert list(differences(devices(A100)[0], A100_MODEL)) == []


@pytest.mark.parametrize(
    "text",
    [
        "",
        "nonce 0123\n",
        "device: sh: 1: nvidia-smi: not found\ncapability: sh: 1: nvidia-smi: not found\n",
        "device: No devices were found\ncapability: No devices were found\nlisted: No devices found.\n",
        "device: NVIDIA-SMI has failed because it couldn't communicate with the NVIDIA driver.\n",
        # What a job says of itself is no device's answer.
        "NVIDIA A100-SXM4-40GB, 40960, 550.54.15\n",
    ],
)
def test_what_is_no_device(text: str) -> None:
    assert devices(text) == []


@given(st.text())
def test_any_text_is_parsed(text: str) -> None:
    assert all(device.name == device.name.strip() for device in devices(f"device: {text}"))


@pytest.mark.parametrize(
    ("text", "model"),
    [
        (A100, Gpu(name="a100", product="NVIDIA-A100-SXM4-40GB")),
        (A100, Gpu(name="a100", driver="550.54")),
        (OLD, Gpu(name="2080ti")),
        # An old driver does not tell; that is no difference.
        (OLD, Gpu(name="2080ti", compute_capability="7.5")),
        (SLICED, Gpu(name="a100-1g.5gb", product="NVIDIA-A100-SXM4-40GB-MIG-1g.5gb", memory="5 GB")),
    ],
)
def test_the_declared_device(text: str, model: Gpu) -> None:
    assert list(differences(devices(text)[0], model)) == []


@pytest.mark.parametrize(
    ("text", "model", "said"),
    [
        (OLD, A100_MODEL, "it is a NVIDIA GeForce RTX 2080 Ti"),
        (A100, Gpu(name="a100", product="NVIDIA-A100-SXM4-80GB"), "it is a NVIDIA A100-SXM4-40GB"),
        (A100.replace("40960", "81920"), A100_MODEL, "it has 81920 MiB"),
        (A100.replace(": 8.0", ": 9.0"), A100_MODEL, "its compute capability is 9.0"),
        (A100, Gpu(name="a100", driver="535"), "its driver is 550.54.15"),
        (A100, Gpu(name="a100-1g.5gb", product="NVIDIA-A100-SXM4-40GB-MIG-1g.5gb"), "its slices are none"),
    ],
)
def test_another_device_than_the_declared_one(text: str, model: Gpu, said: str) -> None:
    found = list(differences(devices(text)[0], model))
    assert any(said in difference for difference in found), found


def test_marks_stand_at_the_start_of_a_line() -> None:
    assert marked("opened: /dev/nvidia0\nnot opened: /dev/nvidia1\n", "opened") == ["/dev/nvidia0"]

"""The kernel compiles for the GPUs that facilities have, on a machine that has none."""

from __future__ import annotations

import pytest
from agc_data import lacking

from afspec.agc.errors import DeviceError
from afspec.agc.gpu.compiling import compile_ptx, needs, shared_bytes

pytest.importorskip("numba.cuda", reason="nothing compiles for GPUs")

# Sums and squares of two regions with eleven variations each and 27 bins, and six steps.
SHARED = 2 * 2 * 11 * 27 * 8 + 6 * 8


@pytest.mark.parametrize("capability", [(8, 0), (9, 0)], ids=["sm_80", "sm_90"])
def test_the_kernel_compiles_without_a_gpu(capability: tuple[int, int]) -> None:
    from afspec.agc.ttbar.gpu import signature, tally_events  # noqa: PLC0415 - needs numba-cuda

    ptx = compile_ptx(tally_events, signature(), capability)
    major, minor = capability
    assert f".target sm_{major}{minor}" in ptx
    assert "atom.shared.add.f64" in ptx
    assert "atom.global.add.f64" in ptx
    assert shared_bytes(ptx) == SHARED
    weighed = needs(ptx, capability)
    if weighed is None:
        lacking("there is no ptxas to ask how many registers it takes")
    assert weighed.shared == SHARED
    assert weighed.spilled == 0
    # Of 65,536 that a multiprocessor has, so that four blocks of 128 threads fit.
    assert 0 < weighed.registers <= 128


def test_what_ptxas_refuses_is_told() -> None:
    try:
        found = needs("nonsense", (8, 0))
    except DeviceError as error:
        assert "ptxas refuses the kernel for sm_80" in str(error)  # noqa: PT017 - or there is none to refuse it
    else:
        assert found is None


def test_without_ptxas_nothing_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.path", [])
    monkeypatch.setenv("PATH", "")
    assert needs("nonsense", (8, 0)) is None


def test_shared_memory_is_added_up() -> None:
    declared = "\t.shared .align 8 .b8 one[64];\n.shared .align 16 .b8 two$3[1024];\n.global .align 8 .b8 no[9];\n"
    assert shared_bytes(declared) == 1088

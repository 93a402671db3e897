"""Where there is no GPU it is said, and what to do; where there is one it is described."""

from __future__ import annotations

import importlib
import sys
from types import SimpleNamespace
from typing import Any

import numba
import pytest

from afspec.agc.errors import DeviceError
from afspec.agc.gpu import Device, is_simulator, require
from afspec.agc.gpu.simulating import device

pytest.importorskip("numba.cuda", reason="nothing compiles for GPUs")
namespace = importlib.import_module("afspec.agc.gpu.namespace")


def present(capability: tuple[int, int], name: object = b"NVIDIA A100") -> SimpleNamespace:
    memory = SimpleNamespace(total=40 * 2**30)
    return SimpleNamespace(
        get_current_device=lambda: SimpleNamespace(name=name, compute_capability=capability),
        current_context=lambda: SimpleNamespace(get_memory_info=lambda: memory),
    )


def test_a_gpu_is_described(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(namespace, "cuda", present((8, 0)))
    assert require() == Device("NVIDIA A100", (8, 0), 40 * 2**30)
    assert str(require()) == "NVIDIA A100 (compute capability 8.0, 40 GiB)"
    monkeypatch.setattr(namespace, "cuda", present((9, 0), "NVIDIA H100"))
    assert require().name == "NVIDIA H100"


def test_a_gpu_that_is_too_old_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(namespace, "cuda", present((5, 2), "Tesla M40"))
    with pytest.raises(DeviceError, match=r"Tesla M40 .*too old.*--device cpu"):
        require()


def test_without_a_gpu_it_says_so_and_what_next(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails() -> Any:
        raise ImportError("\nError at driver init: \n\nCUDA driver library cannot be found.\nInstall one.\n:")

    monkeypatch.setattr(namespace, "cuda", SimpleNamespace(get_current_device=fails))
    with pytest.raises(DeviceError) as caught:
        require()
    assert str(caught.value) == (
        "--device cuda: no NVIDIA GPU can be used on this machine: CUDA driver library cannot be found. Install one. "
        "Run where nvidia-smi lists a GPU, or with --device cpu, which gives the same histograms"
    )


def test_without_a_gpu_the_analysis_does_not_pretend() -> None:
    from unit.agc.ttbar.made import of_events  # noqa: PLC0415 - as below

    from afspec.agc.ttbar.gpu import TtbarCuda  # noqa: PLC0415 - needs numba-cuda

    if namespace.cuda.is_available():
        pytest.skip("there is a GPU")
    analysis = TtbarCuda(1)
    assert analysis.name == "ttbar-v1-cuda"
    with pytest.raises(DeviceError, match="no NVIDIA GPU can be used on this machine"):
        analysis.process(of_events([]).chunk(), analysis.tally(), "nominal")


def test_without_numba_cuda_it_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "afspec.agc.gpu.namespace")
    monkeypatch.delattr(numba, "cuda", raising=False)
    monkeypatch.setitem(sys.modules, "numba.cuda", None)
    with pytest.raises(DeviceError, match=r"needs numba-cuda.*pip install 'afspec\[agc,gpu\]'"):
        require()


def test_the_simulator_is_no_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NUMBA_ENABLE_CUDASIM", "1")
    monkeypatch.setattr(namespace, "cuda", present((5, 2)))
    assert is_simulator()
    assert require().simulated
    assert "no GPU" in str(require())
    monkeypatch.setenv("NUMBA_ENABLE_CUDASIM", "0")
    assert not is_simulator()


def test_compiled_functions_are_called_as_they_are_on_a_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NUMBA_ENABLE_CUDASIM", raising=False)
    assert device(len) is len

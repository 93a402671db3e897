"""The probes of the AGC, over what a cluster or a device may come to: each of them fails where it must."""

from __future__ import annotations

import copy
import json
import time
from typing import TYPE_CHECKING, Any

import pytest
from probed_site import Probed

from afspec.conformance.checks import function_of
from afspec.conformance.clients.agc import cluster, device, here
from afspec.conformance.evidence import Evidence
from afspec.conformance.probe import Probe
from afspec.conformance.trouble import FailedError, UnverifiedError
from afspec.verdict import Promise, Reason

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

SITE = """
batch: [{name: slurm, scheduler: slurm, stance: promised, partitions: [{name: ml, gpus: [{name: a100, count: 4}]}]}]
gpus: {stance: promised, models: [{name: a100}]}
dask: {stance: promised, jobqueue: {stance: promised}}
"""
EXPECTS = "agc: {stance: promised, rate: 10 kHz}\n"
HISTOGRAMS = {
    "4j1b_ttbar": {"edges": [50.0, 550.0], "contents": [0.5, 7.25, 1.0], "variances": [0.5, 7.25, 1.0]},
    "4j2b_ttbar": {"edges": [50.0, 550.0], "contents": [0.0, 3.0, 1e-3], "variances": [0.0, 3.0, 1e-6]},
}
VERSIONS = {"numpy": "2.4.6", "python": "3.11.2"}
ROUND = {"rate": 60_000.0, "seconds": 1.5, "complete": True, "events": 90_000, "failures": [], "apart": 0.0}
WANTED = {"histograms": HISTOGRAMS, "digest": "d" * 64, "versions": VERSIONS, "rounds": [ROUND]}
SEEN = {
    **WANTED,
    "histograms_sha256": "h" * 64,
    "executor": {"kind": "dask", "backend": "SLURMCluster", "workers": 2, "cores": 6},
    "jobs": 2,
    "rate": {
        "cold": ROUND,
        "rounds": [ROUND, ROUND, ROUND],
        "cores": 6,
        "digest": "r" * 64,
        "image": {"name": "", "digest": "i" * 64},
        "alike": True,
    },
}
DEVICE = {**WANTED, "device": "NVIDIA A100 (compute capability 8.0, 40 GiB)", "simulated": False}
Change = "Callable[[dict[str, Any]], Any]"


@pytest.fixture
def asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Probe]:
    def ask(name: str, change: Callable[[dict[str, Any]], Any] = lambda _: None, more: str = "") -> Probe:
        probed = Probed(tmp_path, SITE + more)
        requirement, _, item = name.partition(" ")
        instance = probed.run.plan.by_id[f"{requirement}[{item}]"]
        seen = copy.deepcopy(DEVICE if item == "a100" else SEEN)
        change(seen)
        for module in (cluster, device):
            monkeypatch.setattr(module, "seen", lambda _: seen)
        monkeypatch.setattr(here, "expected", lambda _: WANTED)
        probe = Probe(probed.run, instance, Evidence(str), time.monotonic() + 60)
        (check,) = instance.requirement.checks
        function_of(check)(probe)
        return probe

    return ask


def put(*path: Any) -> Callable[[dict[str, Any]], None]:
    """Another value at a place of the answer."""
    *way, last, value = path

    def change(seen: dict[str, Any]) -> None:
        part: Any = seen
        for step in way:
            part = part[step]
        part[last] = value

    return change


def test_what_is_exact_passes_and_is_taken_down(asked: Callable[..., Probe]) -> None:
    probe = asked("AF-AGC-001 jobqueue")
    assert all(claim["passed"] for claim in probe.evidence.assertions)
    assert probe.evidence.notes["histograms_sha256"] == "h" * 64
    assert json.loads(probe.evidence.notes["cluster"])["cores"] == 6
    assert json.loads(probe.evidence.notes["versions"]) == VERSIONS
    assert probe.evidence.notes["dataset"].startswith("90000 events of seed ")


def test_a_bin_that_differs_fails(asked: Callable[..., Probe]) -> None:
    with pytest.raises(FailedError, match=r"4j2b_ttbar variances\[2\] is 1.000001e-06, not 1e-06"):
        asked("AF-AGC-001 jobqueue", put("histograms", "4j2b_ttbar", "variances", 2, 1.000001e-6))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (put("executor", "backend", "LocalCluster"), "the workers are the site's own, not local ones: LocalCluster"),
        (put("jobs", 1), "the scheduler runs the workers as jobs: 1"),
        (put("rounds", 0, "failures", ["disk full"]), "no file fails: disk full"),
        (put("rounds", 0, "events", 89_999), "every event is counted once: 89999"),
        (put("rounds", 0, "complete", None), "every event is counted once"),
        (put("histograms", "4j1b_ttbar", {}), "4j1b_ttbar contents: not of the same length"),
        (put("histograms", {}), "4j1b_ttbar is missing; 4j2b_ttbar is missing"),
    ],
)
def test_what_is_not_the_whole_analysis_on_the_sites_workers_fails(
    asked: Callable[..., Probe], change: Callable[[dict[str, Any]], None], said: str
) -> None:
    with pytest.raises(FailedError) as caught:
        asked("AF-AGC-001 jobqueue", change)
    assert said in str(caught.value)


def test_other_events_tell_nothing_of_the_site(asked: Callable[..., Probe]) -> None:
    def older(seen: dict[str, Any]) -> None:
        seen["digest"] = "e" * 64
        seen["versions"] = {**VERSIONS, "numpy": "1.26.4"}

    for name in ("AF-AGC-001 jobqueue", "AF-AGC-004 a100"):
        with pytest.raises(UnverifiedError, match=r"numpy 1\.26\.4, not 2\.4\.6") as caught:
            asked(name, older)
        assert caught.value.reason is Reason.PREREQUISITE_ABSENT


def rate_of(khz_a_core: float) -> Callable[[dict[str, Any]], None]:
    return put("rate", "rounds", [{**ROUND, "rate": 6000 * khz_a_core}] * 3)


def test_the_expected_rate_passes_with_all_that_it_depends_on(asked: Callable[..., Probe]) -> None:
    probe = asked("AF-AGC-002 jobqueue", rate_of(9.5), EXPECTS)
    assert probe.degradations == []
    assert probe.evidence.samples["rate"] == {"unit": "events/s/core", "values": [9500.0] * 3}
    context = json.loads(probe.evidence.notes["context"])
    assert context == {
        "analysis": "ttbar-v2",
        "cache": "warm",
        "cores": 6,
        "dataset": "r" * 64,
        "image": "i" * 64,
    }
    kept = json.loads(probe.evidence.notes["benchmark"])
    assert (kept["data"], kept["rounds"], kept["median"]) == ([1.5, 1.5, 1.5], 3, 1.5)


def test_a_rate_a_little_below_is_degraded(asked: Callable[..., Probe]) -> None:
    probe = asked("AF-AGC-002 jobqueue", rate_of(7), EXPECTS)
    assert probe.degradations == ["7 kHz a core, 70% of what is expected"]


def test_half_of_the_expected_rate_fails(asked: Callable[..., Probe]) -> None:
    with pytest.raises(FailedError, match=r"at least half of the expected one: 4\.9 kHz a core, 49%"):
        asked("AF-AGC-002 jobqueue", rate_of(4.9), EXPECTS)


@pytest.mark.parametrize("apart", [1e-9, None])
def test_rounds_that_differ_fail(asked: Callable[..., Probe], apart: float | None) -> None:
    with pytest.raises(FailedError, match="every round gives the same histograms"):
        asked("AF-AGC-002 jobqueue", put("rate", "rounds", [ROUND, {**ROUND, "apart": apart}]), EXPECTS)


def test_without_a_reference_the_rate_is_taken_down_and_nothing_is_claimed_of_it(asked: Callable[..., Probe]) -> None:
    with pytest.raises(UnverifiedError, match="measured: 10 kHz a core; the spec expects no rate") as caught:
        asked("AF-AGC-002 jobqueue")
    assert caught.value.reason is Reason.PREREQUISITE_ABSENT


def test_no_rate_is_promised_where_none_is_declared(tmp_path: Path) -> None:
    for more, promise in (
        ("", Promise.UNDECLARED),
        ("agc: {rate: 1 kHz}\n", Promise.UNDECLARED),
        (EXPECTS, Promise.PROMISED),
    ):
        plan = Probed(tmp_path, SITE + more).run.plan
        assert plan.by_id["AF-AGC-002[jobqueue]"].subject.promise is promise
        assert plan.by_id["AF-AGC-001[jobqueue]"].subject.promise is Promise.PROMISED
    withdrawn = Probed(tmp_path, SITE + "agc: {stance: not_promised, rate: 1 kHz}\n").run.plan
    for name in ("AF-AGC-001[jobqueue]", "AF-AGC-002[jobqueue]", "AF-AGC-003[]", "AF-AGC-004[a100]"):
        assert withdrawn.by_id[name].subject.promise is Promise.NOT_PROMISED


def test_a_device_that_gives_the_cpus_histograms_passes(asked: Callable[..., Probe]) -> None:
    probe = asked("AF-AGC-004 a100")
    assert all(claim["passed"] for claim in probe.evidence.assertions)
    assert probe.evidence.notes["device"].startswith("NVIDIA A100")


def test_a_simulated_gpu_is_no_gpu(asked: Callable[..., Probe]) -> None:
    with pytest.raises(FailedError, match="a device computes, no simulator"):
        asked("AF-AGC-004 a100", put("simulated", "yes"))


def test_a_device_that_computes_otherwise_fails(asked: Callable[..., Probe]) -> None:
    with pytest.raises(FailedError, match=r"4j1b_ttbar contents\[1\]"):
        asked("AF-AGC-004 a100", put("histograms", "4j1b_ttbar", "contents", 1, 7.0))

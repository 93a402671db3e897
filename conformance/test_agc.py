"""The Analysis Grand Challenge: exact on the site's own workers, as fast as expected, upstream's notebook, GPUs."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from afspec.conformance.checks import check
from afspec.conformance.clients.agc import cluster, device, exact, here, notebook, rate
from afspec.verdict import Reason

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from afspec.conformance.probe import Probe

# Differences that are shown.
_SHOWN = 3


def _same_input(probe: Probe, wanted: Mapping[str, Any], seen: Mapping[str, Any]) -> None:
    """Both sides have made the same events of the seed; else no histogram tells anything of the site."""
    if seen["digest"] != wanted["digest"]:
        there, mine = seen["versions"], wanted["versions"]
        names = [name for name in sorted(mine) if there[name] != mine[name]]
        differ = ", ".join(f"{name} {there[name]}, not {mine[name]}" for name in names)
        text = f"the session makes other events of the same seed: {differ or 'with the same software'}"
        probe.unverified(Reason.PREREQUISITE_ABSENT, text, "Run the kit with the site's versions of these packages.")


def _claim_exact(probe: Probe, wanted: Mapping[str, Any], histograms: Mapping[str, Any]) -> None:
    found = exact.differences(wanted["histograms"], histograms)
    count = len(wanted["histograms"])
    probe.expect(
        not found,
        f"all {count} histograms and their variances are those of the same events computed here, to 1e-12",
        "; ".join(found[:_SHOWN]) + (f"; and {len(found) - _SHOWN} more" if len(found) > _SHOWN else ""),
    )


@check("AF-AGC-001", "exact")
def test_histograms_are_exact(probe: Probe) -> None:
    """The same program over events of the same seed, on the site's workers and on this machine."""
    seen = cluster.seen(probe)
    wanted = here.expected(probe)
    (only,) = seen["rounds"]
    probe.note("cluster", json.dumps(seen["executor"]))
    probe.note("versions", json.dumps(seen["versions"]))
    probe.note("histograms_sha256", seen["histograms_sha256"])
    probe.note("dataset", f"{only['events']} events of seed {here.seed(probe.run)}, {seen['digest']}")
    backend = seen["executor"]["backend"]
    probe.expect(
        backend not in {"LocalCluster", "scheduler"}, "the workers are the site's own, not local ones", backend
    )
    if seen["jobs"] is not None:
        probe.expect(seen["jobs"] > 1, "the scheduler runs the workers as jobs", seen["jobs"])
    _same_input(probe, wanted, seen)
    probe.expect(not only["failures"], "no file fails", "; ".join(only["failures"][:_SHOWN]))
    events = wanted["rounds"][0]["events"]
    probe.expect(only["complete"] and only["events"] == events, "every event is counted once", only["events"])
    _claim_exact(probe, wanted, seen["histograms"])


@check("AF-AGC-002", "rate")
def test_rate_is_the_expected_one(probe: Probe) -> None:
    """Rounds over an input that is the same at every site, on the cluster that was up already."""
    measured = cluster.seen(probe)["rate"]
    context = rate.context_of({"rate": measured})
    rounds = measured["rounds"]
    values = rate.per_core(rounds, context.cores)
    median = rate.median(values)
    probe.evidence.sample("rate", values, "events/s/core")
    probe.evidence.sample("seconds", [each["seconds"] for each in rounds], "s")
    probe.evidence.sample("cold", rate.per_core([measured["cold"]], context.cores), "events/s/core")
    probe.note("context", context.words())
    probe.note("image", measured["image"]["name"] or "no container")
    probe.note("benchmark", json.dumps(rate.statistics_of([each["seconds"] for each in rounds])))
    whole = all(each["complete"] and not each["failures"] for each in rounds)
    probe.expect(whole, "every round does every event", f"{len(rounds)} rounds of {rounds[0]['events']} events")
    wrong = [each["apart"] for each in rounds if each["apart"] is None or each["apart"] > exact.TOLERANCE]
    probe.expect(not wrong, "every round gives the same histograms", wrong)
    probe.expect(measured["alike"], "all workers have the same software")
    reference = probe.facility.agc.rate if probe.facility.agc else None
    if reference is None:
        text = f"measured: {median / 1000:.3g} kHz a core; the spec expects no rate to hold it against"
        probe.unverified(Reason.PREREQUISITE_ABSENT, text, "Give it as `agc: rate:`.")
    share = f"{median / 1000:.3g} kHz a core, {median / reference:.0%} of what is expected"
    probe.expect(median >= rate.BROKEN * reference, "the rate is at least half of the expected one", share)
    if median < rate.DEGRADED * reference:
        probe.degraded(share)


@check("AF-AGC-003", "notebook")
def test_upstreams_notebook(probe: Probe) -> None:
    """As it was committed, by papermill, in the site's image; the site's configuration comes from outside of it."""
    run = notebook.run(probe)
    probe.note("commit", notebook.COMMIT)
    probe.note("image", run.image)
    probe.expect(run.unmodified, "the notebook that ran is upstream's, cell by cell", run.changed)
    probe.expect(not run.error, "no cell fails", run.error)
    probe.expect(run.fit is not None, "it prints its fit of ttbar_norm")
    probe.expect(notebook.near(run.fit), "the fit is upstream's within its uncertainty", run.words)


@check("AF-AGC-004", "device")
def test_gpu_kernel_is_the_cpus(probe: Probe) -> None:
    """The kernel on one device of a job, over the run's own events; a simulator is no device."""
    seen = device.seen(probe)
    wanted = here.expected(probe)
    probe.note("device", seen["device"])
    probe.expect(not seen["simulated"], "a device computes, no simulator", seen["device"])
    _same_input(probe, wanted, seen)
    _claim_exact(probe, wanted, seen["histograms"])

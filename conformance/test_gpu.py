"""GPUs: a job gets the device that it asked for, proved by the device's own answer, and none that it did not."""

from __future__ import annotations

from typing import TYPE_CHECKING

from afspec.conformance.checks import check
from afspec.conformance.clients import gpus
from afspec.conformance.clients.batch import Errand, batch_of, follow, pool_named, pool_of
from afspec.conformance.trouble import UnverifiedError
from afspec.verdict import Reason

if TYPE_CHECKING:
    from afspec.conformance.probe import Probe
    from afspec.facility.batch import HTCondorPool, SlurmPool

_SECONDS = 600


def _job(probe: Probe, pool: SlurmPool | HTCondorPool, errand: Errand) -> str:
    """What a job of a pool writes."""
    batch = batch_of(probe, pool)
    job = follow.send(probe, batch, errand)
    status = follow.to_the_end(probe, batch, job, errand.slots)
    said = follow.written(probe, batch, job, f"nonce {probe.nonce}", status)
    why = f"{status.word} {status.reason}: {said.strip()[-200:]}"
    probe.expect(f"nonce {probe.nonce}" in said, "the job runs, and brings its nonce back", why)
    return said


def _with_model(probe: Probe) -> tuple[SlurmPool | HTCondorPool, str | None]:
    """The pool and the slots that have a model; slots of a pool that names no GPUs are those of jobs that name none."""
    for pool in probe.facility.batch:
        for slots in pool.slots:
            if slots.offered and any(gpu.name == probe.value.name for gpu in slots.gpus):
                return pool, slots.name
    for unsaid in probe.facility.htcondor_pools:
        queues = [queue.name for queue in unsaid.queues if queue.offered]
        if unsaid.offered and probe.facility.queue_has_gpus(unsaid, None):
            return unsaid, unsaid.default_queue or next(iter(queues), None)
    hint = "It is asked for in a session or a pod: see the facility's own page."
    raise UnverifiedError(Reason.PREREQUISITE_ABSENT, "the spec names no batch pool that has it", hint)


@check("AF-GPU-001", "device")
def test_device_is_the_declared_model(probe: Probe) -> None:
    """One GPU is asked for; what nvidia-smi then lists is what the device says, in a job of a new nonce."""
    model = probe.value
    pool, slots = _with_model(probe)
    errand = Errand(probe.name, gpus.ASK, (probe.nonce,), slots, kind="gpu", seconds=_SECONDS, gpu=model.name)
    said = _job(probe, pool, errand)
    found = gpus.devices(said)
    probe.expect(found, "a device answers", " ".join(said.split())[-200:])
    probe.expect(len(found) == 1, "it is the one that was asked for, no more", f"{len(found)} devices")
    (device,) = found
    probe.note("device", f"{device.name}, {device.memory} B, {device.capability}, driver {device.driver}")
    wrong = list(gpus.differences(device, model))
    probe.expect(not wrong, f"the device is a {model.product or model.name} as declared", "; ".join(wrong))


@check("AF-GPU-002", "none")
def test_no_device_unasked(probe: Probe) -> None:
    """A job without GPUs, where there are some: no device can be opened, and none answers."""
    pool = pool_named(probe.facility, pool_of(probe).name)
    slots = next((slots.name for slots in pool.slots if slots.offered and slots.gpus), None)
    usual = next((slots.name for slots in pool.slots if slots.offered), None)
    said = _job(probe, pool, Errand(probe.name, gpus.SEES, (probe.nonce,), slots or usual, seconds=_SECONDS))
    seen = gpus.marked(said, "opened") + gpus.marked(said, "listed")
    probe.expect(not seen, "a job that asked for no GPU sees none", "; ".join(seen))
    if not gpus.marked(said, "present") and not gpus.marked(said, "client"):
        probe.unverified(Reason.PREREQUISITE_ABSENT, "the job's node has no GPU: nothing was there to be kept from it")

"""The AGC's kernel on a GPU: in a batch job that asks for one device, in the first Python there that has numba-cuda."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from afspec.conformance.clients.agc import here, package
from afspec.conformance.clients.batch import Errand, batch_of, follow
from afspec.conformance.far import program
from afspec.conformance.trouble import FailedError, UnverifiedError
from afspec.verdict import Reason

if TYPE_CHECKING:
    from afspec.conformance.probe import Probe
    from afspec.facility.batch import HTCondorPool, SlurmPool

_SECONDS = 900
_SETUP = "user-setup/setup.sh"
# In the job: the site's image where it can be opened and has what is needed, else the job's own Python.
_JOB = """
printf 'nonce %s\\n' "$2"
cd "$1" || { echo "no $1 here"; exit 1; }
needed="import numba.cuda, numba_cuda, uproot, awkward, cramjam"
image='source ./setup.sh >/dev/null && af_exec python "$@"'
if [ -e setup.sh ] && bash -c "$image" - -c "$needed" 2>/dev/null; then
    bash -c "$image" - device.py
elif python3 -c "$needed" 2>/dev/null; then
    python3 device.py
else
    echo 'no python'
fi 2>&1 | tail -n 5
"""
_END = 'case $1 in */afspec-*) rm -rf -- "$1" ;; *) exit 64 ;; esac'


def seen(probe: Probe) -> dict[str, Any]:
    """What a job on one device came to.

    Raises:
        FailedError: the job does not run, or the device does not compute.
        UnverifiedError: no pool has the model, or no Python in the job has what it needs.
    """
    pool, slots = _place(probe)
    batch = batch_of(probe, pool)
    home = probe.sh('printf %s "$HOME"', check=True).out
    folder = f"{home}/{probe.name}-agc"
    probe.later(lambda: probe.sh(_END, folder, check=True), f"rm -r {folder}")
    package.send(probe, f"{folder}/agc.zip")
    probe.put(f"{folder}/device.py", program("agc_input", "agc_device", **here.settings(probe.run)).encode())
    if _SETUP in probe.run.files:
        probe.put(f"{folder}/setup.sh", probe.run.files[_SETUP].encode())
    arguments = (folder, probe.nonce)
    errand = Errand(probe.name, _JOB, arguments, slots, kind="gpu", seconds=_SECONDS, gpu=probe.value.name)
    job = follow.send(probe, batch, errand)
    status = follow.to_the_end(probe, batch, job, slots)
    said = follow.written(probe, batch, job, f"nonce {probe.nonce}", status)
    answer = probe.sh('cat "$1/device.json"', folder)
    return _told(probe, said, answer.out if answer.ok else "")


def _told(probe: Probe, said: str, text: str) -> dict[str, Any]:
    if not text:
        if "no python" in said.splitlines():
            message = "no Python in the job has numba-cuda and what the analysis needs"
            probe.unverified(Reason.PREREQUISITE_ABSENT, message, "pip install 'afspec[agc,gpu]' in the site's image")
        raise FailedError(f"the job brings no answer: {' '.join(said.split())[-200:]}")
    found: dict[str, Any] = json.loads(text)
    if found.get("error"):
        raise FailedError(f"the device does not compute: {found['error']}")
    return found


def _place(probe: Probe) -> tuple[SlurmPool | HTCondorPool, str]:
    """The pool and the slots that have the model."""
    for pool in probe.facility.batch:
        for slots in pool.slots:
            if slots.offered and any(gpu.name == probe.value.name for gpu in slots.gpus):
                return pool, slots.name
    hint = "It is asked for in a session or a pod: see the facility's own page."
    raise UnverifiedError(Reason.PREREQUISITE_ABSENT, "the spec names no batch pool that has it", hint)

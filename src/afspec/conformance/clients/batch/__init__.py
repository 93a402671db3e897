r"""Batch systems as an ordinary user has them: one interface, Slurm and HTCondor behind it.

`interface` says what a client does, `slurm` and `htcondor` do it with the schedulers' own commands; `follow` has what
checks share: send a job, wait for it, and leave nothing behind; `leftovers` sweeps what killed runs left.

    batch = batch_of(probe, pool)
    job = follow.send(probe, batch, Errand(probe.name, 'printf "%s\n" "$1"', (probe.nonce,), slots="roma"))
    status = follow.to_the_end(probe, batch, job)
    batch.output(job), status.node
    [listed.node for listed in batch.mine() if listed.name.startswith("dask-worker")]
"""

from afspec.conformance.clients.batch.choose import batch_of, client, pool_named, pool_of, usual_slots
from afspec.conformance.clients.batch.interface import Batch, Errand, Job, Listed, Phase, Status, Taken

__all__ = [
    "Batch",
    "Errand",
    "Job",
    "Listed",
    "Phase",
    "Status",
    "Taken",
    "batch_of",
    "client",
    "pool_named",
    "pool_of",
    "usual_slots",
]

"""HTCondor: submit files for every queue that users may select, and a small replica of each pool.

`job` works out what a submit file asks for and which container it names, `replica` what a pool needs to run on one
machine; the templates only write that down. README.md shows the commands that use the files.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from afspec.generators import Artifact, Format, Generator

from .job import Job, image, jobs
from .replica import Replica

if TYPE_CHECKING:
    from collections.abc import Iterator

    from afspec.facility import Facility
    from afspec.facility.batch import HTCondorPool, Queue

__all__ = ["HTCondor"]


class HTCondor(Generator):
    """Submit files for condor_submit, and a small HTCondor with the same names on one machine."""

    name: ClassVar[str] = "htcondor"

    def applies(self, facility: Facility) -> bool:
        """Where users may use an HTCondor pool."""
        return bool(facility.htcondor_pools)

    def render(self, facility: Facility) -> Iterator[Artifact]:
        """Submit files by queue, then the replica's configuration, pool by pool."""
        pools = facility.htcondor_pools
        for pool in pools:
            folder = "htcondor" if len(pools) == 1 else f"htcondor/{pool.name}"
            for queue in _queues(pool):
                yield from self._queue(facility, pool, queue, f"{folder}/{queue.name if queue else 'default'}")
            replica = Replica.of(facility, pool)
            yield self.template(
                "99-afspec.conf.j2",
                f"{folder}/replica/99-afspec.conf",
                Format.INI,
                facility=facility,
                replica=replica,
            )
            yield self.template(
                "prepare.sh.j2",
                f"{folder}/replica/prepare.sh",
                Format.SHELL,
                executable=True,
                facility=facility,
                replica=replica,
            )

    def _queue(self, facility: Facility, pool: HTCondorPool, queue: Queue | None, folder: str) -> Iterator[Artifact]:
        for job in jobs(facility, pool, queue):
            yield self._submit_file(facility, pool, job, folder)
        yield self.template(
            "run.sh.j2", f"{folder}/run.sh", Format.SHELL, executable=True, facility=facility, pool=pool, folder=folder
        )

    def _submit_file(self, facility: Facility, pool: HTCondorPool, job: Job, folder: str) -> Artifact:
        script = f"{folder}/{job.kind}.sub"
        return self.template(
            "job.sub.j2",
            script,
            Format.INI,
            facility=facility,
            pool=pool,
            job=job,
            image=image(facility, pool) if job.kind == "container" else None,
            script=script,
        )


def _queues(pool: HTCondorPool) -> tuple[Queue | None, ...]:
    """The queues that users may select; None stands for a pool that has no queues."""
    return tuple(queue for queue in pool.queues if queue.offered) if pool.queues else (None,)

"""Dask as a site's users start it: settings in the form of dask's own tools, and a module for notebooks.

`jobqueue` builds dask-jobqueue's settings for a Slurm or HTCondor pool, `settings` those of distributed,
dask-gateway's client and dask-kubernetes, `paths` spells users' folders so that they mean something where they
are read: dask expands no variable in its files, a job's shell does. cluster.py is made for what the site
offers, and carries no credential. `gateway` works out what dask-gateway's server is told where the site runs it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from afspec.facility.batch import SlurmPool
from afspec.generators import Artifact, Format, Generator
from afspec.generators.quoting import classad, one_line
from afspec.generators.ways import ways, worker_image

from .gateway import Server
from .jobqueue import jobqueue
from .paths import in_python
from .settings import settings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from afspec.facility import Facility
    from afspec.facility.batch import HTCondorPool


class Dask(Generator):
    """Settings for dask-jobqueue, dask-gateway and dask-kubernetes, and a module that starts the site's cluster."""

    name = "dask"

    def applies(self, facility: Facility) -> bool:
        """Where a way to a Dask cluster is offered."""
        return bool(ways(facility))

    def render(self, facility: Facility) -> Iterator[Artifact]:
        """Files that go to ~/.config/dask, and the module."""
        if made := jobqueue(facility):
            yield self.yaml("dask/jobqueue.yaml", made, f"dask-jobqueue at {facility.title}; for ~/.config/dask")
        if made := settings(facility):
            yield self.yaml("dask/dask.yaml", made, f"Dask at {facility.title}; for ~/.config/dask")
        yield self.template("cluster.py.j2", "dask/cluster.py", Format.PYTHON, **_module(facility))
        if server := Server.of(facility):
            config = "dask_gateway_config.py"
            yield self.template(f"{config}.j2", f"dask/gateway/{config}", Format.PYTHON, server=server)


def _module(facility: Facility) -> dict[str, Any]:
    """What cluster.py has to know beyond what the YAML files can say; "" and () stand for what nobody said."""
    dask = facility.dask
    scratch = facility.storage.area("scratch") if facility.storage else None
    image = worker_image(facility)
    made: dict[str, Any] = {
        "title": one_line(facility.title),
        "ways": ways(facility),
        "temporary_directory": in_python(scratch.path if scratch else None),
        "worker_image": image.reference if image else "",
        "gateway_url": (dask.gateway.url or "") if dask and dask.gateway else "",
        "coffea_casa_port": dask.coffea_casa.scheduler_port if dask and dask.coffea_casa else 0,
        "most": 0,
        "scheduler": "",
    }
    pool = facility.jobqueue_pool
    if pool is None or dask is None or dask.jobqueue is None:
        return made
    ports = dask.jobqueue.ports
    images = facility.images
    return made | {
        "most": dask.jobqueue.max_workers or 0,
        "scheduler": pool.scheduler,
        "log_directory": in_python(pool.log_directory),
        "unset": pool.unset,
        "scheduler_ports": tuple(ports.scheduler) if ports and ports.scheduler else (),
        "dashboard_ports": tuple(ports.dashboard) if ports and ports.dashboard else (),
        "runtime": (images.executable if images else None) or "apptainer",
        "binds": images.binds if images else (),
        "gpu_flag": bool(images and images.gpu_flag),
        "unpacked": (images.unpacked if images else None) or "",
        **(_slurm(pool) if isinstance(pool, SlurmPool) else _htcondor(pool)),
    }


def _slurm(pool: SlurmPool) -> dict[str, Any]:
    partitions = {
        gpu.name: partition.name
        for partition in reversed(pool.partitions)
        if partition.offered
        for gpu in partition.gpus
    }
    return {"gpu_partitions": partitions}


def _htcondor(pool: HTCondorPool) -> dict[str, Any]:
    attributes = {f"+{key}": str(classad(value)) for key, value in pool.gpu_attributes.items()}
    return {"universe": pool.container_universe, "gpu_attributes": attributes, "shared_home": pool.shared_home}

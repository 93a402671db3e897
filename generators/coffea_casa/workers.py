"""How a session's Dask cluster gets workers: HTCondor jobs of the docker universe, sent by CoffeaCasaCluster.

The image's entry point writes HTCondor's and Dask's configuration from variables, whose defaults in the image are those
of the facility where coffea-casa is made: all of them are set here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from afspec.facility.common import by_name
from afspec.facility.quantities import format_bytes
from afspec.generators.images import name_and_tag, pull_reference
from afspec.generators.quoting import submit_literal

from .certificates import TOKENS
from .plan import SECRETS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from afspec.facility.batch import HTCondorPool

    from .plan import Plan


def environment(plan: Plan) -> dict[str, Any]:
    """Variables of a session."""
    name, tag = name_and_tag(pull_reference(plan.worker_image))
    found: dict[str, Any] = {"CERT_DIR": SECRETS, "WORKER_IMAGE": name, "TAG": tag}
    if plan.pool is None:
        return found | {
            "LABEXTENTION_FACTORY_MODULE": "dask.distributed",
            "LABEXTENTION_FACTORY_CLASS": "LocalCluster",
            **dict.fromkeys(("CONDOR_HOST", "COLLECTOR_NAME", "SCHEDD_HOST", "UID_DOMAIN"), ""),
        }
    workers, head = plan.casa.workers, plan.pool.head or ""
    return found | {
        "LABEXTENTION_FACTORY_MODULE": "coffea_casa",
        "LABEXTENTION_FACTORY_CLASS": "CoffeaCasaCluster",
        "CONDOR_HOST": head,
        "COLLECTOR_NAME": workers.collector or head,
        "SCHEDD_HOST": workers.schedd or head,
        "UID_DOMAIN": workers.uid_domain or head.partition(".")[2] or head,
        # Where HTCondor's tools look for tokens (HTCondor manual, SEC_TOKEN_DIRECTORY).
        "_CONDOR_SEC_TOKEN_DIRECTORY": TOKENS,
        # The address that the scheduler tells its workers: the pod's own.
        "POD_IP": {"valueFrom": {"fieldRef": {"fieldPath": "status.podIP"}}},
    }


def settings(plan: Plan) -> dict[str, Any]:
    """Dask's settings, read after the image's own: dask reads a folder's files in the order of their names."""
    if plan.pool is None:
        return {}
    workers = plan.casa.workers
    grow = {"minimum": 0, "maximum": workers.maximum}
    return {
        "jobqueue": {
            "coffea-casa": {
                "worker-image": pull_reference(plan.worker_image),
                "cores": workers.cores,
                "memory": format_bytes(workers.memory),
                "disk": format_bytes(workers.disk),
                "submit-command-extra": ["-spool"],
                "job-extra-directives": dict(_directives(plan, plan.pool)),
            }
        },
        "labextension": {
            "factory": {
                "module": "coffea_casa",
                "class": "CoffeaCasaCluster",
                "args": [],
                "kwargs": {
                    "scheduler_port": plan.scheduler_port,
                    "dashboard_port": plan.casa.dashboard_port,
                    "nanny_port": workers.nanny_port,
                },
            },
            "default": {"workers": None, "adapt": grow},
            "initial": [{"name": "HTCondor", "adapt": grow}],
        },
    }


def _directives(plan: Plan, pool: HTCondorPool) -> Iterator[tuple[str, str]]:
    """Lines of a worker's submit file that the site decides; CoffeaCasaCluster adds +DaskSchedulerAddress and files."""
    workers = plan.casa.workers
    yield "universe", "docker"
    yield "container_service_names", "dask,nanny"
    yield "dask_container_port", str(workers.port)
    yield "nanny_container_port", str(workers.nanny_port)
    # All sessions send jobs by one token: the name of the user's pod keeps the users' shares apart.
    yield "+AccountingGroup", f'"{workers.account or "coffea-casa"}.$ENV(HOSTNAME)"'
    # Keys go to the schedd in cipher, however it is set up (condor_submit(1)); the image's own setting undoes that.
    yield "encrypt_input_files", f"{SECRETS}/hostcert.pem, {SECRETS}/hostkey.pem"
    wanted = workers.slots or pool.default_queue
    queue = by_name(pool.queues, wanted) if wanted else None
    for name, value in (queue.attributes if queue else {}).items():
        yield f"+{name}", str(submit_literal(value))

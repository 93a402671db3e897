"""What the spec says of coffea-casa, and the numbers and folders that its images are made for."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from afspec.facility.access import Door
from afspec.facility.common import by_name
from afspec.generators.cluster import component, published
from afspec.generators.hub_chart import Key, in_secret
from afspec.generators.oauth import hub_login

if TYPE_CHECKING:
    from afspec.facility import Facility
    from afspec.facility.batch import HTCondorPool
    from afspec.facility.services import CoffeaCasa
    from afspec.generators.cluster import Published
    from afspec.generators.oauth import HubLogin

# coffea-casa, docker/Dockerfile.cc-dask-alma9 and its structure tests.
UID, GID = 6440, 11265
HOME = "/home/cms-jovyan"
SECRETS = "/etc/cmsaf-secrets"
DASK = "/opt/dask"
_SCHEDULER = 8786


class Plan(NamedTuple):
    """`own` is the Secret of the instance's own values; without a `pool` sessions have no workers from HTCondor."""

    facility: Facility
    casa: CoffeaCasa
    namespace: str
    image: str
    worker_image: str
    login: HubLogin | None
    at: Published | None
    pool: HTCondorPool | None
    token: Key
    scheduler_port: int
    own: str = "coffea-casa"

    @classmethod
    def of(cls, facility: Facility) -> Plan | None:
        """None where it is not offered on the cluster, or nothing says which image sessions run in."""
        here = component(facility, "coffea-casa")
        casa = facility.services.coffea_casa
        if here is None or casa is None or casa.image is None:
            return None
        dask = facility.dask.coffea_casa if facility.dask else None
        token = casa.workers.token
        return cls(
            facility,
            casa,
            here.namespace,
            casa.image,
            casa.workers.image or casa.image,
            hub_login(facility, Door.COFFEA_CASA, casa.login, lambda found: not found.file),
            published(facility, casa.url) if casa.url and "<" not in casa.url else None,
            _pool(facility, casa),
            (in_secret(token, cls._field_defaults["own"]) if token else None) or Key("coffea-casa", "condor_token"),
            dask.scheduler_port if dask else _SCHEDULER,
        )


def _pool(facility: Facility, casa: CoffeaCasa) -> HTCondorPool | None:
    """The pool of the workers: one that tells its head, as sessions have to find it."""
    pools = [pool for pool in facility.htcondor_pools if pool.head]
    return by_name(pools, casa.workers.pool) if casa.workers.pool else next(iter(pools), None)

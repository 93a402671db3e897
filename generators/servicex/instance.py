"""What is known of a ServiceX instance on the site's cluster."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from afspec.facility.orchestration import Orchestrator
from afspec.facility.urls import locate
from afspec.generators.cluster import Published, components, published

if TYPE_CHECKING:
    from afspec.facility import Facility
    from afspec.facility.services import ServiceX
    from afspec.generators.cluster import Component

# What the chart brings, in its order; it has an image for these and for no others (chart servicex 1.0.32).
CODE_GENERATORS = ("uproot-raw", "uproot", "python", "atlasr21", "atlasr22", "cmssw-5-3-32")
# The scheme of a dataset's name, and what the chart calls its finder.
DID_FINDERS = {"rucio": "rucio", "xrootd": "xrootd", "cernopendata": "CERNOpenData"}


class Instance(NamedTuple):
    """An instance; `release` is the name that Helm knows it by, `domain` what follows the release in its host.

    The chart's Ingress is for RELEASE.DOMAIN and for a whole host: where the URL is none of that kind, or a Route of
    OKD serves it, `domain` is None. `store` is where its object store is published.
    """

    facility: Facility
    spec: ServiceX
    component: Component
    release: str
    domain: str | None
    ingress: Published | None
    store: Published | None

    @property
    def okd(self) -> bool:
        """Whether pods run under OKD's restricted SecurityContextConstraints."""
        cluster = self.facility.orchestration
        return cluster is not None and cluster.kind is Orchestrator.OKD

    @property
    def secret(self) -> str:
        """The Secret with the instance's passwords and keys."""
        return self.spec.secret or f"{self.component.name}-secrets"

    @property
    def finders(self) -> tuple[str, ...]:
        """Schemes of the finders that run: those of the spec which the chart has, or all where the spec is silent."""
        asked = dict.fromkeys(name.lower() for name in self.spec.did_finders)
        return tuple(scheme for scheme in asked or DID_FINDERS if scheme in DID_FINDERS)

    @property
    def open_data_only(self) -> bool:
        """Whether it reads nothing that takes a grid certificate."""
        return bool(self.spec.did_finders) and self.finders == ("cernopendata",)

    @property
    def own_store(self) -> bool:
        """Whether the chart runs the object store."""
        return not (self.spec.object_store and self.spec.object_store.external and self.store)

    @property
    def store_address(self) -> str:
        """Host and port of the object store for users, as S3 clients take them; "" where it has none."""
        url = self.spec.object_store.url if self.spec.object_store and self.store else None
        at = locate(url) if url else None
        return (f"{at.host}:{at.port}" if at.port else at.host) if at else ""

    @property
    def store_tls(self) -> str:
        """The Secret with the certificate of the object store, where no issuer makes one."""
        return f"{self.release}-minio-tls"

    @property
    def cache(self) -> str:
        """The doors of the site's caches, as ServiceX takes them; "" where Rucio puts caches before the files itself.

        It does so for a site that it knows by name, and a file would go through two caches (af-docs,
        uchicago/xcache.md).
        """
        storage = self.facility.storage
        if storage is None or self.rucio_site:
            return ""
        return ",".join(door.door.partition("://")[2] for door in storage.xcache if door.offered)

    @property
    def rucio_site(self) -> str | None:
        """SITE_NAME, by which Rucio finds the near caches, where datasets are looked up there."""
        rucio = self.facility.software.rucio if self.facility.software else None
        return rucio.site if rucio and "rucio" in self.finders else None

    @property
    def admin(self) -> str | None:
        """Address of the first administrator; a contact may be a web page, which is none."""
        given = self.spec.admin or self.facility.contact
        return given if given and "://" not in given else None


def instances(facility: Facility) -> tuple[Instance, ...]:
    """The instances that are offered on the site's cluster, in the order of the spec."""
    by_name = {item.name: item for item in facility.services.servicex}
    start = "/services/servicex/"
    return tuple(
        _instance(facility, by_name[found.pointer.removeprefix(start)], found)
        for found in components(facility)
        if found.pointer.startswith(start)
    )


def _whole(url: str | None) -> str | None:
    """A URL that is the same for everybody: one with a placeholder names no host that could be served."""
    return url if url and "<" not in url else None


def _instance(facility: Facility, item: ServiceX, found: Component) -> Instance:
    at = published(facility, _whole(item.url))
    release, _, domain = at.host.partition(".") if at else (found.name, "", "")
    served = bool(at and at.by == "Ingress" and domain and not at.path)
    store = item.object_store
    return Instance(
        facility,
        item,
        found,
        release if served else found.name,
        domain if served else None,
        at if served else None,
        published(facility, _whole(store.url) if store else None),
    )

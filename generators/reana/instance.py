"""What is known of the site's REANA."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from afspec.facility.access import Door
from afspec.facility.orchestration import Orchestrator
from afspec.generators.cluster import Published, component, published

if TYPE_CHECKING:
    from afspec.facility import Facility
    from afspec.facility.access import Login
    from afspec.facility.services import Reana
    from afspec.facility.storage import Mount
    from afspec.generators.cluster import Component

# The chart's own ConfigMaps and values name the release so.
RELEASE = "reana"
# Where pods see the workspaces, and the chart's own folder for them on nodes.
ROOT = "/var/reana"
# The chart makes a volume's name from its path by taking the slashes out.
_VOLUME = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\Z")


class Instance(NamedTuple):
    """REANA on the site's cluster; `at` is where it is published, None where that is not known."""

    facility: Facility
    spec: Reana
    component: Component
    at: Published | None

    @property
    def okd(self) -> bool:
        """Whether it runs on OKD, where a Route publishes it and pods may not mount folders of nodes."""
        cluster = self.facility.orchestration
        return cluster is not None and cluster.kind is Orchestrator.OKD

    @property
    def ingress(self) -> Published | None:
        """Where the chart's Ingress serves it: whole hosts only."""
        return self.at if self.at and self.at.by == "Ingress" and not self.at.path else None

    @property
    def folder(self) -> str | None:
        """The folder of nodes that holds workspaces, where they are in one."""
        storage = self.spec.storage
        return storage.path if storage and storage.path and not self.okd else None

    @property
    def storage_class(self) -> str | None:
        """The class of the volume that holds workspaces; None where the spec names none."""
        cluster, storage = self.facility.orchestration, self.spec.storage
        return (storage.storage_class if storage else None) or (cluster.storage_class if cluster else None)

    @property
    def workspaces(self) -> dict[str, str | None]:
        """Further folders for workspaces by area, as the chart writes them: folder of the node, colon, that of pods.

        None where the chart cannot: it mounts folders of nodes alone, whose names make the names of its volumes.
        """
        areas = {area.name: area.mount for area in self.facility.storage.areas} if self.facility.storage else {}
        return {name: None if self.okd else _folder(areas.get(name)) for name in self.spec.workspaces}

    @property
    def login(self) -> Login | None:
        """The account by which users sign in; REANA takes one, Keycloak's or one whose addresses are known."""
        for login in self.facility.logins:
            usable = login.issuer_url and (login.method == "keycloak" or login.endpoints)
            if login.offered and Door.REANA in login.opens and usable:
                return login
        return None

    @property
    def dask(self) -> bool:
        """Whether workflows may start Dask clusters."""
        if self.spec.dask is not None:
            return self.spec.dask
        operator = self.facility.dask.operator if self.facility.dask else None
        return bool(operator and operator.offered)

    @property
    def runtime_namespace(self) -> str:
        """Where workflows run: their own namespace needs a folder of nodes, the chart refuses volumes of a class."""
        return (self.spec.runtime_namespace if self.folder else None) or self.component.namespace

    @property
    def admin(self) -> str | None:
        """Address for its messages; a contact may be a web page, which is none."""
        given = self.spec.admin or self.facility.contact
        return given if given and "://" not in given else None


def _folder(mount: Mount | None) -> str | None:
    if mount is None or mount.server or ":" in mount.source + mount.target:
        return None
    return f"{mount.source}:{mount.target}" if _VOLUME.match(mount.source.replace("/", "")) else None


def instance(facility: Facility) -> Instance | None:
    """The site's REANA, where it is offered on the site's cluster."""
    spec = facility.services.reana
    found = component(facility, "reana") if spec and spec.offered else None
    if spec is None or found is None or found.pointer != "/services/reana":
        return None
    # A URL with a placeholder is no host that could be served.
    url = spec.url if spec.url and "<" not in spec.url else None
    return Instance(facility, spec, found, published(facility, url))

"""AF397: what is promised on the cluster, and cannot be deployed as it is described."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from afspec.diagnostics import Severity
from afspec.facility import Stance
from afspec.facility.access import Door
from afspec.facility.components import component
from afspec.facility.jupyter import JupyterKind
from afspec.rules.base import Context, Finding, Rule, unknown
from afspec.rules.onsite import triton_on_cluster, ways_on_cluster

if TYPE_CHECKING:
    from collections.abc import Iterator

    from afspec.facility import Facility
    from afspec.facility.access import Login
    from afspec.facility.common import SecretRef


def _hubs(facility: Facility) -> Iterator[tuple[str, Stance | None, list[Login]]]:
    """The hubs of the cluster: pointer, stance, and the logins that open them."""
    for pointer, way in ways_on_cluster(facility):
        if way.kind is JupyterKind.HUB_KUBERNETES:
            named = way.hub.login if way.hub else None
            yield pointer, way.stance, [item for item in _opening(facility, Door.JUPYTER) if named in {None, item.name}]
    if facility.services.coffea_casa and component(facility, "coffea-casa"):
        yield "/services/coffea_casa", facility.services.coffea_casa.stance, _opening(facility, Door.COFFEA_CASA)


def _opening(facility: Facility, door: Door) -> list[Login]:
    return [login for login in facility.logins if login.offered and door in login.opens]


class AF3971(Rule):
    """Hub is promised on the cluster, and could let in nobody.

    The chart's own authenticator takes any name with any password. Where the spec has no login that the hub can ask,
    its values are compiled so that nobody can sign in.
    """

    severity: ClassVar[Severity] = Severity.WARNING

    def check(self, facility: Facility, _: Context) -> Iterator[Finding]:
        """Give the login that opens it a `client:` and what else is named; the client's secret by reference."""
        said = set()
        for pointer, stance, logins in _hubs(facility):
            # A login by password or key is none that a hub asks by OpenID Connect; where no login opens it, AF3202.
            asked = [login for login in logins if login.method not in {"ssh-key", "active-directory"}]
            if stance is not Stance.PROMISED or not logins or any(not login.lacking for login in asked):
                continue
            for login in asked[:1]:
                for field in login.lacking:
                    at = f"/logins/{login.name}/{field}"
                    if at not in said:
                        said.add(at)
                        yield Finding(at, f"login `{login.name}` has no `{field}`, `{pointer}` asks it")
            if not asked:
                names = ", ".join(f"`{login.name}`" for login in logins)
                yield Finding(pointer, f"{names}: no OpenID Connect")


def _in_pods(facility: Facility, folder: str) -> bool:
    """Whether a volume of the cluster's pods holds a folder."""
    storage, software = facility.storage, facility.software
    targets = [mount.target for _area, mount in storage.mounted] if storage else []
    if software and software.cvmfs and software.cvmfs.claim:
        targets.append("/cvmfs")
    return any(f"{folder}/".startswith(f"{target}/") for target in targets)


class AF3972(Rule):
    """Service is promised on the cluster without what its pods run.

    Nothing is compiled for it: an image that nobody named would be another one tomorrow, and a server without models
    serves nobody.
    """

    severity: ClassVar[Severity] = Severity.WARNING

    def check(self, facility: Facility, _: Context) -> Iterator[Finding]:
        """Name its `image:`, registry, repository and tag; for Triton `repository:` or a `folder:` that pods mount."""
        triton, casa = triton_on_cluster(facility), facility.services.coffea_casa
        if triton and triton.stance is Stance.PROMISED and not (triton.cluster and triton.cluster.image):
            yield Finding("/services/triton/cluster/image", "`/services/triton` has no `image`")
        if triton and triton.stance is Stance.PROMISED and not (triton.repository or triton.folder):
            yield Finding("/services/triton/repository", "`/services/triton` has no models")
        if triton and triton.stance is Stance.PROMISED and triton.folder and not _in_pods(facility, triton.folder):
            yield Finding("/services/triton/folder", f"no pod has `{triton.folder}`: it is in no area with a `mount:`")
        promised = casa is not None and casa.stance is Stance.PROMISED and component(facility, "coffea-casa")
        if promised and casa and casa.image is None:
            yield Finding("/services/coffea_casa/image", "`/services/coffea_casa` has no `image`")


class AF3973(Rule):
    """Secret of a service on the cluster is not one of the cluster's.

    A pod gets its secrets from Secrets of its namespace: a file of some host never reaches it.
    """

    severity: ClassVar[Severity] = Severity.WARNING

    def check(self, facility: Facility, _: Context) -> Iterator[Finding]:
        """Refer to it by `kubernetes_secret:`, name and key, or by `env:`, the variable of the pod."""
        for pointer, secret in dict(self._secrets(facility)).items():
            if secret is not None and secret.file is not None:
                yield Finding(f"{pointer}/file", f"`{secret.file}`")

    @staticmethod
    def _secrets(facility: Facility) -> Iterator[tuple[str, SecretRef | None]]:
        for _pointer, _stance, logins in _hubs(facility):
            for login in logins[:1]:
                yield f"/logins/{login.name}/client/secret", login.client.secret if login.client else None
        for pointer, way in ways_on_cluster(facility):
            if way.hub is not None:
                yield f"{pointer}/hub/database", way.hub.database
                for item in way.hub.services:
                    yield f"{pointer}/hub/services/{item.name}/token", item.token
        gateway = facility.dask.gateway if facility.dask else None
        if gateway and gateway.server and component(facility, "dask-gateway"):
            yield "/dask/gateway/server/token", gateway.server.token


# The chart's own (values of ssl-hep/ServiceX, helm/servicex: codeGen, didFinder).
_CODE_GENERATORS = ("atlasr21", "atlasr22", "cmssw-5-3-32", "python", "uproot", "uproot-raw")
_DID_FINDERS = ("cernopendata", "rucio", "xrootd")


class AF3974(Rule):
    """ServiceX's chart has no such part.

    A code generator or finder that the chart does not know is not switched on, and those that are not named are
    switched off: users' requests are refused.
    """

    def check(self, facility: Facility, _: Context) -> Iterator[Finding]:
        """Name those of the chart; without a list the chart's own are on."""
        for item in facility.services.servicex:
            here = f"/services/servicex/{item.name}"
            for index, name in enumerate(item.code_generators):
                if name not in _CODE_GENERATORS:
                    yield unknown(f"{here}/code_generators/{index}", name, _CODE_GENERATORS)
            for index, name in enumerate(item.did_finders):
                if name not in _DID_FINDERS:
                    yield unknown(f"{here}/did_finders/{index}", name, _DID_FINDERS)


class AF3975(Rule):
    """Workspaces of REANA are where the facility has nothing.

    An area is mounted into workflows' pods by its name. One that is not there, or that no pod can mount, leaves them
    without the folder that users chose.
    """

    def check(self, facility: Facility, _: Context) -> Iterator[Finding]:
        """Name an area under `storage: areas:` that has a `mount:`."""
        reana, storage = facility.services.reana, facility.storage
        there = tuple(area.name for area, _mount in storage.mounted) if storage else ()
        for index, name in enumerate(reana.workspaces if reana else ()):
            if name not in there:
                yield unknown(f"/services/reana/workspaces/{index}", name, there)

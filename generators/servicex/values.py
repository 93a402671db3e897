"""Values for ServiceX's chart (ssl-hep/ServiceX, helm/servicex/values.yaml and templates/)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from afspec.generators.cluster.publish import ISSUER_ANNOTATION
from afspec.generators.quoting import python

from .instance import CODE_GENERATORS, DID_FINDERS
from .stores import stores

if TYPE_CHECKING:
    from .instance import Instance


def values(item: Instance) -> dict[str, Any]:
    """The values, in the chart's order; what the spec is silent about is left to the chart.

    Sign-in is on: without it everybody who finds the address uses the site's grid certificate. Logs stay at the site:
    the chart sends them to its authors' host.
    """
    tag = {"tag": item.spec.tag} if item.spec.tag else {}
    made: dict[str, Any] = {"secrets": item.secret, "app": _app(item) | tag}
    if generators := _code_generators(item):
        made["codeGen"] = generators
    made["didFinder"] = _did_finders(item)
    if item.spec.grid_account:
        made["gridAccount"] = item.spec.grid_account
    if item.open_data_only:
        made["noCerts"] = True
    made["x509Secrets"] = _x509(item) | tag
    made["transformer"] = _transformer(item)
    made |= stores(item)
    if tag and item.own_store:
        made["minioCleanup"] = tag
    made["logging"] = {"logstash": {"enabled": False}}
    return {key: value for key, value in made.items() if value != {}}


def _app(item: Instance) -> dict[str, Any]:
    app: dict[str, Any] = {"auth": True}
    if item.admin:
        app["adminEmail"] = item.admin
    if item.spec.did_finders and item.finders:
        app["defaultDIDFinderScheme"] = item.finders[0]
    ingress: dict[str, Any] = {"enabled": item.ingress is not None}
    if item.ingress:
        if item.ingress.ingress_class:
            ingress["class"] = item.ingress.ingress_class
        ingress["host"] = item.domain
        ingress["tls"] = {"enabled": item.ingress.tls}
        if issuer := item.ingress.annotations.get(ISSUER_ANNOTATION):
            ingress["tls"]["clusterIssuer"] = issuer
    return app | {"ingress": ingress}


def _code_generators(item: Instance) -> dict[str, Any]:
    """Those of the spec, and the others off; all of the chart's where the spec is silent."""
    asked, tag = item.spec.code_generators, item.spec.tag
    return {
        name: ({"enabled": name in asked} if asked else {}) | ({"tag": tag} if tag else {})
        for name in CODE_GENERATORS
        if asked or tag
    }


def _did_finders(item: Instance) -> dict[str, Any]:
    tag = {"tag": item.spec.tag} if item.spec.tag else {}
    made: dict[str, dict[str, Any]] = {
        name: {"enabled": scheme in item.finders} | tag for scheme, name in DID_FINDERS.items()
    }
    if item.rucio_site:
        made["rucio"]["site"] = item.rucio_site
    return made


def _x509(item: Instance) -> dict[str, Any]:
    voms = item.facility.software.voms if item.facility.software else None
    return {"vomsOrg": voms.vo} if voms and not item.open_data_only else {}


def _transformer(item: Instance) -> dict[str, Any]:
    """How requests are worked on; the cache's door goes into a file in Python, and an unset one would break it."""
    made: dict[str, Any] = {"cachePrefix": python(item.cache)}
    asked = item.spec.transformers
    if asked:
        scale = {
            "minReplicas": asked.minimum,
            "maxReplicas": asked.maximum,
            "cpuScaleThreshold": asked.load,
        }
        if known := {key: value for key, value in scale.items() if value is not None}:
            made["autoscaler"] = {"enabled": True} | known
        if asked.priority_class:
            made["priorityClassName"] = asked.priority_class
    if item.spec.tag:
        made["sidecarTag"] = item.spec.tag
    return made

"""What an object, or values for a chart, ask for by name: Secrets and their keys, claims, accounts, classes.

Parts of pods are told by their form, which is the same in an object, in a custom resource and in a chart's values.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NamedTuple

from afspec.verify.cluster.pods import listed, mapped

if TYPE_CHECKING:
    from collections.abc import Iterator

    from afspec.verify.cluster.reading import Path

# What is expanded when a pod is made, by KubeSpawner, a shell or a program, has no name yet.
_EXPANDED = re.compile(r"[{$%<]")
ISSUERS = ("cert-manager.io/cluster-issuer", "cert-manager.io/issuer")
_SIMPLE = {
    "serviceAccountName": "ServiceAccount",
    "priorityClassName": "PriorityClass",
    "storageClassName": "StorageClass",
    "ingressClassName": "IngressClass",
    "runtimeClassName": "RuntimeClass",
    "claimName": "PersistentVolumeClaim",
    "pvcName": "PersistentVolumeClaim",
}
_EXISTING = re.compile(r"existing(?:[A-Z]\w*)?Secret(?:Name)?|(?:\w+[a-z])?SecretName|secretName|imagePullSecret")
_KEYED = {"secretKeyRef": "Secret", "configMapKeyRef": "ConfigMap"}
_WHOLE = {"secretRef": "Secret", "configMapRef": "ConfigMap"}
# Values of charts that name an object, where the key alone does not say so: from each chart's own documentation.
_OF_CHARTS: dict[str, dict[tuple[str, ...], str]] = {
    "servicex": {("secrets",): "Secret"},
    "dask-gateway": {("gateway", "auth", "jupyterhub", "apiTokenFromSecretName"): "Secret"},
}


class Use(NamedTuple):
    """A name that must be there: of what kind, where it stands, which key of it is read, and where that stands."""

    at: Path
    kind: str
    name: str
    key: str = ""
    key_at: Path = ()


def uses(data: Any, chart: str = "") -> Iterator[Use]:
    """Everything that data asks for by name, and that is not optional."""
    for use in _uses(data, ()):
        if use.name and not _EXPANDED.search(use.name):
            yield use
    for path, kind in _OF_CHARTS.get(chart, {}).items():
        value = data
        for step in path:
            value = mapped(value).get(step)
        if isinstance(value, str) and value:
            yield Use(path, kind, value)


def _uses(value: Any, at: Path) -> Iterator[Use]:
    for index, item in enumerate(listed(value)):
        yield from _uses(item, (*at, index))
    issued = any(key in mapped(mapped(value).get("annotations")) for key in ISSUERS)
    for key, item in mapped(value).items():
        inside = (*at, str(key))
        # What a chart's ingress names for TLS, cert-manager makes where its annotation is there.
        if key == "tls" and issued:
            continue
        yield from _of(str(key), item, inside)
        yield from _uses(item, inside)


def _of(key: str, item: Any, at: Path) -> Iterator[Use]:
    if isinstance(item, str):
        if key in _SIMPLE:
            yield Use(at, _SIMPLE[key], item)
        elif _EXISTING.fullmatch(key):
            yield Use(at, "Secret", item)
    elif key == "imagePullSecrets":
        for index, secret in enumerate(listed(item)):
            name = secret if isinstance(secret, str) else mapped(secret).get("name")
            yield Use((*at, index), "Secret", str(name or ""))
    elif isinstance(item, dict) and item.get("optional") is not True:
        yield from _of_map(key, item, at)


def _of_map(key: str, item: dict[str, Any], at: Path) -> Iterator[Use]:
    name = item.get("name")
    if key in _KEYED and isinstance(name, str):
        yield Use((*at, "name"), _KEYED[key], name, str(item.get("key") or ""), (*at, "key"))
    elif key in _WHOLE and isinstance(name, str):
        yield Use((*at, "name"), _WHOLE[key], name)
    elif key in {"secret", "configMap"}:
        kind = "Secret" if key == "secret" else "ConfigMap"
        # A volume's Secret has secretName, which is told by that; a projected one and a ConfigMap have a name.
        named = item.get("secretName", name) if key == "secret" else name
        # Only a source of a volume looks like this: other maps of that key have more.
        if isinstance(named, str) and set(item) <= {"name", "secretName", "items", "defaultMode", "optional"}:
            if "secretName" not in item:
                yield Use((*at, "name"), kind, named)
            for index, entry in enumerate(listed(item.get("items"))):
                wanted = mapped(entry).get("key")
                if isinstance(wanted, str):
                    yield Use((*at, "items", index, "key"), kind, named, wanted)

"""Which objects are custom resources, and what defines them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from afspec.verify.cluster.crds import Crd
from afspec.verify.cluster.manifests import KUSTOMIZE, candidates
from afspec.verify.cluster.official import is_official

if TYPE_CHECKING:
    from afspec.verify.cluster.charts import Charts
    from afspec.verify.cluster.manifests import Manifest
    from afspec.verify.compiled import Compiled

_VERSION = re.compile(rb"^apiVersion: *[\"']?(?P<group>[^\s/\"']+)/", re.MULTILINE)
_TEXT: dict[str, Any] = {"type": "string"}
_REFERENCE = {
    "type": "object",
    "required": ["kind", "name"],
    "properties": {
        "kind": {"type": "string", "enum": ["DockerImage", "ImageStreamTag", "ImageStreamImage"]},
        "name": {"type": "string", "minLength": 1},
        "namespace": _TEXT,
    },
}
_TAG = {
    "type": "object",
    "required": ["name"],
    "properties": {
        "name": {"type": "string", "minLength": 1},
        "annotations": {"type": "object", "additionalProperties": _TEXT},
        "from": _REFERENCE,
        "reference": {"type": "boolean"},
        "generation": {"type": "integer"},
        "importPolicy": {
            "type": "object",
            "properties": {
                "insecure": {"type": "boolean"},
                "scheduled": {"type": "boolean"},
                "importMode": {"type": "string", "enum": ["Legacy", "PreserveOriginal"]},
            },
        },
        "referencePolicy": {
            "type": "object",
            "required": ["type"],
            "properties": {"type": {"type": "string", "enum": ["Source", "Local"]}},
        },
    },
}
# OKD's API server has ImageStream built in, with no definition (OKD documentation, API reference, ImageStream).
_IMAGE_STREAM = {
    "spec": {
        "group": "image.openshift.io",
        "names": {"kind": "ImageStream", "plural": "imagestreams"},
        "scope": "Namespaced",
        "versions": [
            {
                "name": "v1",
                "served": True,
                "schema": {
                    "openAPIV3Schema": {
                        "type": "object",
                        "required": ["spec"],
                        "properties": {
                            "spec": {
                                "type": "object",
                                "properties": {
                                    "dockerImageRepository": _TEXT,
                                    "lookupPolicy": {
                                        "type": "object",
                                        "required": ["local"],
                                        "properties": {"local": {"type": "boolean"}},
                                    },
                                    "tags": {
                                        "type": "array",
                                        "items": _TAG,
                                        "x-kubernetes-list-type": "map",
                                        "x-kubernetes-list-map-keys": ["name"],
                                    },
                                },
                            },
                            "status": {"type": "object", "x-kubernetes-preserve-unknown-fields": True},
                        },
                    }
                },
            }
        ],
    }
}


def custom(site: Compiled) -> list[str]:
    """The files that have custom resources, by the groups that they name."""
    return [
        path
        for path in candidates(site, objects=True)
        if any(
            _is_custom(found["group"].decode("utf-8", "replace")) for found in _VERSION.finditer(site.contents[path])
        )
    ]


def definition(item: Manifest, charts: Charts | None) -> Crd | None:
    """What defines a custom resource: what the charts' folder has, else what OKD documents of its own."""
    found = charts.crd(item.group, item.kind) if charts else None
    if found is None and (item.group, item.kind) == ("image.openshift.io", "ImageStream"):
        return Crd(_IMAGE_STREAM, "afspec")
    return found


def _is_custom(group: str) -> bool:
    return not is_official(group) and group != KUSTOMIZE

"""An object of the Kubernetes API, as data, with the labels by which afspec's own are known.

Labels are the recommended ones (Kubernetes documentation, Recommended Labels). Which spec an object comes from is an
annotation: a digest is longer than a label may be, and on a pod's template a label would restart pods for nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from afspec.facility import Facility
    from afspec.generators.cluster.components import Component

Object = dict[str, Any]

# What stands in rendered files for the SHA-256 of the merged spec: the compiler puts the digest in when it writes.
# Changes of files are told without it.
SPEC_DIGEST = "0" * 64
SPEC_ANNOTATION = "afspec/spec-sha256"


def labels(facility: Facility, component: Component | str) -> dict[str, str]:
    """The labels of an object: what it is part of, and that afspec manages it."""
    name = component if isinstance(component, str) else component.name
    return {
        "app.kubernetes.io/name": name,
        # A label ends with a letter or a digit, a facility's name with what it likes.
        "app.kubernetes.io/part-of": facility.name.rstrip("._-"),
        "app.kubernetes.io/managed-by": "afspec",
    }


def manifest(
    facility: Facility,
    component: Component | str,
    kind: tuple[str, str],
    name: str,
    *,
    namespace: str | None = None,
    extra_labels: Mapping[str, str] | None = None,
    annotations: Mapping[str, str] | None = None,
    **body: Any,
) -> Object:
    """An object of `kind`, which is (apiVersion, kind); `body` are its other fields, `spec` and the like.

    Fields that are None are left out. Without a namespace it belongs to the cluster.
    """
    metadata: Object = {"name": name}
    if namespace:
        metadata["namespace"] = namespace
    metadata["labels"] = {**labels(facility, component), **(extra_labels or {})}
    metadata["annotations"] = {SPEC_ANNOTATION: SPEC_DIGEST, **(annotations or {})}
    version, what = kind
    fields = {key: value for key, value in body.items() if value is not None}
    return {"apiVersion": version, "kind": what, "metadata": metadata, **fields}

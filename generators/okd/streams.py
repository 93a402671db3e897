"""ImageStreams: the spec's named images, kept up to date and near by OKD's own registry."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from afspec.generators.cluster import components, dns_label, manifest
from afspec.generators.images import pull_reference

if TYPE_CHECKING:
    from collections.abc import Iterator

    from afspec.facility import Facility
    from afspec.generators.cluster import Object

_STREAM = ("image.openshift.io/v1", "ImageStream")


def image_streams(facility: Facility) -> Iterator[Object]:
    """A stream an image in each namespace where users' code runs: sessions, workers, and REANA's workflows."""
    images = facility.images
    if images is None or not images.offered:
        return
    tags: dict[str, dict[str, dict[str, Any]]] = {}
    for image in images.named:
        tag = _tag(image.reference)
        tags.setdefault(dns_label(image.name), {}).setdefault(tag["name"], tag)
    wanted = (item.namespace for item in components(facility) if item.pods == "users" or item.name == "reana")
    for namespace in dict.fromkeys(wanted):
        for name, found in tags.items():
            # Pods of the namespace may name the stream: NAME:TAG instead of the registry's whole reference.
            spec = {"lookupPolicy": {"local": True}, "tags": list(found.values())}
            yield manifest(facility, namespace, _STREAM, name, namespace=namespace, spec=spec)


def _tag(reference: str) -> dict[str, Any]:
    name, _, digest = reference.partition("@")
    tag = name.rpartition("/")[2].partition(":")[2]
    made: dict[str, Any] = {
        "name": tag or ("pinned" if digest else "latest"),
        "from": {"kind": "DockerImage", "name": pull_reference(reference)},
    }
    # What is pinned by a digest never changes, and OKD refuses to look whether it did.
    if not digest:
        made["importPolicy"] = {"scheduled": True}
    # Pulled through OKD's registry, which keeps the layers.
    return made | {"referencePolicy": {"type": "Local"}}

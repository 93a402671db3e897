"""Kustomizations: the fields that kustomize knows, and the files that they name."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING, Any

from afspec.diagnostics import nearest
from afspec.verify.cluster.pods import listed, mapped
from afspec.verify.cluster.schemas import Fault

if TYPE_CHECKING:
    from collections.abc import Iterator

    from afspec.verify.cluster.manifests import Manifest
    from afspec.verify.cluster.reading import Path as At
    from afspec.verify.compiled import Compiled

_VERSIONS = ("kustomize.config.k8s.io/v1beta1", "kustomize.config.k8s.io/v1")
_PATHS = ("resources", "components", "configurations", "crds", "transformers", "generators", "validators")
# The fields of a Kustomization (kustomize's reference); `bases`, `vars`, `commonLabels` and the like are deprecated.
_KNOWN = frozenset(
    {
        "apiVersion", "kind", "metadata", *_PATHS, "bases", "buildMetadata", "commonAnnotations", "commonLabels",
        "configMapGenerator", "generatorOptions", "helmCharts", "helmGlobals", "images", "inventory", "labels",
        "namePrefix", "nameSuffix", "namespace", "openapi", "patches", "patchesJson6902", "patchesStrategicMerge",
        "replacements", "replicas", "secretGenerator", "sortOptions", "vars",
    }
)  # fmt: skip
_LISTS = frozenset({*_PATHS, "patches", "images", "replicas", "labels", "configMapGenerator", "secretGenerator"})
_REMOTE = ("https://", "http://", "ssh://", "git::", "git@", "github.com/")


def kustomization_faults(item: Manifest, site: Compiled) -> Iterator[Fault]:
    """What is wrong with a kustomization, by path."""
    if item.version not in _VERSIONS:
        yield Fault(("apiVersion",), f"{item.version} is none of {', '.join(_VERSIONS)}")
    for key, value in item.data.items():
        if key not in _KNOWN:
            near = nearest(str(key), _KNOWN)
            yield Fault((str(key),), f"unknown field `{key}`{f'; did you mean `{near}`?' if near else ''}")
        elif key in _LISTS and not isinstance(value, list):
            yield Fault((str(key),), "is no list")
    seen: set[tuple[str | int, str]] = set()
    for at, path in _named(item.data):
        yield from _file(item, site, at, path)
        if at[0] == "resources" and (at[0], path) in seen:
            yield Fault(at, f"{path} is there twice")
        seen.add((at[0], path))


def _named(data: dict[str, Any]) -> Iterator[tuple[At, str]]:
    """The files and folders that it names."""
    for key in _PATHS:
        for index, path in enumerate(listed(data.get(key))):
            # Transformers may stand in the file itself.
            if "\n" not in str(path):
                yield (key, index), str(path)
    for index, patch in enumerate(mapped(item) for item in listed(data.get("patches"))):
        if patch.get("path"):
            yield ("patches", index, "path"), str(patch["path"])
    for key in ("configMapGenerator", "secretGenerator"):
        for index, maker in enumerate(mapped(item) for item in listed(data.get(key))):
            for kind in ("files", "envs"):
                for number, path in enumerate(listed(maker.get(kind))):
                    yield (key, index, kind, number), str(path).rpartition("=")[2]


def _file(item: Manifest, site: Compiled, at: At, path: str) -> Iterator[Fault]:
    if path.startswith(_REMOTE):
        yield Fault(at, f"{path} is fetched from elsewhere: what is applied would not be what was checked")
        return
    here = posixpath.dirname(item.path)
    full = posixpath.normpath(posixpath.join(here, path))
    beside = {full, *(f"{full}/{name}" for name in ("kustomization.yaml", "kustomization.yml", "Kustomization"))}
    if not beside & site.contents.keys():
        yield Fault(at, f"there is no file {path}")

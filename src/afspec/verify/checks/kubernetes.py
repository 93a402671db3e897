"""Kubernetes: objects of the API itself, against the official schemas of the cluster's version."""

from __future__ import annotations

from typing import TYPE_CHECKING

from afspec.verify.check import Check, Finding
from afspec.verify.cluster.kustomization import kustomization_faults
from afspec.verify.cluster.manifests import FACILITY, candidates
from afspec.verify.cluster.official import Official, choose, is_official
from afspec.verify.cluster.schemas import shown
from afspec.verify.cluster.server import server_faults
from afspec.verify.tools import Library

if TYPE_CHECKING:
    from collections.abc import Iterator

    from afspec.verify.bench import Bench
    from afspec.verify.cluster.manifests import Manifest
    from afspec.verify.cluster.schemas import Fault
    from afspec.verify.compiled import Compiled
    from afspec.verify.tools import Located


class Kubernetes(Check):
    """Objects fit the official schemas of the cluster's version, strictly, and what an API server asks beyond them."""

    name = "kubernetes"
    code = "AF5118"
    tool = Library(("kubernetes_validate", "jsonschema"), "pip install 'afspec[verify]'")
    rooms = ("cluster",)

    def files(self, site: Compiled) -> list[str]:
        return candidates(site, objects=True)

    def beside(self, site: Compiled) -> list[str]:
        # A kustomization names files that must be there.
        return site.like(FACILITY, *(f"{path.rpartition('/')[0]}/*" for path in self.files(site) if "/" in path))

    def by(self, site: Compiled, tool: Located) -> str:
        del tool
        version, why = choose(site.cluster.orchestration.get("version"))
        return f"schemas of {version}{f': {why}' if why else ''}"

    def run(self, bench: Bench, site: Compiled, files: list[str]) -> Iterator[Finding]:
        del bench
        cluster = site.cluster
        version = choose(cluster.orchestration.get("version")).name
        official = Official(version)
        yield from cluster.misread(files)
        for stray in cluster.strays:
            yield Finding(stray.path, stray.place().line, "is no object of the API")
        for item in cluster.manifests:
            for fault in _faults(item, official, version, site):
                line, column = item.place(fault.path)
                yield Finding(item.path, line, _said(item, fault), column)


def _faults(item: Manifest, official: Official, version: str, site: Compiled) -> Iterator[Fault]:
    if official.knows(item.version, item.kind):
        yield from official.faults(item.data)
        yield from server_faults(item)
    elif item.kind == "Kustomization":
        yield from kustomization_faults(item, site)
    elif is_official(item.group) or not item.kind:
        yield official.unknown(item.version, item.kind, version)


def _said(item: Manifest, fault: Fault) -> str:
    at = shown(fault.path)
    return f"{item.title}: {f'{at}: ' if at else ''}{fault.message}"

"""Custom resources: objects against the CustomResourceDefinitions of the folder of charts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from afspec.verify.check import Check, Finding, Skipped
from afspec.verify.cluster.custom import custom, definition
from afspec.verify.cluster.schemas import Fault, SchemaError, shown
from afspec.verify.cluster.server import server_faults
from afspec.verify.tools import Library

if TYPE_CHECKING:
    from collections.abc import Iterator

    from afspec.verify.bench import Bench
    from afspec.verify.cluster.crds import Crd
    from afspec.verify.cluster.manifests import Manifest
    from afspec.verify.compiled import Compiled


class CustomResources(Check):
    """Custom resources fit their CustomResourceDefinitions, strictly (--charts DIR; ImageStream: afspec's own)."""

    name = "custom-resources"
    code = "AF5119"
    tool = Library(("jsonschema",), "pip install 'afspec[verify]'")
    rooms = ("cluster",)
    charted = True

    def files(self, site: Compiled) -> list[str]:
        return custom(site)

    def run(self, bench: Bench, site: Compiled, files: list[str]) -> Iterator[Finding | Skipped]:
        del bench
        lacking: dict[str, str] = {}
        for item in site.cluster.manifests:
            if item.path not in files or not item.is_custom:
                continue
            crd = definition(item, site.charts)
            if crd is None:
                lacking[item.kind] = item.group
            try:
                faults = list(_faults(item, crd))
            except SchemaError as error:
                yield Skipped(f"{item.title}: {error}")
                continue
            for fault in faults:
                line, column = item.place(fault.path)
                at = shown(fault.path)
                yield Finding(item.path, line, f"{item.title}: {f'{at}: ' if at else ''}{fault.message}", column)
        if lacking:
            named = ", ".join(f"{kind} ({group})" for kind, group in sorted(lacking.items()))
            where = "which is not below the folder of charts" if site.charts else "--charts DIR"
            yield Skipped(f"{named}: needs its CustomResourceDefinition, {where}")


def _faults(item: Manifest, crd: Crd | None) -> Iterator[Fault]:
    # What is refused by both is said once, in our words.
    own = list(server_faults(item))
    told = {fault.path for fault in own}
    version = item.version.rpartition("/")[2]
    if crd and version not in crd.served:
        yield Fault(("apiVersion",), f"version {version} is not served; served: {', '.join(crd.served)}")
    elif crd:
        yield from (fault for fault in crd.faults(version, item.data) if fault.path not in told)
        if crd.namespaced is not bool(item.namespace):
            said = "has no namespace" if crd.namespaced else "belongs to the cluster, and has a namespace"
            yield Fault(("metadata",), said)
    yield from own

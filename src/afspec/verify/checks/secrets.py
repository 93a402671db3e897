"""Secrets: none is in any compiled file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from afspec.verify.check import Check, Finding
from afspec.verify.cluster.manifests import candidates
from afspec.verify.cluster.pods import mapped
from afspec.verify.cluster.schemas import shown
from afspec.verify.cluster.secrecy import Known, forms, literals
from afspec.verify.tools import Own

if TYPE_CHECKING:
    from collections.abc import Iterator

    from afspec.verify.bench import Bench
    from afspec.verify.cluster.manifests import Cluster, Manifest
    from afspec.verify.compiled import Compiled

_NOT_TEXT = b"\0"


class Secrets(Check):
    """No file holds a secret: no private key or token, no Secret with data, no password in objects and values."""

    name = "secrets"
    code = "AF5122"
    tool = Own()
    rooms = ("cluster",)

    def files(self, site: Compiled) -> list[str]:
        return [path for path, content in site.contents.items() if _NOT_TEXT not in content]

    def run(self, bench: Bench, site: Compiled, files: list[str]) -> Iterator[Finding]:
        del bench
        for path in files:
            text = site.text(path)
            for offset, what in forms(text):
                line = text.count("\n", 0, offset) + 1
                yield Finding(path, line, f"holds what looks like {what}", offset - text.rfind("\n", 0, offset))
        if candidates(site, objects=True, values=True):
            yield from _cluster(site.cluster)


def _cluster(cluster: Cluster) -> Iterator[Finding]:
    held = {str(key) for need in cluster.needs for key in need.holds}
    known = Known(frozenset({need.name for need in cluster.needs if need.kind == "Secret"} | held))
    for item in cluster.manifests:
        if item.kind == "Secret" and not item.group:
            yield from _secret(item)
            continue
        for fault in literals(item.data, known):
            line, column = item.place(fault.path)
            yield Finding(item.path, line, f"{item.title}: {shown(fault.path)}: {fault.message}", column)
    for values in cluster.values:
        for fault in literals(values.data, known):
            line, column = values.place(fault.path)
            yield Finding(values.path, line, f"{values.chart}: {shown(fault.path)}: {fault.message}", column)


def _secret(item: Manifest) -> Iterator[Finding]:
    for part in ("data", "stringData"):
        for key, value in mapped(item.data.get(part)).items():
            if value:
                line, column = item.place((part, str(key)))
                yield Finding(item.path, line, f"{item.title}: {part}.{key}: is the value of a secret", column)

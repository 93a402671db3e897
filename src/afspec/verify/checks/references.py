"""References between a cluster's objects, values of charts, and what must be there before."""

from __future__ import annotations

from typing import TYPE_CHECKING

from afspec.verify.check import Check, Finding
from afspec.verify.cluster.manifests import FACILITY, candidates
from afspec.verify.cluster.references import broken
from afspec.verify.cluster.schemas import shown
from afspec.verify.tools import Own

if TYPE_CHECKING:
    from collections.abc import Iterator

    from afspec.verify.bench import Bench
    from afspec.verify.compiled import Compiled


class References(Check):
    """Secrets, keys, ports, claims, accounts, roles and selectors that objects and values name are there."""

    name = "references"
    code = "AF5121"
    tool = Own()
    rooms = ("cluster",)

    def files(self, site: Compiled) -> list[str]:
        return candidates(site, objects=True, values=True, requires=True)

    def beside(self, site: Compiled) -> list[str]:
        return site.like(FACILITY)

    def run(self, bench: Bench, site: Compiled, files: list[str]) -> Iterator[Finding]:
        del bench, files
        for item in broken(site.cluster):
            line, column = item.place
            at = shown(item.fault.path)
            yield Finding(item.path, line, f"{item.title}: {f'{at}: ' if at else ''}{item.fault.message}", column)

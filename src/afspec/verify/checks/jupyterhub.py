"""JupyterHub: its configuration, loaded by a hub that is made, and never started."""

from __future__ import annotations

from typing import TYPE_CHECKING

from afspec.verify.check import Check, Finding, Skipped
from afspec.verify.probing import probe
from afspec.verify.tools import Packages

if TYPE_CHECKING:
    from collections.abc import Iterator

    from afspec.verify.bench import Bench
    from afspec.verify.compiled import Compiled


class JupyterHub(Check):
    """JupyterHub makes a hub of its configuration: classes, traits, roles and services; it does not listen."""

    name = "jupyterhub"
    code = "AF5108"
    tool = Packages(("jupyterhub",), "jupyterhub", "pip install jupyterhub, or `afspec twin install local`")
    probes = ("rooted", "traits", "hub")
    static = False
    apart = True

    def files(self, site: Compiled) -> list[str]:
        return site.like("jupyterhub/*jupyterhub_config.py")

    def run(self, bench: Bench, site: Compiled, files: list[str]) -> Iterator[Finding | Skipped]:
        del site
        for path in files:
            yield from probe(bench, "hub", path)

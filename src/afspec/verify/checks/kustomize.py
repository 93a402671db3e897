"""kustomize: every folder with a kustomization is built, as `kubectl apply -k` does it."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING

from afspec.verify.check import Check, Finding
from afspec.verify.tools import Program

if TYPE_CHECKING:
    from collections.abc import Iterator

    from afspec.verify.bench import Bench
    from afspec.verify.compiled import Compiled

_TAIL = 300


class Kustomize(Check):
    """kubectl builds every kustomization (kubectl kustomize); no cluster is asked."""

    name = "kustomize"
    code = "AF5123"
    tool = Program(("kubectl",), "install kubectl")
    apart = True

    def files(self, site: Compiled) -> list[str]:
        return site.like("*kustomization.yaml", "*kustomization.yml")

    def beside(self, site: Compiled) -> list[str]:
        folders = {posixpath.dirname(path) for path in self.files(site)}
        return site.like(*(f"{folder}/*" if folder else "*" for folder in folders))

    def run(self, bench: Bench, site: Compiled, files: list[str]) -> Iterator[Finding]:
        del site
        for path in files:
            done = bench.run(["kubectl", "kustomize", posixpath.dirname(path) or "."])
            if done.returncode:
                yield Finding(path, 0, done.said.removeprefix("error: ")[:_TAIL])

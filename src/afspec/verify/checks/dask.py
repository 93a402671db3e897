"""Dask: its settings as dask-jobqueue takes them, the helper for notebooks, and the gateway's configuration."""

from __future__ import annotations

from typing import TYPE_CHECKING

from afspec.verify.check import Check, Finding, Skipped
from afspec.verify.probing import probe
from afspec.verify.tools import Packages

if TYPE_CHECKING:
    from collections.abc import Iterator

    from afspec.verify.bench import Bench
    from afspec.verify.compiled import Compiled

_ENVIRONMENT = "`afspec twin install local`"


class DaskJobqueue(Check):
    """Dask and dask-jobqueue know every key of the settings, and make a job script; cluster.py is imported."""

    name = "dask"
    code = "AF5109"
    tool = Packages(
        ("dask", "distributed", "dask_jobqueue"),
        "dask",
        f"pip install 'afspec[dask]', or {_ENVIRONMENT}",
        also=("dask_gateway",),
    )
    probes = ("rooted", "jobqueue")
    static = False
    apart = True

    def files(self, site: Compiled) -> list[str]:
        return site.like("dask/*.yaml", "dask/*cluster.py")

    def run(self, bench: Bench, site: Compiled, files: list[str]) -> Iterator[Finding | Skipped]:
        del site
        yield from probe(bench, "jobqueue", *files)


class DaskGateway(Check):
    """dask-gateway makes a server of its configuration: classes and traits; it does not listen."""

    name = "dask-gateway"
    code = "AF5110"
    tool = Packages(
        ("dask_gateway_server",), "dask-gateway-server", f"pip install dask-gateway-server, or {_ENVIRONMENT}"
    )
    probes = ("rooted", "traits", "gateway")
    static = False
    apart = True

    def files(self, site: Compiled) -> list[str]:
        return site.like("dask/*dask_gateway_config.py")

    def run(self, bench: Bench, site: Compiled, files: list[str]) -> Iterator[Finding | Skipped]:
        del site
        for path in files:
            yield from probe(bench, "gateway", path)

"""Helm: charts rendered with the compiled values; nothing is fetched, and no cluster is asked."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from afspec.verify.check import Check, Finding, NotCheckedError, Skipped
from afspec.verify.cluster.manifests import candidates, chart_of
from afspec.verify.tools import Program

if TYPE_CHECKING:
    from collections.abc import Iterator

    from afspec.verify.bench import Bench
    from afspec.verify.cluster.charts import Chart
    from afspec.verify.compiled import Compiled

_TAIL = 300
_MISSING = re.compile(r"missing in charts/ directory|dependencies? .*(?:missing|out of sync)")
# What Helm only remarks: a value of another form than the default's is no part of what is rendered.
_WARNING = re.compile(r"(?:WARN|warning|level=WARN).*?(?:cannot overwrite table|skipped value|not a table).*")


class Helm(Check):
    """Helm renders charts with their values (helm template; --charts DIR with whole charts)."""

    name = "helm"
    code = "AF5124"
    tool = Program(("helm",), "install Helm")
    rooms = ("cluster",)
    charted = True
    apart = True

    def files(self, site: Compiled) -> list[str]:
        return candidates(site, values=True)

    def run(self, bench: Bench, site: Compiled, files: list[str]) -> Iterator[Finding | Skipped]:
        lacking = []
        for path in files:
            name, version = chart_of(site.contents[path]) or ("", "")
            chart = site.charts.chart(name, version) if site.charts else None
            if chart is None or chart.whole is None:
                lacking.append(f"{name} {version}")
            else:
                yield from _rendered(bench, path, chart, version)
        if lacking:
            where = "no whole chart below the folder of charts" if site.charts else "needs --charts DIR"
            said = f"{', '.join(sorted(set(lacking)))}: {where}"
            if len(lacking) == len(files):
                raise NotCheckedError(said)
            yield Skipped(said)


def _rendered(bench: Bench, path: str, chart: Chart, version: str) -> Iterator[Finding | Skipped]:
    if not chart.fits(version):
        yield Skipped(f"{chart.name} {version}: the folder of charts has {chart.version}")
    done = bench.run(["helm", "template", "release", str(chart.whole), "--namespace", "verify", "--values", path])
    if done.returncode and _MISSING.search(done.err):
        yield Skipped(f"{chart.name} {version}: needs the charts that it depends on (helm dependency update)")
    elif done.returncode:
        yield Finding(path, 0, f"{chart.name}: {done.said.removeprefix('Error: ')[:_TAIL]}")
    else:
        for found in _WARNING.finditer(done.err):
            yield Finding(path, 0, f"{chart.name}: {found[0][:_TAIL]}")

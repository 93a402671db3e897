"""Charts of Helm: values over the chart's defaults, against the chart's schema."""

from __future__ import annotations

from typing import TYPE_CHECKING

from afspec.verify.check import Check, Finding, NotCheckedError, Skipped
from afspec.verify.cluster.coalesce import Unschooled, coalesced
from afspec.verify.cluster.manifests import candidates
from afspec.verify.cluster.schemas import SchemaError, of_chart, shown
from afspec.verify.cluster.schemas import faults as against
from afspec.verify.tools import Library

if TYPE_CHECKING:
    from collections.abc import Iterator

    from afspec.verify.bench import Bench
    from afspec.verify.cluster.charts import Chart
    from afspec.verify.cluster.manifests import Values
    from afspec.verify.compiled import Compiled


class Charts(Check):
    """Values for charts, merged over the defaults, fit the chart's schema, or name what it knows (--charts DIR)."""

    name = "charts"
    code = "AF5120"
    tool = Library(("jsonschema",), "pip install 'afspec[verify]'")
    rooms = ("cluster",)
    charted = True

    def files(self, site: Compiled) -> list[str]:
        return candidates(site, values=True)

    def run(self, bench: Bench, site: Compiled, files: list[str]) -> Iterator[Finding | Skipped]:
        del bench
        cluster = site.cluster
        yield from cluster.misread(files)
        lacking = []
        for values in cluster.values:
            chart = site.charts.chart(values.chart, values.version) if site.charts else None
            if chart is None:
                lacking.append(f"{values.chart} {values.version}")
                continue
            if not chart.fits(values.version):
                yield Skipped(f"{values.chart} {values.version}: the folder of charts has {chart.version}")
            yield from _against(values, chart)
        if lacking:
            where = "not below the folder of charts" if site.charts else "needs --charts DIR"
            said = f"{', '.join(sorted(set(lacking)))}: {where}"
            if len(lacking) == len(files):
                raise NotCheckedError(said)
            yield Skipped(said)


def _against(values: Values, chart: Chart) -> Iterator[Finding | Skipped]:
    try:
        schema = chart.schema_data()
        if schema is None:
            unschooled = Unschooled(chart)
            faults = list(unschooled.faults(values.data))
            if unschooled.untold:
                keys = ", ".join(unschooled.untold)
                yield Skipped(f"{chart.name}: whether it has {keys} is in its templates, which are not there")
        else:
            faults = against(of_chart(schema), coalesced(chart.defaults, values.data))
    except SchemaError as error:
        yield Skipped(f"{values.chart} {values.version}: {error}")
        return
    for fault in faults:
        line, column = values.place(fault.path)
        at = shown(fault.path)
        yield Finding(values.path, line, f"{values.chart}: {f'{at}: ' if at else ''}{fault.message}", column)

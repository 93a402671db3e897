"""What watches a site between two conformance runs: the same few questions for Prometheus, Nagios and Checkmk.

`probes` reads from the spec what is promised, and how it is asked without an account; `prometheus` and `nagios` write
that down for theirs as data, templates/checks.py.j2 asks by itself for Checkmk. None of the files holds a secret.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from afspec.generators import Artifact, Format, Generator
from afspec.generators.quoting import one_line

from .nagios import nagios
from .probes import ANSWERS, FINE, probes
from .prometheus import CRITICAL_DAYS, WARNING_DAYS, blackbox, rules, scrape

if TYPE_CHECKING:
    from collections.abc import Iterator

    from afspec.facility import Facility

__all__ = ["Monitoring"]


class Monitoring(Generator):
    """Alerts and probes of what the site promises: Prometheus, Nagios, Checkmk."""

    name: ClassVar[str] = "monitoring"

    def applies(self, facility: Facility) -> bool:
        """Where something is promised that can be asked from afar, and the site wants to be watched."""
        return bool(facility.monitoring.kinds) and bool(probes(facility))

    def render(self, facility: Facility) -> Iterator[Artifact]:
        """A folder for each kind of monitoring."""
        asked, name, title = probes(facility), facility.name, facility.title
        kinds = facility.monitoring.kinds
        if "prometheus" in kinds:
            folder = "monitoring/prometheus"
            yield self.yaml(f"{folder}/afspec-{name}.rules.yml", rules(facility, asked), f"Alerts of {title}")
            about = f"What Prometheus asks of {title}, through the blackbox exporter"
            yield self.yaml(f"{folder}/afspec-{name}.scrape.yml", scrape(facility, asked), about)
            yield self.yaml(f"{folder}/blackbox.yml", blackbox(asked), "Modules of the blackbox exporter")
        outside = [probe for probe in asked if not probe.inside]
        if "nagios" in kinds and outside:
            path = f"monitoring/nagios/afspec-{name}.cfg"
            yield Artifact(path, nagios(facility, outside), Format.TEXT)
        if "check_mk" in kinds and outside:
            yield self.template(
                "checks.py.j2",
                f"monitoring/check_mk/afspec_{name}.py",
                Format.PYTHON,
                executable=True,
                site=name,
                title=one_line(title),
                probes=tuple(tuple(probe)[:7] for probe in outside),
                statuses={"answers": ANSWERS, "fine": FINE},
                warning=WARNING_DAYS,
                critical=CRITICAL_DAYS,
            )

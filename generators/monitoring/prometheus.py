"""Prometheus: alerting rules, what is scraped, and the modules of the blackbox exporter.

Sources: Prometheus documentation, Alerting rules and Configuration; blackbox_exporter, CONFIGURATION.md. Alerts have
their words written out, one rule a question: that way nothing is left to be expanded, and each says what it is about.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from .probes import ANSWERS, FINE

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from afspec.facility import Facility

    from .probes import Probe

# Days before a certificate expires.
WARNING_DAYS, CRITICAL_DAYS = 14, 3
_TIMEOUT: Final = "10s"
# Of a host that has both, the exporter takes IPv6 alone unless it is told: from a machine without that, all would fail.
_FIRST: Final = {"preferred_ip_protocol": "ip4"}
_MODULES: Final[dict[str, dict[str, Any]]] = {
    "afspec_answers": {
        "prober": "http",
        "timeout": _TIMEOUT,
        "http": {"valid_status_codes": list(ANSWERS), "follow_redirects": False, **_FIRST},
    },
    "afspec_fine": {
        "prober": "http",
        "timeout": _TIMEOUT,
        # A page of health that sends to a login is not fine, though the login's page is there.
        "http": {"valid_status_codes": list(FINE), "follow_redirects": False, **_FIRST},
    },
    "afspec_tcp": {"prober": "tcp", "timeout": _TIMEOUT, "tcp": {**_FIRST}},
    "afspec_ssh": {
        "prober": "tcp",
        "timeout": _TIMEOUT,
        "tcp": {"query_response": [{"expect": "^SSH-2.0-"}, {"send": "SSH-2.0-blackbox-ssh-check"}], **_FIRST},
    },
}


def blackbox(asked: Sequence[Probe]) -> dict[str, Any]:
    """The modules that are needed."""
    wanted = {f"afspec_{probe.kind}" for probe in asked}
    return {"modules": {name: module for name, module in _MODULES.items() if name in wanted}}


def scrape(facility: Facility, asked: Sequence[Probe]) -> dict[str, Any]:
    """A job for what anybody at the site can ask, and one for what only pods can: a file of scrape_config_files."""
    name, exporter = facility.name, facility.monitoring.blackbox
    jobs = []
    for job, inside in ((f"afspec-{name}", False), (f"afspec-{name}-cluster", True)):
        targets = [_target(facility, probe) for probe in asked if probe.inside is inside]
        if targets:
            jobs.append(
                {
                    "job_name": job,
                    "metrics_path": "/probe",
                    "scrape_interval": "60s",
                    "scrape_timeout": "15s",
                    "static_configs": targets,
                    "relabel_configs": [
                        {"source_labels": ["__address__"], "target_label": "__param_target"},
                        {"source_labels": ["module"], "target_label": "__param_module"},
                        {"source_labels": ["__param_target"], "target_label": "instance"},
                        {"regex": "module", "action": "labeldrop"},
                        {"target_label": "__address__", "replacement": f"{exporter.host}:{exporter.port}"},
                    ],
                }
            )
    return {"scrape_configs": jobs}


def _target(facility: Facility, probe: Probe) -> dict[str, Any]:
    return {
        "targets": [probe.url or f"{probe.host}:{probe.port}"],
        "labels": {"site": facility.name, "probe": probe.name, "module": f"afspec_{probe.kind}"},
    }


def rules(facility: Facility, asked: Sequence[Probe]) -> dict[str, Any]:
    """What fails, what will fail when a certificate expires, what nobody asks any more, and what proofs say."""
    name = facility.name
    groups = [
        {"name": f"afspec-{name}", "rules": [_down(facility, probe) for probe in asked]},
        {"name": f"afspec-{name}-watch", "rules": [*_certificates(facility, asked), *_unwatched(facility, asked)]},
        {"name": f"afspec-{name}-proofs", "rules": _proofs(facility)},
    ]
    return {"groups": groups}


def _rule(alert: str, expression: str, lasting: str, labels: dict[str, str], *words: str) -> dict[str, Any]:
    # The spec refuses the braces that Prometheus would expand.
    summary, description = words
    return {
        "alert": alert,
        "expr": expression,
        "for": lasting,
        "labels": labels,
        "annotations": {"summary": summary, "description": description},
    }


def _selector(facility: Facility, *more: str) -> str:
    return "{" + ",".join([f'job=~"afspec-{_regex(facility.name)}(-cluster)?"', *more]) + "}"


def _regex(name: str) -> str:
    """A name in a regular expression in a string of PromQL; of what a name may hold, only a dot means something."""
    return name.replace(".", "\\\\.")


def _down(facility: Facility, probe: Probe) -> dict[str, Any]:
    place = probe.url or f"{probe.host}:{probe.port}"
    wanted = "promises" if probe.severity == "critical" else "means to keep up"
    probing = f'probe="{probe.name}"'
    return _rule(
        "AfspecDown",
        f"probe_success{_selector(facility, probing)} == 0",
        "10m",
        {"severity": probe.severity, "site": facility.name, "probe": probe.name},
        f"{facility.label or facility.name}: {probe.title} does not answer",
        f"{place} has failed for 10 minutes; the site {wanted} it ({probe.pointer} in its spec).",
    )


def _certificates(facility: Facility, asked: Sequence[Probe]) -> list[dict[str, Any]]:
    if not any(probe.encrypted for probe in asked):
        return []
    left = f"probe_ssl_earliest_cert_expiry{_selector(facility)} - time()"
    return [
        _rule(
            "AfspecCertificateExpires",
            f"{left} < {days * 86400}",
            "1h",
            {"severity": severity, "site": facility.name},
            f"{facility.label or facility.name}: a certificate expires in less than {days} days",
            "The labels instance and probe say whose it is.",
        )
        for days, severity in ((WARNING_DAYS, "warning"), (CRITICAL_DAYS, "critical"))
    ]


def _unwatched(facility: Facility, asked: Sequence[Probe]) -> Iterator[dict[str, Any]]:
    """Silence is no health: a question that is no longer put is told.

    The cluster's job may be left out on purpose; where it is there, it is whole.
    """
    for inside, absent in ((False, " or vector(0)"), (True, "")):
        number = sum(probe.inside is inside for probe in asked)
        if not number:
            continue
        job = f"afspec-{facility.name}{'-cluster' if inside else ''}"
        yield _rule(
            "AfspecNotWatched",
            f'(count(probe_success{{job="{job}"}}){absent}) < {number}',
            "30m",
            {"severity": "warning", "site": facility.name, "job": job},
            f"{facility.label or facility.name}: not all that is promised is being asked",
            f"Questions that the spec makes for job {job}: {number}; Prometheus has answers to fewer.",
        )


def _proofs(facility: Facility) -> list[dict[str, Any]]:
    """About what `afspec report export --format prometheus` writes for the textfile collector, where that is used."""
    about, label = f'site="{facility.name}",environment="site"', facility.label or facility.name
    return [
        _rule(
            "AfspecPromiseBroken",
            f'afspec_verdict{{{about},decides="true",verdict="broken"}} == 1',
            "0m",
            {"severity": "critical", "site": facility.name},
            f"{label}: a conformance run found a promise broken",
            "The labels requirement and item say which; the report has the evidence.",
        ),
        _rule(
            "AfspecProofStale",
            f"afspec_fresh_until_timestamp_seconds{{{about}}} < time()",
            "1h",
            {"severity": "warning", "site": facility.name},
            f"{label}: a proof is stale",
            "Run the conformance suite again; the labels requirement and item say what was proved too long ago.",
        ),
    ]

"""Dask: workers on distinct hosts of the batch pool, or of a gateway, compute what no canned answer could, and end."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

from afspec.conformance.checks import check
from afspec.conformance.clients.daskgateway import ask_gateway
from afspec.conformance.clients.daskjob import ask_jobqueue
from afspec.conformance.clients.once import once
from afspec.conformance.clients.pages import object_of
from afspec.facility.dask import Gateway
from afspec.verdict import Reason

if TYPE_CHECKING:
    from afspec.conformance.probe import Probe

_SQUARES = sum(number**2 for number in range(20))


def _jobqueue(probe: Probe) -> dict[str, Any]:
    """What one cluster of this run showed."""
    return once(probe.run, "dask jobqueue", lambda: ask_jobqueue(probe))


def _gateway(probe: Probe) -> dict[str, Any]:
    """What one cluster of the gateway showed."""
    return once(probe.run, "dask gateway", lambda: ask_gateway(probe))


def _computed(probe: Probe, seen: dict[str, Any], answers: list[str]) -> None:
    wanted = hashlib.sha256(seen["nonce"].encode()).hexdigest()
    probe.expect(len(answers) > 1, "two workers answer", len(answers))
    probe.expect(set(answers) == {wanted}, "every worker computes from the nonce")
    probe.expect(seen["sum"] == _SQUARES, "work that is spread over them comes back whole", seen["sum"])


@check("AF-DASK-001", "hosts")
def test_workers_on_distinct_hosts(probe: Probe) -> None:
    """Two worker jobs by the compiled cluster.py; the scheduler says where they run."""
    seen = _jobqueue(probe)
    probe.note("cluster", seen["kind"])
    strangers = sum(1 for number, node in seen["nodes"] if not node)
    probe.expect(not strangers, "every worker is a job that the batch system runs", f"{strangers} are none")
    nodes = {node for _, node in seen["nodes"]}
    probe.expect(len(nodes) > 1, "the scheduler runs the workers on distinct hosts", seen["why"] or f"{len(nodes)}")
    _computed(probe, seen, seen["answers"])


@check("AF-DASK-002", "cluster")
def test_gateway_gives_a_cluster(probe: Probe) -> None:
    """A cluster is made, scaled to two, computes, and is shut down."""
    seen = _gateway(probe)
    probe.note("cluster", seen["kind"])
    _computed(probe, seen, [answer for answer, _, _ in seen["answers"]])
    places = {(host, number) for _, host, number in seen["answers"]}
    probe.expect(len(places) > 1, "the workers are processes of their own", len(places))
    probe.expect(not seen["left"], "the cluster is gone once it was shut down", ", ".join(seen["left"]))


@check("AF-DASK-003", "gone")
def test_workers_end_with_their_cluster(probe: Probe) -> None:
    """The jobs of the cluster that this run closed."""
    seen = _jobqueue(probe)
    probe.expect(not seen["left"], "no job of a worker is left", ", ".join(seen["left"]))


@check("AF-DASK-004", "health")
def test_gateway_answers(probe: Probe) -> None:
    """The gateway's own word on its health."""
    gateway: Gateway = probe.value
    if not gateway.url:
        probe.unverified(Reason.PREREQUISITE_ABSENT, "the gateway has no address outside the cluster")
    found = object_of(probe.web(gateway.url.rstrip("/")).get("/api/health"), "the gateway")
    probe.expect(found.get("status") == "pass", "the gateway is well", found)


@check("AF-DASK-005", "versions")
def test_versions_agree(probe: Probe) -> None:
    """What distributed says itself of client, scheduler and workers."""
    seen = _gateway(probe) if isinstance(probe.value, Gateway) else _jobqueue(probe)
    found = seen["versions"]
    probe.note("distributed", found["distributed"])
    probe.expect(found["distributed"], "the cluster says its versions", found["differ"])
    probe.expect(not found["differ"], "client, scheduler and workers run the same software", found["differ"])

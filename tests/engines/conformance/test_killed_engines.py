"""An engine that dies in the middle of a run: the kit names it as the cause, once, and keeps what was seen before."""

from __future__ import annotations

import signal
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest
from support import until

from afspec.conformance.draft import draft
from afspec.conformance.evidence import now
from afspec.verdict import Outcome, Reason, Verdict

if TYPE_CHECKING:
    from collections.abc import Callable

    from engines.conformance.conftest import Asked


@dataclass(frozen=True)
class Death:
    """Which daemon dies, what tells that it answers at all, and what is asked after its death."""

    twin: str
    daemon: str
    root: tuple[str, str]
    above: tuple[tuple[str, str], ...]


DEATHS = (
    Death(
        "slac", "slurmctld", ("AF-BATCH-001", "slurm"), (("AF-BATCH-003", "slurm/roma"), ("AF-DASK-001", "jobqueue"))
    ),
    Death("slac", "sshd-bastion", ("AF-ACCESS-001", "bastion"), (("AF-ACCESS-002", "iana"),)),
    Death("slac", "xcache-atlfax", ("AF-XCACHE-001", "atlfax"), (("AF-XCACHE-002", "atlfax"),)),
    Death("bnl", "condor_master", ("AF-BATCH-001", "htcondor"), (("AF-BATCH-003", "htcondor/short"),)),
    Death("bnl", "hub-jupyterhub", ("AF-JUPYTER-001", "jupyterhub"), (("AF-JUPYTER-002", "jupyterhub"),)),
    Death("local", "triton", ("AF-TRITON-001", "http"), (("AF-TRITON-002", ""),)),
    Death("local", "gateway", ("AF-DASK-004", "gateway"), (("AF-DASK-002", "gateway"),)),
)


@pytest.mark.parametrize("death", DEATHS, ids=lambda death: f"{death.twin}-{death.daemon}")
def test_its_death_is_the_cause_and_is_named_once(
    death: Death, kit: Callable[..., Asked], request: pytest.FixtureRequest
) -> None:
    miniature = request.getfixturevalue(death.twin)
    asked: Asked = kit(miniature)
    # All that they rest on is well, and was asked: nothing is asked for the first time after the death.
    plan = asked.run.plan
    for requirement, item in death.above:
        for below in plan.below(plan.by_id[f"{requirement}[{item}]"]):
            assert {told.outcome for told in asked.all(below.requirement.id, below.subject.item)} == {Outcome.PASS}
    try:
        miniature.room.kill(death.daemon, signal.SIGKILL)
        # HTCondor's daemons outlive their master for as long as they do not look for it.
        assert until(lambda: {told.outcome for told in kit(miniature).all(*death.root)} != {Outcome.PASS}, 120)
        for requirement, item in death.above:
            for told in asked.all(requirement, item):
                assert told.attempts[-1].reason is Reason.BLOCKED_BY, told
    finally:
        miniature.heal()
    report = draft(asked.run, asked.store, now(), ["some checks only"], [])
    (cause,) = report.causes
    assert (cause.requirement, cause.item) == death.root
    assert cause.blocked == sum(len(asked.all(*above)) for above in death.above)
    (root,) = [result for result in report.results if (result.requirement, result.item) == death.root]
    assert root.verdict is Verdict.BROKEN
    # What was seen while it lived is still there.
    outcomes = [attempt.outcome for check in root.checks for attempt in check.attempts]
    assert Outcome.PASS in outcomes
    assert Outcome.FAIL in outcomes

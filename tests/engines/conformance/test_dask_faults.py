"""Dask in the twins, when workers share a node, differ, or stay, and when the gateway dies: what the kit says of it."""

from __future__ import annotations

import signal
from contextlib import contextmanager
from typing import TYPE_CHECKING

import yaml
from support import until

from afspec.conformance.clients import daskgateway, daskjob
from afspec.verdict import Outcome

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import pytest
    from engines.conformance.conftest import Asked
    from engines.conftest import Miniature

JOBQUEUE = "dask/jobqueue.yaml"
GATEWAY = "dask/gateway/dask_gateway_config.py"
# Another version of one package, where the workers find it first; distributed reads the package's metadata.
OTHER = """
set -e
mkdir -p other
cp -r /opt/afspec/hub/lib/python3*/site-packages/cloudpickle other/
cp -r /opt/afspec/hub/lib/python3*/site-packages/cloudpickle-*.dist-info other/cloudpickle-0.0.1.dist-info
sed -i 's/^Version: .*/Version: 0.0.1/' other/cloudpickle-0.0.1.dist-info/METADATA
"""


@contextmanager
def compiled(twin: Miniature, name: str, change: Callable[[str], str]) -> Iterator[None]:
    """A compiled file as somebody has changed it."""
    path = twin.files.host / name
    good = path.read_text()
    assert change(good) != good
    path.write_text(change(good))
    try:
        yield
    finally:
        path.write_text(good)


def slurm(**options: object) -> Callable[[str], str]:
    """Other options for the worker jobs of Slurm."""

    def change(text: str) -> str:
        data = yaml.safe_load(text)
        data["jobqueue"]["slurm"] |= {name.replace("_", "-"): value for name, value in options.items()}
        return str(yaml.safe_dump(data))

    return change


# Worker jobs of which several fit on a node.
SMALL = slurm(cores=1, job_cpu=1, memory="512 MiB", job_mem="512M")


def test_workers_that_meet_on_one_node_are_kept_apart(slac: Miniature, kit: Callable[..., Asked]) -> None:
    with compiled(slac, JOBQUEUE, SMALL):
        outcome, text = kit(slac).outcome("AF-DASK-001", "jobqueue")
    assert outcome is Outcome.PASS, text


def test_both_workers_on_one_node_fail(
    slac: Miniature, kit: Callable[..., Asked], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(daskjob, "_MORE", 4)
    slac.room.run(["scontrol", "update", "NodeName=n2", "State=DRAIN", "Reason=test"])
    try:
        with compiled(slac, JOBQUEUE, SMALL):
            asked = kit(slac)
            outcome, text = asked.outcome("AF-DASK-001", "jobqueue")
        assert outcome is Outcome.FAIL, text
        assert "the scheduler runs the workers on distinct hosts: all on one node" in text
        # What rests on it is not asked in vain.
        assert asked.outcome("AF-DASK-005", "jobqueue")[0] is Outcome.UNVERIFIED
    finally:
        slac.room.run(["scontrol", "update", "NodeName=n2", "State=RESUME"])
        slac.room.run(["scancel", "--user=alice"], check=False)


def test_workers_that_differ_and_stay_fail(
    slac: Miniature, kit: Callable[..., Asked], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Their jobs go on when they end, and scancel does nothing."""
    monkeypatch.setattr(daskjob, "_GONE", 3)
    home = next(user.home for user in slac.twin.users if user.name == "alice")
    other = slurm(job_script_prologue=[f"export PYTHONPATH={home}/other", "trap 'sleep 300' EXIT"])
    slac.room.run(["sh", "-c", OTHER], user="alice")
    slac.room.run(["mount", "--bind", "/bin/true", "/usr/bin/scancel"])
    try:
        with compiled(slac, JOBQUEUE, other):
            asked = kit(slac)
            assert asked.outcome("AF-DASK-001", "jobqueue")[0] is Outcome.PASS
            stay, said = asked.outcome("AF-DASK-003", "jobqueue")
            differ, told = asked.outcome("AF-DASK-005", "jobqueue")
        assert (stay, "no job of a worker is left" in said) == (Outcome.FAIL, True), said
        assert (differ, "cloudpickle" in told) == (Outcome.FAIL, True), told
    finally:
        slac.room.run(["umount", "/usr/bin/scancel"])
        slac.room.run(["scancel", "--user=alice"], check=False)
        slac.room.run(["rm", "-r", "other"], user="alice")
        assert until(lambda: not slac.room.run(["squeue", "--noheader"], user="alice").stdout.strip(), 60)


def test_a_stopped_gateway_is_the_cause(local: Miniature, kit: Callable[..., Asked]) -> None:
    local.room.kill("gateway", signal.SIGKILL)
    try:
        assert until(lambda: not local.room.alive("gateway"))
        asked = kit(local)
        outcome, text = asked.outcome("AF-DASK-002", "gateway")
        assert outcome is Outcome.UNVERIFIED
        assert text.startswith("AF-DASK-004[gateway]: ")
        assert asked.outcome("AF-DASK-004", "gateway")[0] is Outcome.FAIL
        assert [cause.id for cause in asked.store.causes()] == ["AF-DASK-004[gateway]"]
    finally:
        local.heal()


def test_a_gateway_whose_workers_cannot_start_fails(
    local: Miniature, kit: Callable[..., Asked], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(daskgateway, "_PATIENCE", 12)
    broken = '\nc.ClusterConfig.worker_cmd = ["/bin/false"]\n'
    with compiled(local, GATEWAY, lambda text: text + broken):
        _again(local)
        outcome, text = kit(local).outcome("AF-DASK-002", "gateway")
    _again(local)
    assert outcome is Outcome.FAIL, text
    assert "the gateway gives no cluster that works" in text


def _again(local: Miniature) -> None:
    """The gateway, started anew with its configuration as it is."""
    local.room.kill("gateway", signal.SIGTERM)
    assert until(lambda: not local.room.alive("gateway"), 20)
    local.heal()

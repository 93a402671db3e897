"""Units on two worker processes: each once, whatever becomes of the processes."""

from __future__ import annotations

import operator
import os
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support import until
from unit.agc.dask.toy import EVENTS, SAMPLE, Adds, Kills, Leaves, Raises, assert_exact, units

from afspec.agc.errors import ClusterError
from afspec.agc.run.dask import DaskOptions, connect
from afspec.agc.run.dask.executor import DaskExecutor, together
from afspec.agc.run.executors.interface import Warms
from afspec.agc.run.executors.threads import Threads
from afspec.agc.run.work import Unit, merge

if TYPE_CHECKING:
    from pathlib import Path


def test_two_workers_give_what_threads_give(here: DaskExecutor, numbers: str) -> None:
    work = units(numbers, 20)
    total = merge(here.run(Adds(), work))
    threads = merge(Threads(2).run(Adds(), work))
    assert total.done == threads.done
    assert not total.failures
    np.testing.assert_allclose(total.tallies[SAMPLE].sums, threads.tallies[SAMPLE].sums, rtol=1e-12)
    np.testing.assert_array_equal(total.tallies[SAMPLE].squares, threads.tallies[SAMPLE].squares)
    assert_exact(total)


def test_results_come_added_up_by_the_workers(here: DaskExecutor, numbers: str) -> None:
    work = units(numbers, 20)
    partials = list(here.run(Adds(), work))
    assert 1 < len(partials) < len(work)


def test_no_units_are_no_work(here: DaskExecutor) -> None:
    assert list(here.run(Adds(), [])) == []


def test_a_run_is_the_same_to_the_last_bit_when_it_is_done_again(here: DaskExecutor, numbers: str) -> None:
    """Partial results come in any order; each is added up in the order of its units."""
    work = units(numbers, 20)
    once, again = (
        {min(partial.done): partial.tallies[SAMPLE].sums.tobytes() for partial in here.run(Adds(), work)}
        for _ in range(2)
    )
    assert once == again


def test_workers_are_warmed_before_the_work(here: DaskExecutor, tmp_path: Path) -> None:
    """Each of them, and an analysis that cannot be is no reason to stop: its units will tell."""
    assert isinstance(here, Warms)
    assert here.warm(Leaves(folder=str(tmp_path))) > 0
    assert len(list(tmp_path.iterdir())) == 2
    here.warm(Raises(entry=0))


def test_it_describes_itself_without_names_of_hosts(here: DaskExecutor) -> None:
    told = here.describe()
    assert operator.itemgetter("kind", "backend", "workers", "cores", "hosts", "sent_to", "mismatches")(told) == (
        "dask",
        "LocalCluster",
        2,
        2,
        1,
        0,
        [],
    )
    assert "127.0.0.1" not in str(told)


def test_a_worker_that_is_killed_half_way_costs_time_only(here: DaskExecutor, numbers: str, tmp_path: Path) -> None:
    marker = tmp_path / "killed"
    total = merge(here.run(Kills(entry=EVENTS // 2, marker=str(marker)), units(numbers, 20)))
    assert marker.exists()
    assert not total.failures
    assert_exact(total)


def test_a_unit_that_kills_every_worker_is_told_and_its_neighbours_are_counted(
    here: DaskExecutor, numbers: str
) -> None:
    scheduler = here._cluster.client.cluster.scheduler  # type: ignore[union-attr]  # it is here
    scheduler.allowed_failures = 0
    total = merge(here.run(Kills(entry=501), units(numbers, 20)))
    scheduler.allowed_failures = 3
    [failure] = total.failures
    assert (failure.unit, failure.file) == (25, numbers)
    assert "workers died" in failure.error
    assert_exact(total, [entry for entry in range(EVENTS) if not 500 <= entry < 520])


def test_a_defect_of_an_analysis_is_a_failure_of_its_unit(here: DaskExecutor, numbers: str) -> None:
    total = merge(here.run(Raises(entry=0), units(numbers, 100)))
    [failure] = total.failures
    assert failure.unit == 0
    assert failure.error == "ZeroDivisionError: a defect of the user's"
    assert len(total.done) == 9


def test_a_file_that_is_not_there_is_a_failure_of_its_unit(here: DaskExecutor, numbers: str, tmp_path: Path) -> None:
    lost = Unit(1, SAMPLE, str(tmp_path / "lost.root"), 0, None)
    total = merge(here.run(Adds(), [Unit(0, SAMPLE, numbers, 0, None), lost]))
    assert [(failure.unit, failure.file) for failure in total.failures] == [(1, lost.file)]
    assert_exact(total)


def test_two_runs_at_once_do_not_mix(here: DaskExecutor, numbers: str) -> None:
    """The same units, on the same scheduler, of two analyses: by turns, from one client."""
    work = units(numbers, 20)
    first, second = here.run(Adds(), work), here.run(Raises(entry=0), work)
    ones, twos = [next(first)], [next(second)]
    ones += first
    twos += second
    assert_exact(merge(ones))
    assert [failure.unit for failure in merge(twos).failures] == [0]


def test_an_abandoned_run_leaves_no_task_behind(here: DaskExecutor, numbers: str) -> None:
    run = here.run(Adds(), units(numbers, 1))
    next(run)
    # A traceback may hold them, too.
    held = [*run.gi_frame.f_locals["flights"]._under_way.values()]  # type: ignore[attr-defined]  # a generator's
    assert held
    run.close()  # type: ignore[attr-defined]
    assert until(lambda: here._cluster.client.run_on_scheduler(_tasks) == 0)


def _tasks(dask_scheduler: Any) -> int:
    return sum("afspec" in str(key) for key in dask_scheduler.tasks)


def test_what_was_started_is_gone_at_the_end() -> None:
    with connect(DaskOptions(workers=1, wait=60)) as executor:
        pids = [pid for pid in executor._cluster.client.run(os.getpid).values() if isinstance(pid, int)]
        described = executor.describe()
    assert pids
    assert until(lambda: not any(os.path.exists(f"/proc/{pid}") for pid in pids))  # noqa: PTH110 - a process, no file
    assert executor.describe() == described
    executor.close()


def test_workers_that_all_go_and_do_not_come_back_end_the_run(here: DaskExecutor, numbers: str) -> None:
    here._cluster.client.cluster.scale(0)  # type: ignore[union-attr]  # it is here
    others = replace(here._cluster, mend=None)
    impatient = DaskExecutor(others, here._shipped, DaskOptions(wait=0.5))
    with pytest.raises(ClusterError, match=r"none came back in 0\.5 s.*Run it again"):
        list(impatient.run(Adds(), units(numbers, 100)))


def test_workers_here_that_are_gone_are_started_again(here: DaskExecutor, numbers: str) -> None:
    """And are equipped, as those that were there first."""
    here._cluster.client.cluster.scale(0)  # type: ignore[union-attr]
    assert_exact(merge(here.run(Adds(), units(numbers, 100))))


@given(st.integers(1, 100_000), st.integers(1, 5000))
def test_units_come_back_together_within_bounds(count: int, threads: int) -> None:
    size = together(count, threads)
    assert 1 <= size <= 64
    assert size == 1 or count / size >= 8

"""Workers of somebody else's, whose Python has no afspec, an older one, or not what the analysis needs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from unit.agc.dask.elsewhere import Elsewhere, distribution, other_afspec, packages
from unit.agc.dask.toy import Adds, assert_exact, units

from afspec.agc.errors import ClusterError
from afspec.agc.run.dask import DaskOptions, connect
from afspec.agc.run.work import merge

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(scope="module")
def elsewhere(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Elsewhere]:
    """A scheduler and two workers: one without afspec, one that has loaded an older one."""
    folder = tmp_path_factory.mktemp("elsewhere")
    made = Elsewhere(folder, packages(folder / "packages"))
    try:
        made.scheduler()
        made.worker("none")
        made.worker("older", other_afspec(folder / "older"))
        made.await_workers(2)
        made.load()
        yield made
    finally:
        made.close()


def test_workers_without_this_afspec_are_sent_it(elsewhere: Elsewhere, numbers: str) -> None:
    """Neither they nor the scheduler can import it, and the analysis is this test's own."""
    with connect(DaskOptions(address=elsewhere.address, at_least=2, wait=30)) as executor:
        assert executor.describe()["sent_to"] == 2
        total = merge(executor.run(Adds(), units(numbers, 20)))
        assert not total.failures
        assert_exact(total)
        # A second program on the same workers finds what the first one has left there, and does not disturb it.
        with connect(DaskOptions(address=elsewhere.address, wait=30)) as other:
            assert_exact(merge(other.run(Adds(), units(numbers, 100))))
        assert_exact(merge(executor.run(Adds(), units(numbers, 100))))


@pytest.mark.parametrize(
    ("name", "version", "said"),
    [("cramjam", "1.0", r"cramjam 1\.0 \(2\.14 or newer is needed\)"), ("numba", "", "numba is missing")],
    ids=["too-old", "missing"],
)
def test_a_worker_that_lacks_something_is_refused_by_name(
    elsewhere: Elsewhere, tmp_path: Path, name: str, version: str, said: str
) -> None:
    if version:
        elsewhere.worker("poor", distribution(tmp_path / "first", name, version))
    else:
        rest = Elsewhere(elsewhere.folder, packages(tmp_path / "rest", without=name))
        rest.address = elsewhere.address
        rest.worker("poor")
        elsewhere.running |= rest.running
    elsewhere.await_workers(3)
    try:
        with pytest.raises(
            ClusterError,
            match=rf"^1 of 3 Dask workers .* tcp://127\.0\.0\.1:\d+ has {said}.* \(Python 3.* Use one image",
        ):
            connect(DaskOptions(address=elsewhere.address, wait=30))
    finally:
        elsewhere.stop("poor")


def test_a_worker_that_comes_later_and_lacks_something_ends_the_run(
    elsewhere: Elsewhere, numbers: str, tmp_path: Path
) -> None:
    with connect(DaskOptions(address=elsewhere.address, wait=30)) as executor:
        elsewhere.worker("late", distribution(tmp_path / "first", "uproot", "4.0"))
        elsewhere.await_workers(3)
        try:
            with pytest.raises(ClusterError, match=r"tcp://127\.0\.0\.1:\d+ has uproot 4\.0 \(5\.7\.7 or newer"):
                list(executor.run(Adds(), units(numbers, 1)))
        finally:
            elsewhere.stop("late")


def test_a_scheduler_that_goes_ends_the_run(elsewhere: Elsewhere, numbers: str) -> None:
    """The last test of these."""
    with connect(DaskOptions(address=elsewhere.address, wait=30)) as executor:
        run = executor.run(Adds(), units(numbers, 1))
        next(run)
        elsewhere.stop("scheduler")
        with pytest.raises(ClusterError, match="scheduler is gone"):
            list(run)

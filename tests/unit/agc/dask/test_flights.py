"""A scheduler that goes between the word that a result is there and the result."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import pytest
from distributed.client import FutureCancelledError

from afspec.agc.errors import ClusterError
from afspec.agc.run.dask.flights import Flights

if TYPE_CHECKING:
    from collections.abc import Callable


class Finished:
    """A future that is done, and whose result is asked for too late."""

    status = "finished"

    def __init__(self, reason: str) -> None:
        self.reason = reason

    def add_done_callback(self, function: Callable[[object], None]) -> None:
        function(self)

    def result(self, timeout: float) -> object:  # noqa: ARG002 - as distributed calls it
        raise FutureCancelledError("key", self.reason)


class Client:
    """What flights ask of a client that has not yet noticed."""

    status = "running"

    def __init__(self, future: Finished) -> None:
        self.future = future

    def scheduler_info(self, n_workers: int) -> dict[str, Any]:
        assert n_workers == -1
        return {"workers": {"one": {"nthreads": 1}}}

    def get(self, *_: object, **__: object) -> Finished:
        return self.future

    def cancel(self, futures: object) -> None:
        """Nobody is there to hear."""


def flights(reason: str) -> Flights:
    found = Flights(cast("Any", Client(Finished(reason))), 1.0)
    found.start({}, ("root", "0"), ())
    return found


def test_a_scheduler_that_goes_just_then_is_gone() -> None:
    with pytest.raises(ClusterError, match="scheduler is gone"):
        flights("scheduler-connection-lost").next()


def test_a_task_that_somebody_else_cancelled_is_told() -> None:
    landed = flights("unknown").next()
    assert (landed.answer, landed.error) == (None, "the scheduler has forgotten it")

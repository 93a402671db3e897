"""A cluster here and a file of numbers, for all tests of Dask."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from unit.agc.dask.toy import write

from afspec.agc.run.dask import DaskOptions, connect

if TYPE_CHECKING:
    from collections.abc import Iterator

    from afspec.agc.run.dask.executor import DaskExecutor


@pytest.fixture(scope="session")
def numbers(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A file with EVENTS numbered events."""
    return write(tmp_path_factory.mktemp("numbers") / "numbers.root")


@pytest.fixture(scope="session", autouse=True)
def own_place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Workers unpack what they are sent where the tests' own files are."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TMPDIR", str(tmp_path_factory.mktemp("workers")))
        yield


@pytest.fixture(scope="module")
def here() -> Iterator[DaskExecutor]:
    """Two worker processes."""
    with connect(DaskOptions(workers=2, wait=60)) as executor:
        yield executor

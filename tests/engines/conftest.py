"""The twins that the tests of real engines share: each is brought up once in a session, and taken down after it.

Where something is missing on this machine the tests are skipped, and say what it is; with CI=true they fail instead.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from afspec import twins

if TYPE_CHECKING:
    from collections.abc import Iterator

    from afspec.facility import Facility
    from afspec.twin.context import CompiledFiles, Twin
    from afspec.twin.engine import Ailment, Engine
    from afspec.twin.room import Room
    from afspec.twin.start import Started

TWINS = ("local", "slac", "slac_2023", "bnl")


class Quiet:
    """Hears how far a twin is, and says nothing."""

    def starting(self, engine: str) -> None:
        """An engine is being started."""

    def started(self, what: Started) -> None:
        """An engine is well."""


@dataclass(frozen=True)
class Miniature:
    """A twin that is up."""

    running: twins.Running

    @property
    def twin(self) -> Twin:
        return self.running.twin

    @property
    def facility(self) -> Facility:
        return self.running.facility

    @property
    def room(self) -> Room:
        return self.running.twin.room

    @property
    def files(self) -> CompiledFiles:
        return self.running.twin.files

    def engine(self, name: str) -> Engine:
        return self.running.engine(name)

    def ailments(self) -> list[Ailment]:
        return self.running.ailments()

    def heal(self) -> None:
        """What `afspec twin up` does to a twin that is up."""
        self.running.raise_up(Quiet())


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """With several workers, all tests of a twin are one worker's: there is one twin, and faults in it are its own."""
    for item in items:
        given = getattr(getattr(item, "callspec", None), "params", {})
        used = [name for name in TWINS if name in getattr(item, "fixturenames", ()) or name in given.values()]
        if used:
            item.add_marker(pytest.mark.xdist_group(used[0]))


@pytest.fixture(scope="session", autouse=True)
def own_state(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """The user's own twins are not touched, and may be up at the same time."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_STATE_HOME", str(tmp_path_factory.mktemp("state")))
        yield


def _up(name: str) -> Iterator[Miniature]:
    found = twins.find(name)
    if missing := twins.missing_of(found):
        what = "; ".join(f"{need.title}: {need.missing()} ({need.command})" for need in missing)
        if os.environ.get("CI") == "true":
            pytest.fail(f"the twin {name} cannot start: {what}")
        pytest.skip(f"the twin {name} cannot start: {what}")
    try:
        running, _ = twins.up(found, Quiet())
        yield Miniature(running)
    finally:
        twins.down(found.facility.name)


@pytest.fixture(scope="session")
def local(own_state: None) -> Iterator[Miniature]:  # noqa: ARG001 - in this order
    yield from _up("local")


@pytest.fixture(scope="session")
def slac(own_state: None) -> Iterator[Miniature]:  # noqa: ARG001
    yield from _up("slac")


@pytest.fixture(scope="session")
def slac_2023(own_state: None) -> Iterator[Miniature]:  # noqa: ARG001
    yield from _up("slac-2023")


@pytest.fixture(scope="session")
def bnl(own_state: None) -> Iterator[Miniature]:  # noqa: ARG001
    yield from _up("bnl")

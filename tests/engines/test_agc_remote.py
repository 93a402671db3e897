"""The AGC reader over XRootD: the same events from the source and through the cache, and errors that say what next."""

from __future__ import annotations

import base64
import json
import signal
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest
from engines.batch_user import BatchUser, folder_of
from engines.test_xcache import PYTHON, SOON
from engines.test_xcache import Site as XCacheSite
from support import until

import afspec
from afspec.agc.run.dask.ship import archive

if TYPE_CHECKING:
    from collections.abc import Iterator

    from engines.conftest import Miniature

    from afspec.twin.engines.xrootd import XRootD

# Reads three columns of a file, and tells what they are and what uproot says of them, or the error.
READ = """
import base64, io, json, os, sys, time, zipfile
from pathlib import Path

zipfile.ZipFile(io.BytesIO(base64.b64decode(Path("agc.b64").read_text()))).extractall("package")
sys.path.insert(0, os.path.abspath("package"))

import awkward as ak
import numpy as np
import uproot

from afspec.agc.columns import Collection, Layout
from afspec.agc.errors import InputError
from afspec.agc.events import open_events

LAYOUT = Layout("Events", (
    Collection("Jet", "nJet", (("pt", "float"),)),
    Collection("Muon", "nMuon", (("tightId", "bool"),)),
    Collection("", "", (("genWeight", "float"),)),
))
url, compare, pause = sys.argv[1:4]


def wait(name):
    # Until somebody takes the file away.
    if pause == "yes":
        open(name, "w").close()
        while os.path.exists(name):
            time.sleep(0.05)


def read():
    events, sums, equal = 0, {}, []
    try:
        with open_events(url, LAYOUT) as file:
            for chunk in file.chunks(0, None):
                for group in LAYOUT.collections:
                    for column, form in group.columns:
                        name = group.branch(column)
                        values = chunk.objects[group.name].values(column, form)
                        sums[name] = sums.get(name, 0.0) + float(values.astype(np.float64).sum())
                        if compare == "yes":
                            with uproot.open(url) as other:
                                found = other["Events"][name].array(entry_start=chunk.start, entry_stop=chunk.stop)
                            equal.append(bool(np.array_equal(ak.to_numpy(ak.flatten(found, axis=None)), values)))
                events += chunk.events
                if chunk.start == 0:
                    wait("first")
            return {"events": events, "sums": sums, "equal": equal, "fallbacks": file.stats.fallbacks,
                    "baskets": file.stats.baskets, "entries": file.entries}
    except InputError as error:
        return {"error": str(error), "transient": error.transient, "branch": error.branch, "events": events,
                "entry": error.entry}


found = [read()]
if pause == "yes":
    wait("failed")
    pause = "no"
    found.append(read())
print(json.dumps(found))
"""


class Reader(NamedTuple):
    """A user of a site with a cache, and her reader."""

    user: BatchUser
    site: XCacheSite

    @property
    def engine(self) -> XRootD:
        return self.site.engine

    def read(self, url: str, *, compare: bool = False) -> dict[str, Any]:
        """What reading a file gives."""
        (found,) = self.script(url, "yes" if compare else "no", "no")
        return found

    def script(self, *argv: str) -> list[dict[str, Any]]:
        """What the script says."""
        done = self.site.miniature.room.run(
            [PYTHON, "read.py", *argv], user=self.user.name, directory=self.user.folder, env=SOON, timeout=120
        )
        found: list[dict[str, Any]] = json.loads(done.stdout.splitlines()[-1])
        return found


@pytest.fixture(params=["slac", "bnl"])
def reader(request: pytest.FixtureRequest) -> Iterator[Reader]:
    miniature: Miniature = request.getfixturevalue(request.param)
    user = BatchUser(miniature, "alice", folder_of(miniature, "alice"))
    user.write("agc.b64", base64.b64encode(archive(Path(afspec.__path__[0]))).decode())
    user.write("read.py", READ)
    yield Reader(user, XCacheSite(miniature))
    user.run("rm", "-r", user.folder)


def test_events_are_uproots_from_the_source_and_through_the_cache(reader: Reader) -> None:
    url = reader.engine.dataset()
    direct = reader.read(url, compare=True)
    assert direct["events"] == direct["entries"] == 100_000
    assert len(direct["equal"]) >= 3
    assert all(direct["equal"])
    assert direct["fallbacks"] == {}
    assert direct["baskets"] > 0
    cached = reader.read(reader.site.through_cache(url))
    assert (cached["events"], cached["sums"]) == (100_000, direct["sums"])


def test_a_file_that_is_not_there_is_not_tried_again(reader: Reader) -> None:
    found = reader.read(reader.engine.dataset().replace("nanoaod.root", "nowhere.root"))
    assert "there is no such file" in found["error"]
    assert "nowhere.root" in found["error"]
    assert not found["transient"]


def test_a_server_that_is_gone_may_come_back(reader: Reader) -> None:
    url = reader.engine.dataset()
    source = reader.engine.sources[0].name
    room = reader.site.miniature.room
    room.kill(source, signal.SIGKILL)
    try:
        assert until(lambda: not room.alive(source))
        found = reader.read(url)
    finally:
        reader.site.miniature.heal()
    assert found["transient"], found["error"]
    assert url in found["error"]
    assert reader.read(url)["events"] == 100_000


def test_a_server_that_goes_half_way_is_told_and_the_next_try_goes_well(reader: Reader) -> None:
    url = reader.engine.dataset()
    source = reader.engine.sources[0].name
    room = reader.site.miniature.room
    first, failed = (f"{reader.user.folder}/{name}" for name in ("first", "failed"))
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(reader.script, url, "no", "yes")
        try:
            assert until(lambda: room.exists(first) or running.done())
            room.kill(source, signal.SIGKILL)
            assert until(lambda: not room.alive(source))
            reader.user.run("rm", first)
            assert until(lambda: room.exists(failed) or running.done())
        finally:
            reader.site.miniature.heal()
            reader.user.run("rm", "-f", first, failed)
        broken, again = running.result()
    assert broken["transient"], broken["error"]
    assert broken["branch"]
    assert broken["entry"] >= broken["events"] > 0
    assert again["events"] == 100_000

"""XRootD: what is read through the cache is what the source has, and is kept."""

from __future__ import annotations

import shlex
import signal
from typing import TYPE_CHECKING, NamedTuple

import pytest
from support import until

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Iterator

    from engines.conftest import Miniature

    from afspec.twin.engines.xrootd import Server, XRootD

PYTHON = "/opt/afspec/hub/bin/python"
# Prints the number of events, and a digest of what three branches hold.
READ = """
import hashlib, sys
import awkward as ak
import numpy as np
import uproot
with uproot.open(sys.argv[1], timeout=20) as file:
    tree = file["Events"]
    digest = hashlib.sha256()
    for name in ("Jet_pt", "genWeight", "Muon_tightId"):
        digest.update(np.asarray(ak.flatten(tree[name].array(), axis=None)).tobytes())
    print(tree.num_entries, digest.hexdigest())
"""
# Clients that find nobody give up soon, as in an interactive session (XRootD Client Configuration).
SOON = {
    "XRD_CONNECTIONWINDOW": "3",
    "XRD_CONNECTIONRETRY": "1",
    "XRD_STREAMERRORWINDOW": "0",
    "XRD_REQUESTTIMEOUT": "8",
}


class Site(NamedTuple):
    """A twin with a cache."""

    miniature: Miniature

    @property
    def engine(self) -> XRootD:
        found: XRootD = self.miniature.engine("xrootd")  # type: ignore[assignment]
        return found

    @property
    def cache(self) -> Server:
        return self.engine.caches[0]

    def run(self, *argv: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """A command of alice's."""
        return self.miniature.room.run(argv, user="alice", env=SOON, timeout=60, check=check)

    def setup(self, command: str) -> subprocess.CompletedProcess[str]:
        """A command after the compiled set-up for users was sourced, with a Python that has uproot."""
        path = self.miniature.files.path("user-setup/setup.sh")
        return self.run("bash", "-c", f"AF_PYTHON={PYTHON}; source {path} 2>/dev/null; {command}")

    def through_cache(self, url: str) -> str:
        return self.setup(f"af_xcache {shlex.quote(url)}").stdout.strip()

    def digest(self, url: str) -> str:
        """SHA-256 of a file as xrdcp gets it."""
        done = self.run("bash", "-c", f"set -o pipefail; xrdcp --nopbar {shlex.quote(url)} - | sha256sum")
        return done.stdout.split()[0]

    def kept(self) -> set[str]:
        """The files that the cache has on disk."""
        done = self.miniature.room.run(["find", self.cache.config.root, "-type", "f", "-printf", "%P\n"])
        return set(done.stdout.split())

    def forget(self) -> None:
        """An empty cache, as on its first day."""
        self.miniature.room.kill(self.cache.name, signal.SIGKILL)
        assert until(lambda: not self.miniature.room.alive(self.cache.name))
        self.miniature.room.run(["find", self.cache.config.root, "-mindepth", "1", "-delete"])
        self.miniature.heal()


@pytest.fixture(params=["slac", "bnl"])
def site(request: pytest.FixtureRequest) -> Site:
    return Site(request.getfixturevalue(request.param))


@pytest.fixture
def fresh(site: Site) -> Site:
    """With a cache that has nothing yet."""
    site.forget()
    return site


@pytest.fixture
def without_source(fresh: Site) -> Iterator[Site]:
    """The file was read through the cache once, then its source went away."""
    fresh.digest(fresh.through_cache(fresh.engine.dataset()))
    source = fresh.engine.sources[0].name
    fresh.miniature.room.kill(source, signal.SIGKILL)
    assert until(lambda: not fresh.miniature.room.alive(source))
    yield fresh
    fresh.miniature.heal()


def test_the_compiled_address_leads_through_the_cache(site: Site) -> None:
    url = site.engine.dataset()
    door = site.miniature.facility.storage.xcache[0].door  # type: ignore[union-attr]
    assert site.through_cache(url) == f"{door}//{url}"


def test_the_cache_gives_what_the_source_has_byte_for_byte(fresh: Site) -> None:
    url = fresh.engine.dataset()
    direct = fresh.digest(url)
    assert fresh.kept() == set()
    assert fresh.digest(fresh.through_cache(url)) == direct
    kept = fresh.kept()
    assert {name.rpartition("/")[2] for name in kept} == {"nanoaod.root", "nanoaod.root.cinfo"}
    (name,) = [name for name in kept if name.endswith(".root")]
    copy = fresh.miniature.room.run(["sha256sum", f"{fresh.cache.config.root}/{name}"]).stdout.split()[0]
    assert copy == direct


def test_an_analysis_reads_the_same_events_either_way(fresh: Site) -> None:
    url = fresh.engine.dataset()
    direct, cached = (fresh.run(PYTHON, "-c", READ, each).stdout for each in (url, fresh.through_cache(url)))
    assert direct.startswith("100000 ")
    assert cached == direct


def test_the_best_address_of_an_input_is_the_caches(site: Site) -> None:
    url = site.engine.dataset()
    assert site.setup(f"af_input {url} Events Jet_pt").stdout.strip() == site.through_cache(url)


def test_a_second_read_needs_no_source(without_source: Site) -> None:
    url = without_source.engine.dataset()
    assert without_source.run("xrdcp", "--nopbar", url, "/dev/null", check=False).returncode != 0
    assert without_source.run(PYTHON, "-c", READ, without_source.through_cache(url)).stdout.startswith("100000 ")


def test_the_compiled_probe_reads_through_the_cache_and_tells_when_it_is_gone(fresh: Site) -> None:
    door = fresh.miniature.facility.storage.xcache[0]  # type: ignore[union-attr]
    probe = str(fresh.miniature.files.path(f"xcache/{door.name}/probe.sh"))
    url = fresh.engine.dataset()
    done = fresh.run("bash", probe, url)
    assert done.stdout == f"XCACHE OK - {door.door} answers, {url} was read through it\n"
    assert any(name.endswith("nanoaod.root") for name in fresh.kept())
    lost = fresh.run("bash", probe, url.replace("nanoaod.root", "nowhere.root"), check=False)
    assert (lost.returncode, lost.stdout.split(" - ")[0]) == (2, "XCACHE CRITICAL")
    try:
        fresh.miniature.room.kill(fresh.cache.name, signal.SIGKILL)
        assert until(lambda: not fresh.miniature.room.alive(fresh.cache.name))
        gone = fresh.run("env", "AF_TIMEOUT=10", "bash", probe, check=False)
        assert gone.returncode == 2
        assert f"{door.door} does not answer" in gone.stdout
    finally:
        fresh.miniature.heal()


def test_what_the_cache_never_saw_needs_the_source(without_source: Site) -> None:
    url = without_source.engine.dataset().replace("nanoaod.root", "other.root")
    done = without_source.run("xrdcp", "--nopbar", without_source.through_cache(url), "/dev/null", check=False)
    assert done.returncode != 0
    assert "other.root" in done.stderr


def test_a_wrong_path_is_a_clear_error(site: Site) -> None:
    url = site.engine.dataset().replace("nanoaod.root", "nowhere.root")
    for address in (url, site.through_cache(url)):
        done = site.run("xrdcp", "--nopbar", address, "/dev/null", check=False)
        assert done.returncode != 0
        assert "no such file or directory" in done.stderr
        assert "nowhere.root" in done.stderr
    assert not [name for name in site.kept() if "nowhere" in name]


def test_the_cache_serves_nothing_of_its_own_machine(site: Site) -> None:
    door = f"root://{site.cache.host}:{site.cache.config.port}"
    done = site.run("xrdcp", "--nopbar", f"{door}//etc/passwd", "/dev/null", check=False)
    assert done.returncode != 0
    assert "disallowed" in done.stderr
    done = site.run("xrdcp", "--nopbar", "/etc/hostname", f"{door}//{site.engine.dataset()}.new", check=False)
    assert done.returncode != 0


def test_a_killed_cache_is_named_and_comes_back_with_what_it_had(site: Site) -> None:
    url = site.through_cache(site.engine.dataset())
    site.digest(url)
    kept = site.kept()
    assert kept
    try:
        site.miniature.room.kill(site.cache.name, signal.SIGKILL)
        assert until(lambda: not site.miniature.room.alive(site.cache.name))
        assert [(each.daemon, each.reason) for each in site.engine.ailments()] == [(site.cache.name, "not running")]
        # An analysis goes on without it.
        direct = site.engine.dataset()
        assert site.setup(f"AF_INPUT_TIMEOUT=15 af_input {direct} Events nJet").stdout.strip() == direct
    finally:
        site.miniature.heal()
    assert site.engine.ailments() == []
    assert site.kept() == kept
    site.digest(url)


def test_a_cache_that_hangs_is_named(site: Site) -> None:
    site.miniature.room.kill(site.cache.name, signal.SIGSTOP)
    try:
        (ailment,) = site.engine.ailments()
        assert ailment.daemon == site.cache.name
        assert str(site.cache.config.port) in ailment.reason
    finally:
        site.miniature.room.kill(site.cache.name, signal.SIGCONT)
    assert until(lambda: site.engine.ailments() == [])

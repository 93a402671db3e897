"""Dask on batch jobs in the twins of SLAC (Slurm) and BNL (HTCondor), by the compiled cluster.py and jobqueue.yaml."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest
from engines.batch_user import SOON, BatchUser, folder_of
from support import until

from afspec.generators.images import unpacked_path

if TYPE_CHECKING:
    from collections.abc import Iterator

    from engines.conftest import Miniature

PYTHON = "/opt/afspec/hub/bin/python"
# What a user does in a notebook. Where a worker runs is told by variables that the schedulers set.
BEGIN = """\
import json, os, signal, time

from cluster import connect


def image():
    return os.environ.get("APPTAINER_CONTAINER", "")


def where():
    scratch = os.environ.get("_CONDOR_SCRATCH_DIR", "").split("/execute/")[-1].split("/")[0]
    return os.environ.get("SLURMD_NODENAME") or scratch


def slow(number):
    time.sleep(0.1)
    return number**2


if __name__ == "__main__":
    cluster, client = connect(workers=2, timeout=90)
    client.wait_for_workers(2, timeout=90)
"""
END = """\
    client.close()
    cluster.close()
"""
COMPUTES = f"""{BEGIN}
    found = {{
        "class": type(cluster).__name__,
        "address": cluster.scheduler_address,
        "workers": list(client.run(where).values()),
        "images": list(client.run(image).values()),
        "threads": list(client.nthreads().values()),
        "sum": sum(client.gather(client.map(slow, range(20)))),
        "nonce": client.submit(lambda text: text[::-1], NONCE).result(),
    }}
    print(json.dumps(found))
{END}"""
LOSES_ONE = f"""{BEGIN}
    pids = client.run(os.getpid)
    futures = client.map(slow, range(60))
    victim = sorted(pids)[0]
    while not client.has_what()[victim]:
        time.sleep(0.01)
    os.kill(pids[victim], signal.SIGKILL)
    total = sum(client.gather(futures))
    client.wait_for_workers(2, timeout=60)
    print(json.dumps({{"total": total, "workers": len(client.run(os.getpid))}}))
{END}"""


class Site(NamedTuple):
    """What a facility's Dask is made of, and how its users look at their jobs."""

    name: str
    cluster: str
    address: str
    jobs: tuple[str, ...]
    give_up: tuple[str, ...]


SITES = (
    Site("slac", "SLURMCluster", "tls://127.0.0.1:", ("squeue", "--me", "--noheader"), ("scancel", "--user=alice")),
    Site("bnl", "HTCondorCluster", "tcp://127.0.0.1:", ("condor_q", "-af", "ClusterId"), ("condor_rm", "-all")),
)


class User(BatchUser):
    """A user with a notebook."""

    def python(self, script: str, *, image: bool = False, timeout: float = 180) -> dict[str, Any]:
        """What a script prints; it lies beside the compiled files, and may run in the site's image."""
        for name in ("cluster.py", "jobqueue.yaml", "dask.yaml"):
            if self.miniature.files.has(f"dask/{name}"):
                self.write(name, self.miniature.files.text(f"dask/{name}"))
        self.write("notebook.py", script)
        done = self.run(*(self._in_image() if image else [PYTHON]), "notebook.py", timeout=timeout)
        found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
        return found

    def _in_image(self) -> list[str]:
        """How users open the site's image: with the binds that the site names, those that are there."""
        facility, room = self.miniature.facility, self.miniature.room
        assert facility.images
        assert facility.default_image
        paths = [path for path in (*facility.images.binds, *facility.batch[0].binds) if room.exists(path)]
        binds = [word for path in dict.fromkeys(paths) for word in ("--bind", path)]
        place = unpacked_path(facility.images.unpacked, facility.default_image.reference)
        assert place
        return ["apptainer", "--quiet", "exec", *binds, place, "python"]


@pytest.fixture(params=SITES, ids=lambda site: site.name)
def at(request: pytest.FixtureRequest) -> Iterator[tuple[User, Site]]:
    site: Site = request.param
    miniature: Miniature = request.getfixturevalue(site.name)
    user = User(miniature, "alice", folder_of(miniature, "alice"))
    yield user, site
    user.run(*site.give_up, check=False)
    assert until(lambda: not user.run(*site.jobs).stdout.strip(), SOON)
    user.run("rm", "-r", user.folder)


@pytest.mark.parametrize("image", [False, True], ids=["plain", "image"])
def test_two_workers_on_two_nodes_compute(at: tuple[User, Site], *, image: bool) -> None:
    """In the image, workers run in what the notebook runs in, without a word about it."""
    user, site = at
    found = user.python(COMPUTES.replace("NONCE", repr("stressed")), image=image)
    assert all(place.startswith("/cvmfs/") is image for place in found["images"])
    assert found["class"] == site.cluster
    # The image is small: cryptography, without which Dask has no TLS, is not in it.
    assert found["address"].startswith("tcp://127.0.0.1:" if image else site.address)
    # Each asks for more than half of what a node has to give.
    assert sorted(found["workers"]) == ["n1", "n2"]
    assert found["threads"] == [3, 3]
    assert found["sum"] == sum(number**2 for number in range(20))
    assert found["nonce"] == "desserts"
    # Workers' jobs end with their cluster.
    assert until(lambda: not user.run(*site.jobs).stdout.strip(), SOON)


def test_a_killed_worker_costs_time_only(at: tuple[User, Site]) -> None:
    user, _ = at
    found = user.python(LOSES_ONE)
    assert found["total"] == sum(number**2 for number in range(60))
    # Its nanny has started another one.
    assert found["workers"] == 2

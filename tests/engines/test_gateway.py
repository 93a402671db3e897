"""dask-gateway with the users of JupyterHub: whoever has a token of the hub's gets a cluster, and nobody else."""

from __future__ import annotations

import json
import os
import secrets
import signal
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest
from support import until

from afspec.twin.asking import hub_python

if TYPE_CHECKING:
    from collections.abc import Iterator

    from engines.conftest import Miniature

# What a browser does to sign in at the issuer of `local`, and then on the hub's page of tokens.
SIGN_IN = """
import sys
import requests
hub, user = sys.argv[1:]
browser = requests.Session()
browser.trust_env = False
form = browser.get(f"{hub}/hub/oauth_login", timeout=20)
browser.post(form.url, data={"sub": user}, timeout=20).raise_for_status()
xsrf = next(cookie.value for cookie in browser.cookies if cookie.name == "_xsrf")
made = browser.post(f"{hub}/hub/api/users/{user}/tokens", json={}, headers={"X-XSRFToken": xsrf}, timeout=20)
made.raise_for_status()
print(made.json()["token"])
"""
# The client is told everything but the token by the compiled settings, as in a notebook.
CLIENT = """
import json, os, sys, threading, time
import dask.config
from dask_gateway import Gateway
from dask_gateway.auth import JupyterHubAuth


def gateway():
    return Gateway(auth=JupyterHubAuth(api_token=os.environ["TOKEN"]))


def workers(client, count, seconds=60):
    client.wait_for_workers(count, timeout=seconds)
    return client.scheduler_info(n_workers=-1)["workers"]

"""
COMPUTE = """
with gateway().new_cluster() as cluster:
    cluster.scale(2)
    with cluster.get_client() as client:
        workers(client, 2)
        pids = client.run(os.getpid)
        numbers = client.map(lambda number: number * number, range(100))
        total = client.submit(sum, numbers).result(timeout=60)
        print(json.dumps({"pids": list(pids.values()), "total": total, "name": cluster.name}))
"""
LOSE = """
import signal
with gateway().new_cluster() as cluster:
    cluster.scale(2)
    with cluster.get_client() as client:
        found = workers(client, 2)
        pids = client.run(os.getpid)
        victim = next(iter(pids.values()))

        def slow(number):
            time.sleep(0.3)
            return number * number, os.getpid()

        futures = client.map(slow, range(40), pure=False)
        # Once the victim has something to lose.
        while not any(future.done() and future.result()[1] == victim for future in futures):
            threading.Event().wait(0.05)
        os.kill(victim, signal.SIGKILL)
        results = client.gather(futures)
        total, by = sum(number for number, _ in results), sorted({pid for _, pid in results})
        print(json.dumps({"victim": victim, "total": total, "by": by}))
"""
REFUSED = """
try:
    gateway().list_clusters()
    print("let in")
except Exception as error:
    print(type(error).__name__, error)
"""


@dataclass(frozen=True)
class Site:
    """The twin, as users of Dask see it."""

    miniature: Miniature

    @property
    def python(self) -> str:
        return hub_python(self.miniature.facility)

    def token(self, user: str) -> str:
        """A token that the user made on the hub's own page."""
        hub = next(item.url for item in self.miniature.facility.jupyter if item.url)
        argv = [self.python, "-c", SIGN_IN, hub.rstrip("/"), user]
        return self.miniature.room.run(argv, user=user, timeout=60).stdout.strip()

    def run(self, code: str, token: str, *, user: str = "alice", seconds: float = 180) -> str:
        """What a user's program prints, with the compiled settings of Dask."""
        settings = self.miniature.files.path("dask/dask.yaml")
        done = self.miniature.room.run(
            [self.python, "-c", CLIENT + code],
            user=user,
            env={"TOKEN": token, "DASK_CONFIG": settings},
            timeout=seconds,
        )
        return done.stdout.strip()

    def clusters(self, token: str) -> list[str]:
        names: list[str] = json.loads(self.run("print(json.dumps([c.name for c in gateway().list_clusters()]))", token))
        return names


@pytest.fixture
def site(local: Miniature) -> Site:
    return Site(local)


@pytest.fixture
def token(site: Site) -> Iterator[str]:
    """Alice's token; her clusters are gone at the end."""
    made = site.token("alice")
    yield made
    stop = "for cluster in gateway().list_clusters(): gateway().stop_cluster(cluster.name)"
    site.run(stop, made)
    assert until(lambda: not site.clusters(made), 60)


def _last(printed: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(printed.splitlines()[-1])
    return found


def test_two_workers_compute_in_processes_of_their_own(site: Site, token: str) -> None:
    found = _last(site.run(COMPUTE, token))
    assert found["total"] == sum(number * number for number in range(100))
    assert len(set(found["pids"])) == 2
    assert site.miniature.room.pid("gateway") not in found["pids"]


def test_a_cluster_ends_with_its_user_s_program(site: Site, token: str) -> None:
    found = _last(site.run(COMPUTE, token))
    assert until(lambda: not any(_alive(pid) for pid in found["pids"]), 30)
    assert found["name"] not in site.clusters(token)


def test_without_a_token_of_the_hubs_there_is_no_cluster(site: Site) -> None:
    for wrong in (secrets.token_hex(16), "x"):
        said = site.run(REFUSED, wrong)
        assert "let in" not in said
        assert "JupyterHub" in said, said


def test_users_do_not_see_each_others_clusters(site: Site, token: str) -> None:
    name = site.run("print(gateway().submit())", token).splitlines()[-1]
    assert until(lambda: name in site.clusters(token), 30)
    bob = site.token("bob")
    assert site.clusters(bob) == []
    code = f"""
try:
    gateway().stop_cluster({name!r})
    print("stopped")
except Exception as error:
    print(type(error).__name__, error)
"""
    assert "stopped" not in site.run(code, bob, user="bob").splitlines()
    assert name in site.clusters(token)


def test_more_cores_than_the_spec_allows_are_not_given(site: Site, token: str) -> None:
    dask = site.miniature.facility.dask
    most = dask.gateway.max_cores if dask and dask.gateway else None
    assert most
    code = f"""
import warnings
with gateway().new_cluster() as cluster, warnings.catch_warnings(record=True) as said:
    warnings.simplefilter("always")
    cluster.scale({most + 2})
    print(*(warning.message for warning in said))
"""
    # dask-gateway's own words; it does not refuse, it gives less, and the scheduler has a core, too.
    assert f"Scaling to {most - 1} instead" in site.run(code, token)


def test_work_outlives_a_worker(site: Site, token: str) -> None:
    found = _last(site.run(LOSE, token))
    assert found["total"] == sum(number * number for number in range(40))
    # What the dead one had done is done again, by somebody else.
    assert found["by"]
    assert found["victim"] not in found["by"]


def test_a_gateway_that_was_killed_comes_back_with_its_clusters(site: Site, token: str) -> None:
    room = site.miniature.room
    name = site.run("print(gateway().submit())", token).splitlines()[-1]
    code = f"""
with gateway().connect({name!r}) as cluster, cluster.get_client() as client:
    cluster.scale(1)
    workers(client, 1)
    print(json.dumps({{"sum": client.submit(sum, [1, 2]).result(timeout=60)}}))
"""
    assert _last(site.run(code, token)) == {"sum": 3}
    room.kill("gateway", signal.SIGKILL)
    try:
        assert until(lambda: not room.alive("gateway"))
        assert [tuple(ailment) for ailment in site.miniature.ailments()] == [("gateway", "not running")]
    finally:
        site.miniature.heal()
    assert not site.miniature.ailments()
    assert _last(site.run(code, token)) == {"sum": 3}


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True

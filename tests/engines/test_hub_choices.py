"""What users may choose in the hubs of the twins: another partition, a GPU, an image, a second session; and no more."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from engines.hub_site import GONE, Site
from support import until

if TYPE_CHECKING:
    from engines.conftest import Miniature

BASE = "hub.opensciencegrid.org/iris-hep/analysis-systems-base:2022-12-15"


def asked(site: Site, user: str, server: str = "", **options: Any) -> dict[str, Any]:
    """What the hub says to a request for a session, by its REST API, where no form is in between."""
    token = site.token("operator")
    assert site.ask(token, "POST", f"/users/{user}")["status"] in {201, 409}
    path = f"/users/{user}/servers/{server}" if server else f"/users/{user}/server"
    return site.ask(token, "POST", path, "--body", json.dumps(options))


def ended(site: Site, user: str, server: str = "") -> None:
    path = f"/users/{user}/servers/{server}" if server else f"/users/{user}/server"
    token = site.token("operator")
    # One that is still starting cannot be ended yet.
    assert until(lambda: site.ask(token, "DELETE", path)["status"] in {202, 204, 404}, GONE)
    assert until(lambda: site.queue() == [], GONE)


def test_a_gpu_is_a_choice_of_its_own_partition(slac_2023: Miniature) -> None:
    site = Site(slac_2023)
    alice = site.account("alice")
    try:
        assert site.visit(alice, "start", "--profile", "gpu") == {"started": True}
        jobs = slac_2023.room.run(["squeue", "--noheader", "--format=%u %j %P %C %m %b %l"], user="bob").stdout
        assert jobs.split() == ["alice", "jupyterhub", "ml", "1", "1G", "gres:gpu:a100:1", "8:00:00"]
        said = site.visit(alice, "run", "import os; print(os.environ['SLURM_JOB_PARTITION'])")
        assert said["printed"] == "ml\n"
    finally:
        site.visit(alice, "stop")


@pytest.mark.parametrize(
    ("options", "why"),
    [
        ({"profile": "huge"}, "no such session is offered"),
        ({"profile": ["small"]}, "no such session is offered"),
        ({"profile": "small", "image": "x; touch /tmp/pwned"}, "not an image's reference"),
        ({"profile": "small", "image": f'{BASE}"\n+Other = 1'}, "not an image's reference"),
        ({"profile": "small", "image": "/cvmfs/unpacked.cern.ch/../../root"}, "not an image's reference"),
        ({"profile": "small", "image": {"a": 1}}, "not an image's reference"),
    ],
)
def test_more_than_is_offered_is_refused(options: dict[str, Any], why: str, bnl: Miniature) -> None:
    site = Site(bnl)
    said = asked(site, "bob", **options)
    assert said["status"] == 400
    assert why in said["body"]
    assert [job for job in site.queue() if job.startswith("bob ")] == []


@pytest.mark.parametrize(
    ("image", "place"),
    [
        ("analysis-systems-base", f"/cvmfs/unpacked.cern.ch/{BASE}"),
        ("registry.example.org/mine/base:2", "docker://registry.example.org/mine/base:2"),
        ("/atlasgpfs01/images/mine.sif", "/atlasgpfs01/images/mine.sif"),
    ],
)
def test_a_job_asks_for_the_image_of_its_user(image: str, place: str, bnl: Miniature) -> None:
    """Which the twin has not: what is shown is that the pool was asked, as its own submit files ask."""
    site = Site(bnl)

    def newest() -> list[str]:
        """Owner and image of the job that was sent last, whether it is still in the queue or has ended."""
        show = ["-af", "Owner", "SingularityImage"]
        waiting = bnl.room.run(["condor_q", "-allusers", *show], user="bob").stdout
        return (waiting or bnl.room.run(["condor_history", "-limit", "1", *show], user="bob").stdout).split()

    try:
        # The job fails as soon as a node takes it; a hub that learns of it within its ten seconds answers 500.
        assert asked(site, "bob", profile="small", image=image)["status"] in {201, 202, 500}
        assert until(lambda: newest() == ["bob", place], GONE), newest()
    finally:
        bnl.room.run(["condor_rm", "bob"], user="bob", check=False)
        ended(site, "bob")


def test_a_user_has_as_many_sessions_as_the_hub_allows(bnl: Miniature) -> None:
    site = Site(bnl)
    try:
        assert asked(site, "bob", "second", profile="small")["status"] in {201, 202}
        refused = asked(site, "bob", "third", profile="small")
        assert refused["status"] == 400
        assert "already has the maximum of 1 named servers" in refused["body"]
        home = next(user.home for user in bnl.twin.users if user.name == "bob")
        files = bnl.room.run(["ls", "-A", home], user="bob").stdout.split()
        # A file of variables of its own, which no other session writes over.
        assert [name for name in files if name.startswith(".jupyterhub-") and name.endswith(".env")]
    finally:
        ended(site, "bob", "second")

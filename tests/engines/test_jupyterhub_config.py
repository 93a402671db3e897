"""Compiled configurations of hubs, loaded by a real JupyterHub: every login, every spawner, and what sites may add."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hub_spec import CILOGON, HTCONDOR, KEYCLOAK, ON_SLURM, PROFILES, SLURM, hub, rendered

from afspec import twins
from afspec.twin.wants import environments_of

if TYPE_CHECKING:
    from collections.abc import Callable

    Load = Callable[..., dict[str, Any]]

LOADS = Path(__file__).with_name("hub_loads.py")
IMAGES = """\
images:
  stance: promised
  policy: any
  unpacked: /cvmfs/unpacked.cern.ch
  named: [{name: base, reference: hub.example.org/iris-hep/base:1}]
"""
FULL_HUB = """\
    hub:
      admins: [carol]
      cookie_secret: {env: HUB_COOKIE}
      database: {env: HUB_DB}
      starting: 10
      running: 200
      named_servers: 2
      start_timeout: 10 min
      culling: {every: 5 min, kernels: 1 h}
"""


@pytest.fixture(scope="session")
def hub_python() -> str:
    """The Python of the environment that has JupyterHub."""
    path = environments_of(twins.find("local").facility)["hub"] / "bin/python"
    if not path.exists():
        if os.environ.get("CI") == "true":
            pytest.fail("JupyterHub is needed: afspec twin install local")
        pytest.skip("JupyterHub is not installed: afspec twin install local")
    return str(path)


@pytest.fixture
def load(hub_python: str, tmp_path: Path) -> Load:
    """Loads a facility's only configuration, lets users with claims in, and makes choices of sessions."""

    def loaded(body: str, claims: list[Any] | None = None, options: list[Any] | None = None) -> dict[str, Any]:
        body = body.replace("      python:", f"      state: {tmp_path}/state\n      python:")
        path = tmp_path / "jupyterhub_config.py"
        path.write_text(rendered(body)["jupyterhub/jupyterhub_config.py"].text)
        done = subprocess.run(
            [hub_python, str(LOADS)],
            input=json.dumps([{"path": str(path), "claims": claims or [], "options": options or []}]),
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
            env={"PATH": "/usr/bin:/bin", "HUB_SECRET": "s", "HUB_COOKIE": "ab" * 32, "HUB_DB": "sqlite://"},
        )
        assert done.returncode == 0, done.stderr
        (said,) = json.loads(done.stdout)
        # An option that its class does not know is a warning of traitlets.
        assert said["complaints"] == []
        return dict(said)

    return loaded


def test_cilogon_lets_in_whom_its_identity_providers_know(load: Load) -> None:
    claims = [
        {"eppn": "alice@cern.ch", "idp": "https://cern.ch/login"},
        {"eppn": "carol@cern.ch", "idp": "https://cern.ch/login"},
        {"eppn": "alice@other.org", "idp": "https://cern.ch/login"},
    ]
    more = "      admins: [carol]\n      python"
    said = load(CILOGON + hub("local").replace("      python", more), claims)
    assert said["authenticator"] == "CILogonOAuthenticator"
    assert [one and (one["name"], one["admin"]) for one in said["entered"]] == [("alice", False), ("carol", True), None]


@pytest.mark.parametrize(
    ("method", "claim", "kind"),
    [
        ("keycloak", "groups", "Generic"),
        ("dex", "groups", "Generic"),
        ("atlas-iam", "groups", "Generic"),
        ("cilogon", "isMemberOf", "CILogon"),
    ],
)
def test_members_of_a_group_enter_and_others_do_not(method: str, claim: str, kind: str, load: Load) -> None:
    more = "    username_claim: sub\n    groups: [atlas/users]\n    users: [bob]\n    entity_ids: [https://cern.ch/login]\n"
    idp = {"idp": "https://cern.ch/login"}
    claims = [
        {"sub": "alice", claim: ["/atlas/users", "x"], **idp},
        {"sub": "bob", **idp},
        {"sub": "eve", claim: ["/atlas"], **idp},
        {"sub": "mallory", claim: "atlas/users.not", **idp},
    ]
    said = load(KEYCLOAK.replace("keycloak", method) + more + hub("local"), claims)
    assert said["authenticator"] == f"{kind}OAuthenticator"
    assert [one and one["name"] for one in said["entered"]] == ["alice", "bob", None, None]


def test_globus_and_plain_issuers_load(load: Load) -> None:
    globus = KEYCLOAK.replace("keycloak", "globus").replace("    issuer: https://sso.example.org/realms/af/\n", "")
    globus += "    strip_domain: a.org\n"
    assert load(globus + "    groups: [a-uuid]\n" + hub("local"))["authenticator"] == "GlobusOAuthenticator"
    said = load(globus + hub("local"), [{"preferred_username": f"alice@{domain}"} for domain in ("a.org", "b.org")])
    assert [one and one["name"] for one in said["entered"]] == ["alice", None]
    given = "    endpoints: {authorize: http://a.org/1, token: http://a.org/2, userinfo: http://a.org/3}\n"
    said = load(KEYCLOAK.replace("keycloak", "oidc") + given + "    strip_domain: a.org\n" + hub("local"),
                [{"sub": "alice@a.org"}, {"sub": "$(id)"}])  # fmt: skip
    assert [one and one["name"] for one in said["entered"]] == ["alice", None]


def test_a_hub_on_slurm_with_all_that_a_site_may_say(load: Load) -> None:
    profiles = PROFILES.replace("    profiles", "    custom_image: true\n    profiles")
    body = IMAGES + CILOGON + SLURM + hub("slurm", profiles).replace("    hub:\n", FULL_HUB)
    small, gpu, image, *refused = load(
        body,
        options=[{}, {"profile": "gpu"}, {"image": "base"}, {"profile": "huge"}, {"image": "$(id)"}, {"profile": []}],
    )["started"]
    assert small["memory"] == 1 << 30
    assert "#SBATCH --partition=roma\n" in small["script"]
    assert 'start() { exec "$@"; }\nstart CMD\n' in small["script"]
    assert "#SBATCH --gres=gpu:a100:1\n" in gpu["script"]
    assert "places=(docker://hub.example.org/iris-hep/base:1 /cvmfs/unpacked.cern.ch/hub" in image["script"]
    assert [one["refused"] for one in refused] == [400, 400, 400]
    assert "17" in small["cancel"]


def test_a_hub_on_htcondor_with_all_that_a_site_may_say(load: Load) -> None:
    body = IMAGES + CILOGON + HTCONDOR + hub("htcondor", "    custom_image: true\n").replace("    hub:\n", FULL_HUB)
    said = load(body, options=[{}, {"image": "/data/x.sif"}])
    assert said["limits"] == [10, 200, 2]
    plain, image = said["started"]
    assert "container" not in plain["script"]
    assert "universe = container\ncontainer_image = /data/x.sif\n" in image["script"]
    assert "/home/alice/.jupyterhub.env" in plain["submit"]


def test_a_hub_on_a_machine_ends_idle_sessions(load: Load) -> None:
    limits = "    limits: {idle: 2 h, duration: 8 h}\n"
    said = load(CILOGON + hub("local", limits).replace("    hub:\n", FULL_HUB), options=[{"profile": "whatever"}])
    assert (said["spawner"], said["form"]) == ("LocalProcessSpawner", False)
    (command,) = said["culler"]
    assert command[1:] == ["-m", "jupyterhub_idle_culler", "--timeout=7200", "--max-age=28800", "--cull-every=300"]
    (session,) = said["started"]
    assert "--MappingKernelManager.cull_idle_timeout=3600" in session["args"]


def test_the_check_sees_an_option_that_no_class_knows(load: Load, monkeypatch: pytest.MonkeyPatch) -> None:
    """The test of the tests: what traitlets says of a slip is caught."""
    text = rendered(ON_SLURM)["jupyterhub/jupyterhub_config.py"]
    slip = text._replace(text=text.text + "\nc.BatchSpawnerBase.batch_skript = 'x'\n")
    monkeypatch.setitem(globals(), "rendered", lambda _: {"jupyterhub/jupyterhub_config.py": slip})
    with pytest.raises(AssertionError, match="batch_skript"):
        load(ON_SLURM)

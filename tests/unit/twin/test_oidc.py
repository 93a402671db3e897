"""Who can sign in at a played issuer, and that its program is part of what is installed."""

from __future__ import annotations

from importlib.resources import files
from typing import Any

from support import facility

from afspec.twin import oidc_provider
from afspec.twin.engines.jupyterhub import JupyterHub
from afspec.twin.engines.oidc import FOREIGN_IDP, Issuer, Oidc
from afspec.twin.hosts import public

CERN, SLAC = "https://cern.ch/login", "https://adfs.slac.stanford.edu/adfs/services/trust"
SPEC = """\
logins:
  - name: federated
    stance: promised
    method: cilogon
    entity_ids: [https://cern.ch/login]
    client: {id: hub, secret: {env: SECRET}}
    opens: [jupyter]
batch:
  - {name: slurm, scheduler: slurm, stance: promised}
jupyter:
  - name: main
    kind: hub_vm
    stance: promised
    url: https://hub.example.org/
    spawner: slurm
    hub: {python: /opt/hub/bin/python}
"""


def issuer(**more: Any) -> Issuer:
    hub: dict[str, Any] = {"username_claim": "eppn", "strip_domain": None, "entity_ids": []}
    return Issuer("https://sso.example.org", ("provider.json",), ({**hub, **more},))


def test_a_federation_has_the_users_a_stranger_and_namesakes() -> None:
    accounts = issuer(entity_ids=[CERN, SLAC], strip_domain="home.cern").accounts(["alice", "bob"])
    assert [(account.user, account.idp) for account in accounts] == [
        ("alice", CERN),
        ("bob", CERN),
        ("eve", CERN),
        ("alice", SLAC),
        ("alice", FOREIGN_IDP),
    ]
    assert [account.claims["eppn"] for account in accounts] == [
        "alice@home.cern",
        "bob@home.cern",
        "eve@home.cern",
        "alice@adfs.slac.stanford.edu",
        # Whom the facility does not accept says to be whoever he wants.
        "alice@home.cern",
    ]
    assert [account.claims["idp"] for account in accounts] == [account.idp for account in accounts]
    assert len({account.claims["sub"] for account in accounts}) == len(accounts)
    assert len({account.secret for account in accounts}) == len(accounts)


def test_an_issuer_of_the_sites_own_has_no_identity_providers() -> None:
    accounts = issuer(username_claim="sub").accounts(["alice", "bob"])
    assert [(account.user, account.idp, account.claims["sub"]) for account in accounts] == [
        ("alice", "", "alice"),
        ("bob", "", "bob"),
        ("eve", "", "eve"),
    ]


def test_hub_issuer_and_nodes_have_names_but_nodes_not_for_everybody() -> None:
    described = facility(SPEC)
    assert JupyterHub.applies(described)
    assert Oidc.applies(described)
    names = [*Oidc.hosts(described), *JupyterHub.hosts(described)]
    assert names == ["cilogon.org", "hub.example.org", "n1", "n2"]
    assert public(described, names) == ["cilogon.org", "hub.example.org"]


def test_without_a_client_nobody_plays_an_issuer() -> None:
    described = facility(SPEC.replace("    client: {id: hub, secret: {env: SECRET}}\n", ""))
    assert not Oidc.applies(described)
    assert Oidc.hosts(described) == []


def test_the_program_is_installed_with_the_package() -> None:
    for name in ("provider.mjs", "page.mjs"):
        assert files(oidc_provider).joinpath(name).is_file()

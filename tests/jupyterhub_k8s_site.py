"""Facilities with a hub on their cluster, and its values over the real chart's, by the chart's schema."""

from __future__ import annotations

from functools import cache
from types import SimpleNamespace
from typing import Any

import yaml
from afspec.generators.jupyterhub_k8s import JupyterHubK8s
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from support import facility
from upstream import merged, upstream_data

CLUSTER = """\
orchestration: {stance: promised, kind: kubernetes, storage_class: ceph, ingress: {ingress_class: nginx, issuer: le}}
"""
LOGIN = """\
logins:
  - name: federated
    stance: promised
    method: cilogon
    federated: true
    entity_ids: [https://cern.ch/login, https://idp.example.edu/idp]
    username_claim: eppn
    strip_domain: cern.ch
    client: {id: "cilogon:/client_id/1", secret: {kubernetes_secret: {name: hub-login, key: client-secret}}}
    opens: [jupyter]
"""
KEYCLOAK = """\
logins:
  - name: site
    stance: promised
    method: keycloak
    issuer: https://sso.example.org/realms/af
    client: {id: hub, secret: {env: HUB_CLIENT}}
    strip_domain: example.org
    groups: [atlas]
    opens: [jupyter]
"""
GPUS = """\
gpus:
  stance: promised
  models:
    - {name: a100, product: NVIDIA-A100-SXM4-40GB, resource: nvidia.com/gpu,
       mig: {strategy: mixed, profiles: [1g.5gb, 2g.10gb]}}
    - {name: v100, product: Tesla-V100-PCIE-16GB, resource: nvidia.com/gpu}
    - {name: l40s, count: 4}
"""
IMAGES = """\
images:
  stance: promised
  policy: any
  named:
    - {name: base, reference: "hub.example.org/base/x:1", prefix: /opt/env, kernel: {name: k}}
"""
STORAGE = """\
storage:
  stance: promised
  areas:
    - {name: home, stance: promised, purpose: home, path: /home/<u>/<user>,
       mount: {target: /home, source: /export/home, server: nfs.example.org}}
    - {name: group, stance: promised, purpose: group, path: /group, mount: {target: /group, source: /group}}
  xcache: [{name: x, stance: promised, door: "root://x.example.org:1094"}]
software:
  stance: promised
  cvmfs: {stance: promised, claim: cvmfs}
  rucio: {stance: promised, site: AF_1}
  voms: {stance: promised, proxy: /home/<u>/<user>/proxy}
"""
LIMITS = "    limits: {cpu: 16, memory: 32 GiB, gpus: 2, idle: 8 h, duration: 72 h}\n"
PROFILES = """\
    profiles:
      - {name: small, title: "Small <b>", cpu: 2, memory: 4 GiB}
      - {name: slice, title: A slice, cpu: 2, memory: 4 GiB, gpus: 1, gpu: a100}
      - {name: two, cpu: 32, memory: 4 GiB, gpus: 2, gpu: v100, image: "hub.example.org/gpu/y:2"}
      - {name: any, cpu: 2, memory: 4 GiB, gpus: 1}
      - {name: nowhere, cpu: 2, gpus: 1, gpu: l40s}
"""


def hub(more: str = "") -> str:
    return (
        "jupyter:\n  - name: hub\n    kind: hub_kubernetes\n    stance: promised\n"
        f"    url: https://hub.example.org/jh/\n{more}"
    )


BARE = CLUSTER + hub()
FULL = CLUSTER + LOGIN.replace("    opens", "    uid_claim: uidNumber\n    opens") + GPUS + IMAGES + STORAGE
OWN = """\
    group: {name: atlas, gid: 5741}
    hub:
      admins: [bob, alice]
      starting: 10
      running: 100
      named_servers: 2
      cpu_overcommit: 4
      cookie_secret: {kubernetes_secret: {name: hub-tokens, key: hub.config.JupyterHub.cookie_secret}}
      database: {kubernetes_secret: {name: hub-db, key: url}}
      services:
        - {name: reports, token: {kubernetes_secret: {name: hub-tokens, key: hub.services.reports.apiToken}}}
        - {name: Monitor, token: {env: MON_TOKEN}, scopes: ["read:users"]}
      culling: {kernels: 1 h}
"""


def files(body: str) -> dict[str, Any]:
    """What is made of a spec, by the file's path."""
    generator, there = JupyterHubK8s(), facility(body)
    made = list(generator.render(there)) if generator.applies(there) else []
    for item in made:
        assert item.text.isascii()
    return {item.path: yaml.safe_load(item.text) for item in made}


@cache
def chart() -> Draft202012Validator:
    """The schema of the real chart."""
    return Draft202012Validator(upstream_data("z2jh", "4.4.0_values.schema.yaml"))


def values(body: str) -> dict[str, Any]:
    """The values of the only hub, over the real chart's and by its schema."""
    found = files(body)["jupyterhub-k8s/hub/values.yaml"]
    whole = merged(upstream_data("z2jh", "4.4.0_values.yaml"), found)
    assert [error.message for error in chart().iter_errors(whole)] == []
    assert isinstance(found, dict)
    return found


def required(body: str) -> dict[tuple[str, str], list[Any]]:
    listed = files(body).get("jupyterhub-k8s/hub/requires.yaml", {"requires": []})["requires"]
    return {(item["kind"], item["name"]): item.get("holds", []) for item in listed}


def loaded(found: dict[str, Any]) -> SimpleNamespace:
    """What the hub's Python leaves behind, run as the chart runs it: in the order of the names, in one namespace."""
    spawner, settings, oauth = SimpleNamespace(), SimpleNamespace(), SimpleNamespace()
    settings.services = [{"name": name} for name in found["hub"].get("services", {})]
    c = SimpleNamespace(JupyterHub=settings, OAuthenticator=oauth, KubeSpawner=spawner)
    for _, code in sorted(found["hub"].get("extraConfig", {}).items()):
        exec(compile(code, "extraConfig", "exec"), {"c": c})  # noqa: S102 - our own
    return c


GATEWAY = """\
dask:
  stance: promised
  gateway: {stance: promised, auth: jupyterhub, backend: kubernetes,
    url: https://hub.example.org/jh/services/dask-gateway/,
    internal_url: "http://traefik-dask-gateway.dask-gateway/services/dask-gateway/"}
"""
REFERENCES = st.builds(
    "".join,
    st.tuples(
        st.sampled_from(["a", "hub.example.org", "h-x.org:5000", "A9.b:65535"]),
        st.lists(st.sampled_from(["/a", "/b0", "/a-b", "/a__b.c", "/9"]), min_size=1, max_size=3).map("".join),
        st.sampled_from(["", ":1", ":v1.2-3_x", ":" + "t" * 128]),
        st.sampled_from(["", "@sha256:" + "0a" * 32]),
    ),
)

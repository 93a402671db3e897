"""A session: the image's own user, variables, volumes, network, the cache and ServiceX."""

from __future__ import annotations

import kubernetes_validate
import pytest
from coffea_casa_site import AREAS, SESSION, SITES, facility, needs, session, settings, values

# What coffea-casa's images have as defaults for the facility where they are made (docker/Dockerfile.cc-dask-alma9).
FOREIGN = {"CONDOR_HOST", "COLLECTOR_NAME", "SCHEDD_HOST", "UID_DOMAIN", "WORKER_IMAGE", "TAG"}


def test_a_session_is_the_images_own_user() -> None:
    made = session(SITES["usual"])
    assert (made["uid"], made["fsGid"]) == (6440, 11265)
    assert values(SITES["usual"])["hub"]["config"]["KubeSpawner"] == {"gid": 11265}
    assert made["storage"]["homeMountPath"] == "/home/cms-jovyan"
    assert made["image"] == {"name": "hub.example.org/cc/notebook", "tag": "2026.08"}
    # Namespaces of the level baseline refuse the chart's privileged container.
    assert made["cloudMetadata"] == {"blockWithIptables": False}


@pytest.mark.parametrize("name", SITES)
def test_no_default_of_another_facility_is_left_in_a_session(name: str) -> None:
    environment = session(SITES[name])["extraEnv"]
    assert set(environment) >= FOREIGN
    assert "XCACHE_HOST" in environment or environment["XRD_PLUGINCONFDIR"] == ""


def test_the_network_lets_workers_in_where_there_are_any() -> None:
    dask = {"stance": "promised", "coffea_casa": {"stance": "promised", "scheduler_port": 8790}}
    site = facility(dask=dask)
    policy = session(site)["networkPolicy"]
    assert policy == {"enabled": True, "allowedIngressPorts": [8790], "egressAllowRules": {"privateIPs": True}}
    assert settings(site)["labextension"]["factory"]["kwargs"]["scheduler_port"] == 8790
    assert session(SITES["alone"])["networkPolicy"] == {"enabled": True}


def test_the_network_lets_sessions_ask_the_facilitys_services() -> None:
    casa = {"stance": "promised", "url": "https://coffea.example.org/", "image": SESSION}
    triton = {"stance": "promised", "grpc": "triton.inference.svc:8001"}
    (rule,) = session(facility(services={"coffea_casa": casa, "triton": triton}))["networkPolicy"]["egress"]
    (to,) = rule["to"]
    assert to["namespaceSelector"]["matchExpressions"][0]["values"] == ["inference"]


def test_without_a_pool_clusters_are_of_the_session_itself() -> None:
    made = session(SITES["alone"])
    assert made["extraEnv"]["LABEXTENTION_FACTORY_CLASS"] == "LocalCluster"
    assert "extraFiles" not in made
    assert "Secret" not in {kind for kind, name in needs(SITES["alone"]) if name == "coffea-casa"}


def test_a_session_is_a_pod() -> None:
    for site in SITES.values():
        made = session(site)
        # As z2jh and KubeSpawner put it together.
        variables = [
            {"name": name, **({"value": value} if isinstance(value, str) else value)}
            for name, value in made["extraEnv"].items()
        ]
        container = {"name": "notebook", "image": SESSION, "env": variables}
        container["volumeMounts"] = made["storage"]["extraVolumeMounts"]
        spec = {"containers": [container], "volumes": made["storage"]["extraVolumes"]}
        spec["initContainers"] = made.get("initContainers", [])
        found = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "x"}, "spec": spec}
        kubernetes_validate.validate(found, "1.30", strict=True)
        names = {volume["name"] for volume in spec["volumes"]}
        assert {mount["name"] for mount in made["storage"]["extraVolumeMounts"]} <= names


def test_all_sessions_are_one_user_so_areas_are_mounted_by_name_alone() -> None:
    claims = [item["name"] for item in session(SITES["everything"])["storage"]["extraVolumes"]]
    assert claims == ["cmsaf-secrets", "condor-token", "data", "cvmfs"]
    unnamed = facility(storage={"areas": AREAS})
    assert [item["name"] for item in session(unnamed)["storage"]["extraVolumes"]] == ["cmsaf-secrets", "condor-token"]


def test_the_cache_and_servicex() -> None:
    environment = session(SITES["everything"])["extraEnv"]
    assert environment["XCACHE_HOST"] == "cache.example.org"
    both = [
        {"name": "off", "stance": "planned", "url": "https://off.example.org"},
        {"name": "xaod", "stance": "promised", "url": "https://xaod.example.org", "code_generators": ["atlasr22"]},
        {"name": "uproot", "stance": "promised", "url": "https://uproot.example.org"},
    ]
    casa = {"stance": "promised", "image": SESSION}
    environment = session(facility(services={"coffea_casa": casa, "servicex": both}))["extraEnv"]
    assert environment["SERVICEX_HOST"] == "https://xaod.example.org"
    assert environment["SERVICEX_TYPE"] == "atlasr22"
    environment = session(facility(services={"coffea_casa": {**casa, "servicex": "uproot"}, "servicex": both}))[
        "extraEnv"
    ]
    assert environment["SERVICEX_HOST"] == "https://uproot.example.org"

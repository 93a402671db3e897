"""Routes to what charts make: Services, ports, hosts, paths, TLS."""

from __future__ import annotations

from typing import Any

import yaml
from kustomize import of_kind
from okd_site import CLUSTER, EVERYTHING, HUBS, REANA, SERVICEX, objects, rendered

TRITON = """
services:
  triton: {stance: promised, http: "https://triton.example.org", grpc: "front.triton.svc:8001",
           repository: "s3://s3.example.org:443/models", cluster: {image: "r.example.org/t:1"}}
"""


def routes(body: str) -> dict[str, dict[str, Any]]:
    return {item["metadata"]["name"]: item["spec"] for item in of_kind(objects(body), "Route")}


def required(body: str) -> dict[tuple[str, str], list[Any]]:
    texts = {item.path: item.text for item in rendered(body)}
    listed = yaml.safe_load(texts["okd/requires.yaml"])["requires"]
    assert {item["kind"] for item in listed} == {"Service"}
    return {(item["namespace"], item["name"]): item["holds"] for item in listed}


def test_services_are_found_by_the_names_that_charts_give_them() -> None:
    """As `helm template RELEASE CHART` prints them for releases that are called as the components."""
    found = {name: (spec["to"]["name"], spec["port"]["targetPort"]) for name, spec in routes(EVERYTHING).items()}
    assert found == {
        "hub": ("proxy-public", "http"),
        "coffea-casa": ("proxy-public", "http"),
        "servicex": ("servicex-servicex-app", "tcp"),
        "second": ("second-servicex-app", "tcp"),
        "reana-api": ("reana-server", "http"),
        "reana-oauth": ("reana-server", "http"),
        "reana-ui": ("reana-ui", "http"),
    }
    assert required(EVERYTHING) == {
        ("hub", "proxy-public"): ["http", 80],
        ("coffea-casa", "proxy-public"): ["http", 80],
        ("servicex", "servicex-servicex-app"): ["tcp", 8000],
        ("second", "second-servicex-app"): ["tcp", 8000],
        ("reana", "reana-server"): ["http", 80],
        ("reana", "reana-ui"): ["http", 80],
    }


def test_every_route_leads_to_a_service_and_a_port_that_are_asked_for() -> None:
    for item in of_kind(objects(EVERYTHING), "Route"):
        holds = required(EVERYTHING)[item["metadata"]["namespace"], item["spec"]["to"]["name"]]
        assert item["spec"]["port"]["targetPort"] in holds
        assert item["spec"]["to"]["kind"] == "Service"


def test_hosts_and_paths_are_those_of_the_urls() -> None:
    found = routes(EVERYTHING)
    assert {name: (spec.get("host"), spec.get("path")) for name, spec in found.items()} == {
        "hub": ("hub.example.org", "/af"),
        "coffea-casa": ("coffea.example.org", None),
        "servicex": (None, None),  # OKD assigns one
        "second": ("sx.example.org", None),
        "reana-api": ("reana.example.org", "/api"),
        "reana-oauth": ("reana.example.org", "/oauth"),
        "reana-ui": ("reana.example.org", None),
    }


def test_what_shares_a_host_shares_the_one_that_okd_assigns() -> None:
    found = routes(CLUSTER + REANA)
    assert {spec["subdomain"] for spec in found.values()} == {"reana-reana"}
    assert not any("host" in spec for spec in found.values())
    assert "subdomain" not in routes(CLUSTER + SERVICEX)["servicex"]


def test_users_speak_https_unless_the_url_says_otherwise() -> None:
    edge = {"termination": "edge", "insecureEdgeTerminationPolicy": "Redirect"}
    assert all(spec["tls"] == edge for spec in routes(EVERYTHING).values())
    plain = routes(EVERYTHING.replace("https://coffea", "http://coffea"))
    assert "tls" not in plain["coffea-casa"]
    assert plain["hub"]["tls"] == edge


def test_where_tls_goes_through_nobody_sees_a_path() -> None:
    body = EVERYTHING.replace("okd\n", "okd\n  ingress: {termination: passthrough}\n")
    found = routes(body)
    assert all(spec["tls"]["termination"] == "passthrough" for spec in found.values())
    assert not any("path" in spec for spec in found.values())
    hosts = [spec["host"] for spec in found.values() if "host" in spec]
    assert len(hosts) == len(set(hosts))  # of two Routes to one host the router takes the older
    # A proxy that ends TLS itself listens for it on another port.
    assert found["hub"]["port"] == {"targetPort": "https"}
    assert required(body)["hub", "proxy-public"] == ["https", 443]


def test_results_of_servicex_are_fetched_where_the_spec_says() -> None:
    store = SERVICEX.replace("promised}", 'promised, object_store: {url: "https://s3.example.org"}}')
    found = routes(CLUSTER + store)["servicex-minio"]
    assert (found["host"], found["to"]["name"], found["port"]) == (
        "s3.example.org",
        "servicex-minio",
        {"targetPort": "minio-api"},
    )
    assert required(CLUSTER + store)["servicex", "servicex-minio"] == ["minio-api", 9000]
    for body in (SERVICEX, store.replace("object_store: {", "object_store: {external: true, ")):
        assert "servicex-minio" not in routes(CLUSTER + body)


def test_triton_is_published_only_at_an_address_outside_the_cluster() -> None:
    found = routes(CLUSTER + TRITON)["triton"]
    assert (found["host"], found["to"]["name"], found["port"]) == (
        "triton.example.org",
        "front",
        {"targetPort": "http"},
    )
    # The Service is afspec's own, and asked of nobody.
    assert "okd/requires.yaml" not in {item.path for item in rendered(CLUSTER + TRITON)}
    for inside in ("http://front.triton.svc:8000", "http://front.triton.svc.cluster.local"):
        assert rendered(CLUSTER + TRITON.replace("https://triton.example.org", inside)) == []
    assert rendered(CLUSTER + TRITON.replace('http: "https://triton.example.org", ', "")) == []
    # Without models there is no server, and no Service.
    assert rendered(CLUSTER + TRITON.replace('repository: "s3://s3.example.org:443/models", ', "")) == []


def test_a_url_with_a_placeholder_is_no_host() -> None:
    found = routes(CLUSTER + HUBS.replace("https://hub.example.org/af/", "https://<name>/af/"))
    assert "host" not in found["hub"]
    assert "path" not in found["hub"]

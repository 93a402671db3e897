"""Where ServiceX and its results are found."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from servicex_site import CLUSTER, NAME, OKD, URL, complete, files, needs, site, values


@pytest.mark.parametrize(
    ("url", "release", "host"),
    [
        (URL, "servicex", "af.example.org"),
        ("https://SX.Example.org/", "sx", "example.org"),
        ("https://sx.example.org:8443", "sx", "example.org"),
    ],
)
def test_the_release_is_the_first_part_of_the_host(url: str, release: str, host: str) -> None:
    text = files(site({"url": url}))[f"servicex/{NAME}/values.yaml"]
    assert f"Helm release {release}, namespace servicex\n" in text.splitlines(keepends=True)[0]
    ingress = yaml.safe_load(text)["app"]["ingress"]
    assert ingress == {
        "enabled": True,
        "class": "nginx",
        "host": host,
        "tls": {"enabled": True, "clusterIssuer": "le"},
    }


@pytest.mark.parametrize(
    ("instance", "cluster"),
    [
        ({}, CLUSTER),
        ({"url": "https://a.b/servicex"}, CLUSTER),
        ({"url": "https://alone"}, CLUSTER),
        ({"url": URL}, OKD),
    ],
)
def test_where_the_charts_ingress_cannot_serve_it_is_off(instance: dict[str, Any], cluster: dict[str, Any]) -> None:
    made = site(instance, cluster=cluster)
    assert complete(made)["app"]["ingress"]["enabled"] is False
    assert "host" not in values(made)["app"]["ingress"]
    assert "Helm release servicex," in files(made)[f"servicex/{NAME}/values.yaml"]
    # On OKD the Route is made: only where no address is known there is something left to say.
    assert (("Value", "app.ingress.host") in needs(made)) == (cluster is CLUSTER)


def test_a_certificate_that_no_issuer_makes_must_be_there() -> None:
    bare = {**CLUSTER, "ingress": {"ingress_class": "nginx"}}
    store = {"object_store": {"url": "https://s3.example.org"}}
    assert not any(name.endswith("-tls") for _, name in needs(site({"url": URL, **store})))
    made = site({"url": "https://sx.example.org", **store}, cluster=bare)
    assert needs(made)["Secret", "sx-app-tls"]["holds"] == ["tls.crt", "tls.key"]
    (tls,) = values(made)["minio"]["apiIngress"]["extraTls"]
    assert ("Secret", tls["secretName"]) in needs(made)
    plain = site({"url": "http://sx.example.org"}, cluster=bare)
    assert values(plain)["app"]["ingress"]["tls"] == {"enabled": False}
    assert ("Secret", "sx-app-tls") not in needs(plain)


def test_results_are_read_where_the_spec_says() -> None:
    inside = values(site())
    assert inside["objectStore"] == {"internal": True, "publicClientUseTLS": False}
    assert ("Value", "objectStore.publicURL") in needs(site())
    own = site({"object_store": {"url": "https://s3.example.org:9443/", "size": "100 GB"}})
    assert values(own)["objectStore"] == {
        "internal": True,
        "publicURL": "s3.example.org:9443",
        "publicClientUseTLS": True,
    }
    ingress = values(own)["minio"]["apiIngress"]
    assert (ingress["enabled"], ingress["hostname"], ingress["ingressClassName"]) == (True, "s3.example.org", "nginx")
    assert values(own)["minio"]["persistence"] == {"enabled": True, "size": "100G"}
    assert ("Value", "objectStore.publicURL") not in needs(own)
    # The Route is OKD's.
    assert "apiIngress" not in values(site({"object_store": {"url": "https://s3.example.org"}}, cluster=OKD))["minio"]


def test_a_store_of_the_sites_replaces_the_charts() -> None:
    made = values(site({"object_store": {"url": "http://s3.example.org:9000", "external": True}}))
    assert made["objectStore"] == {
        "internal": False,
        "publicURL": "s3.example.org:9000",
        "publicClientUseTLS": False,
        "useTLS": False,
    }
    assert made["minio"] == {"auth": {"rootPassword": ""}}

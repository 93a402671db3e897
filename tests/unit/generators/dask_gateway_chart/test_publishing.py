"""Where the gateway is found: its proxy, an ingress, a Route."""

from __future__ import annotations

from typing import Any

import jsonschema
import kubernetes_validate
import yaml
from dask_gateway_site import SITES, facility, files, values
from upstream import upstream_data


def test_the_proxy_is_where_the_spec_says() -> None:
    made = values(SITES["usual"])
    assert made["gateway"]["prefix"] == "/services/dask-gateway"
    assert "fullnameOverride" not in made
    service = made["traefik"]["service"]
    assert service == {"type": "ClusterIP", "ports": {"web": {"port": 80}, "tcp": {"port": "web"}}}
    made = values(SITES["elsewhere"])
    assert (made["fullnameOverride"], made["gateway"]["prefix"]) == ("east", "/")
    assert made["traefik"]["service"]["ports"] == {"web": {"port": 8080}, "tcp": {"port": 8786}}


def test_a_hub_publishes_its_service_and_an_address_of_its_own_has_an_ingress() -> None:
    assert "dask-gateway/publish.yaml" not in files(SITES["usual"])
    assert "dask-gateway/publish.yaml" not in files(SITES["silent"])
    found = yaml.safe_load(files(SITES["elsewhere"])["dask-gateway/publish.yaml"])
    kubernetes_validate.validate(found, "1.30", strict=True)
    (rule,) = found["spec"]["rules"]
    (path,) = rule["http"]["paths"]
    assert (rule["host"], path["path"]) == ("dask.example.org", "/")
    assert path["backend"]["service"] == {"name": "traefik-east", "port": {"name": "web"}}
    assert found["spec"]["tls"] == [{"hosts": ["dask.example.org"], "secretName": "east-tls"}]
    assert found["metadata"]["namespace"] == "dask"
    assert found["metadata"]["annotations"]["cert-manager.io/cluster-issuer"] == "letsencrypt"


def told(schema: Any) -> Any:
    """A schema without the keywords that the stored CRD leaves empty."""
    if isinstance(schema, dict):
        return {key: told(value) for key, value in schema.items() if value is not None}
    return [told(item) for item in schema] if isinstance(schema, list) else schema


def test_on_okd_the_address_is_a_route() -> None:
    site = facility(
        {"url": "https://dask.example.org/services/dask-gateway"}, orchestration={"stance": "promised", "kind": "okd"}
    )
    found = yaml.safe_load(files(site)["dask-gateway/publish.yaml"])
    crd = upstream_data("openshift", "route_v1_zz_generated.crd-manifests_routes.crd.yaml")
    schema = told(crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"])
    jsonschema.Draft202012Validator(schema).validate(found)
    assert found["spec"]["to"]["name"] == "traefik-dask-gateway"
    assert found["spec"]["path"] == "/services/dask-gateway"
    assert found["spec"]["tls"]["termination"] == "edge"
    # The chart makes what it leads to, and `afspec verify` knows by this.
    required = yaml.safe_load(files(site)["dask-gateway/requires.yaml"])["requires"]
    assert ("Service", "traefik-dask-gateway", ["web", 80]) in [
        (item["kind"], item["name"], item.get("holds")) for item in required
    ]

"""The folder as a whole: what a server takes, kustomize ties and an overlay changes; no object twice."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import jsonschema
import pytest
from afspec.generators.kubernetes import Kubernetes
from afspec.generators.okd import Okd
from hypothesis import given, settings
from hypothesis import strategies as st
from kustomize import kubectl_kustomize, of_kind, official, one, tied, written
from okd_site import CLUSTER, EVERYTHING, HUBS, objects, rendered
from support import HEAD, facility
from upstream import upstream_data

if TYPE_CHECKING:
    from pathlib import Path

_CRDS = {
    "Route": "route_v1_zz_generated.crd-manifests_routes.crd.yaml",
    "SecurityContextConstraints": (
        "security_v1_zz_generated.crd-manifests_0000_03_config-operator_01_securitycontextconstraints.crd.yaml"
    ),
}


def closed(schema: Any) -> Any:
    """A schema that lets no unknown field pass, as a server does with strict validation."""
    if isinstance(schema, list):
        return [closed(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    # Some of a CustomResourceDefinition's keywords are null, which takes them away.
    made = {key: closed(value) for key, value in schema.items() if value is not None}
    if made.pop("nullable", False):
        made["type"] = [made["type"], "null"]
    if isinstance(schema.get("properties"), dict) and "additionalProperties" not in schema:
        made["additionalProperties"] = False
    return made


def accepted(item: dict[str, Any]) -> dict[str, Any]:
    """An object that its CustomResourceDefinition lets pass."""
    definition = upstream_data("openshift", _CRDS[item["kind"]])["spec"]
    (version,) = definition["versions"]
    assert item["apiVersion"] == f"{definition['group']}/{version['name']}"
    jsonschema.validate(item, closed(version["schema"]["openAPIV3Schema"]))
    return item


def test_it_is_for_okd_alone() -> None:
    assert Okd().applies(facility(EVERYTHING))
    for kind in ("kubernetes", "vcluster"):
        assert not Okd().applies(facility(EVERYTHING.replace("kind: okd", f"kind: {kind}")))
    for body in ("", CLUSTER, EVERYTHING.replace("promised", "planned"), HUBS):
        assert not Okd().applies(facility(body))


@pytest.mark.parametrize("termination", ["edge", "reencrypt", "passthrough"])
def test_every_object_is_one_that_a_server_takes(termination: str) -> None:
    found = objects(EVERYTHING.replace("okd\n", f"okd\n  ingress: {{termination: {termination}}}\n"))
    for item in found:
        if item["kind"] in _CRDS:
            accepted(item)
        elif item["kind"] != "ImageStream":
            official(item)


def test_the_schemas_would_tell() -> None:
    for kind, key, value in (
        ("Route", "targetPort", 80),
        ("SecurityContextConstraints", "runAsUser", "RunAsAny"),
        ("SecurityContextConstraints", "spec", {}),
    ):
        item = of_kind(objects(EVERYTHING), kind)[0]
        accepted(item)
        (item["spec"] if kind == "Route" else item)[key] = value
        with pytest.raises(jsonschema.ValidationError):
            accepted(item)


def test_text_of_the_spec_stays_text() -> None:
    title = "{0} ': [] # --- &a *b !!python $(id)"
    artifacts = list(Okd().render(facility(EVERYTHING, HEAD.replace("A toy facility", repr(title)))))
    assert len(tied(artifacts, "okd")) == len(objects(EVERYTHING))
    assert all(item.text.isascii() for item in artifacts)


NAMES = st.sampled_from(["a", "b", "hub", "reana"])


@settings(max_examples=40)
@given(st.none() | NAMES, NAMES, NAMES, st.sampled_from(["edge", "passthrough"]))
def test_however_services_share_namespaces_each_object_is_there_once(
    shared: str | None, hub: str, reana: str, termination: str
) -> None:
    said = f"okd\n  ingress: {{termination: {termination}}}\n" + (f"  namespace: {shared}\n" if shared else "")
    body = EVERYTHING.replace("okd\n", said).replace("{name: hub, ", f"{{name: hub, namespace: {hub}, ")
    body = body.replace("reana: {", f"reana: {{namespace: {reana}, ")
    found = objects(body)  # it looks for doubles
    there = {item["metadata"]["name"] for item in tied(Kubernetes().render(facility(body)), "kubernetes")}
    assert {item["metadata"].get("namespace") for item in found} - {None} <= there


def test_kubectl_reads_the_folder_and_an_overlay_beside_it(tmp_path: Path) -> None:
    """As README.md shows it."""
    folder = written(rendered(EVERYTHING), tmp_path / "build/toy")
    assert len(kubectl_kustomize(folder / "okd")) == len(objects(EVERYTHING))
    overlay = tmp_path / "overlays/toy"
    overlay.mkdir(parents=True)
    (overlay / "kustomization.yaml").write_text(
        """\
resources: [../../build/toy/okd]
patches:
  - patch: |-
      apiVersion: route.openshift.io/v1
      kind: Route
      metadata: {name: servicex, namespace: servicex}
      spec: {host: servicex.apps.example.org}
"""
    )
    found = one(kubectl_kustomize(overlay), "Route", "servicex")
    assert found["spec"]["host"] == "servicex.apps.example.org"
    assert found["spec"]["to"]["name"] == "servicex-servicex-app"

"""The generator okd: Routes to what charts make, rights that pods need, images near the cluster."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import jsonschema
import pytest
import yaml
from afspec.generators.kubernetes import Kubernetes
from afspec.generators.okd import Okd
from hypothesis import given, settings
from hypothesis import strategies as st
from kustomize import kubectl_kustomize, of_kind, official, one, tied, written
from support import HEAD, facility
from upstream import upstream_data

if TYPE_CHECKING:
    from pathlib import Path

    from afspec.generators import Artifact

CLUSTER = """
orchestration:
  stance: promised
  kind: okd
"""
SERVICES = """
services:
  servicex: [{name: servicex, stance: promised}, {name: second, stance: promised, url: "https://SX.example.org/"}]
  reana: {stance: promised, url: "https://reana.example.org"}
  coffea_casa: {stance: promised, url: "https://coffea.example.org"}
"""
HUBS = """
jupyter:
  - {name: hub, kind: hub_kubernetes, stance: promised, url: "https://hub.example.org/af/",
     group: {name: af, gid: 5741}}
  - {name: portal, kind: portal, spawner: kubernetes, stance: promised, url: "https://portal.example.org"}
  - {name: vm, kind: hub_vm, stance: promised, url: "https://vm.example.org"}
"""
IMAGES = """
images:
  stance: promised
  named:
    - {name: Base_image, reference: "registry.example.org/team/base:2026-01"}
    - {name: newest, reference: registry.example.org/team/newest}
    - name: pinned
      reference: "registry.example.org/team/pinned:1@sha256:DIGEST"
    - name: nameless
      reference: "registry.example.org/team/pinned@sha256:DIGEST"
""".replace("DIGEST", "0123456789abcdef" * 4)
REANA = "services: {reana: {stance: promised}}\n"
SERVICEX = "services: {servicex: [{name: servicex, stance: promised}]}\n"
TRITON = """
services:
  triton: {stance: promised, http: "https://triton.example.org", grpc: "front.triton.svc:8001",
           cluster: {image: "r.example.org/t:1"}}
"""
EVERYTHING = CLUSTER + SERVICES + HUBS + IMAGES
_CRDS = {
    "Route": "route_v1_zz_generated.crd-manifests_routes.crd.yaml",
    "SecurityContextConstraints": (
        "security_v1_zz_generated.crd-manifests_0000_03_config-operator_01_securitycontextconstraints.crd.yaml"
    ),
}


def rendered(body: str) -> list[Artifact]:
    return list(Okd().render(facility(body)))


def objects(body: str) -> list[dict[str, Any]]:
    return tied(rendered(body), "okd")


def routes(body: str) -> dict[str, dict[str, Any]]:
    return {item["metadata"]["name"]: item["spec"] for item in of_kind(objects(body), "Route")}


def required(body: str) -> dict[tuple[str, str], list[Any]]:
    texts = {item.path: item.text for item in rendered(body)}
    listed = yaml.safe_load(texts["okd/requires.yaml"])["requires"]
    assert {item["kind"] for item in listed} == {"Service"}
    return {(item["namespace"], item["name"]): item["holds"] for item in listed}


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


def test_a_url_with_a_placeholder_is_no_host() -> None:
    found = routes(CLUSTER + HUBS.replace("https://hub.example.org/af/", "https://<name>/af/"))
    assert "host" not in found["hub"]
    assert "path" not in found["hub"]


def test_sessions_run_as_the_users_that_files_belong_to_but_never_as_root() -> None:
    found = one(objects(EVERYTHING), "SecurityContextConstraints", "toy-hub")
    assert found["runAsUser"] == {"type": "MustRunAsNonRoot"}
    assert found["supplementalGroups"] == {"type": "MustRunAs", "ranges": [{"min": 5741, "max": 5741}]}
    assert "hostPath" not in found["volumes"]
    assert {"nfs", "persistentVolumeClaim", "secret"} <= set(found["volumes"])
    assert found["requiredDropCapabilities"] == ["ALL"]
    assert (found["users"], found["groups"]) == ([], [])
    for key in (
        "PrivilegedContainer",
        "PrivilegeEscalation",
        "HostDirVolumePlugin",
        "HostIPC",
        "HostNetwork",
        "HostPID",
    ):
        assert found[f"allow{key}"] is False
    # Pods that name no user are OKD's own SCC's.
    assert not found["priority"]
    nobody = EVERYTHING.replace(",\n     group: {name: af, gid: 5741}", "")
    found = one(objects(nobody), "SecurityContextConstraints", "toy-hub")
    assert found["supplementalGroups"] == {"type": "RunAsAny"}


def test_reana_runs_as_its_images_do() -> None:
    found = one(objects(CLUSTER + REANA), "SecurityContextConstraints", "toy-reana")
    assert found["runAsUser"] == {"type": "RunAsAny"}
    assert found["allowHostDirVolumePlugin"] is True
    assert "hostPath" in found["volumes"]
    assert found["allowPrivilegedContainer"] is False
    assert found["priority"] > 0


def test_who_needs_no_more_than_okd_gives_gets_no_more() -> None:
    assert not {"SecurityContextConstraints", "ClusterRole", "RoleBinding"} & {
        item["kind"] for item in objects(CLUSTER + SERVICEX)
    }


def test_only_the_accounts_of_a_namespace_may_use_its_constraints() -> None:
    found = objects(EVERYTHING)
    for constraint in of_kind(found, "SecurityContextConstraints"):
        name = constraint["metadata"]["name"]
        (role,) = [item for item in of_kind(found, "ClusterRole") if item["rules"][0]["resourceNames"] == [name]]
        assert role["rules"] == [
            {
                "apiGroups": ["security.openshift.io"],
                "resources": ["securitycontextconstraints"],
                "resourceNames": [name],
                "verbs": ["use"],
            }
        ]
        (binding,) = [
            item for item in of_kind(found, "RoleBinding") if item["roleRef"]["name"] == role["metadata"]["name"]
        ]
        namespace = binding["metadata"]["namespace"]
        assert name == f"toy-{namespace}"
        assert binding["roleRef"]["kind"] == "ClusterRole"
        assert [item["name"] for item in binding["subjects"]] == [f"system:serviceaccounts:{namespace}"]


def test_what_needs_its_node_uses_okds_own_constraints() -> None:
    gpus = "gpus: {stance: promised, models: [{name: a, resource: nvidia.com/gpu}]}\n"
    found = objects(CLUSTER + gpus)
    assert {item["kind"] for item in found} == {"RoleBinding"}
    assert found[0]["roleRef"]["name"] == "system:openshift:scc:privileged"
    assert found[0]["metadata"]["namespace"] == "nvidia-device-plugin"


def test_a_shared_namespace_has_the_constraints_of_the_most_demanding() -> None:
    body = EVERYTHING.replace("okd\n", "okd\n  namespace: af\n")
    (found,) = of_kind(objects(body), "SecurityContextConstraints")
    assert found["metadata"]["name"] == "toy-af"
    assert found["runAsUser"] == {"type": "RunAsAny"}


def test_images_are_streams_where_users_code_runs() -> None:
    found = of_kind(objects(EVERYTHING), "ImageStream")
    assert {item["metadata"]["namespace"] for item in found} == {"hub", "portal", "coffea-casa", "reana"}
    assert {item["apiVersion"] for item in found} == {"image.openshift.io/v1"}
    here = {item["metadata"]["name"]: item["spec"]["tags"] for item in found if item["metadata"]["namespace"] == "hub"}
    local = {"referencePolicy": {"type": "Local"}}
    place, digest = "registry.example.org/team", "sha256:" + "0123456789abcdef" * 4
    assert here == {
        "base-image": [
            {
                "name": "2026-01",
                "from": {"kind": "DockerImage", "name": f"{place}/base:2026-01"},
                "importPolicy": {"scheduled": True},
                **local,
            }
        ],
        "newest": [
            {
                "name": "latest",
                "from": {"kind": "DockerImage", "name": f"{place}/newest"},
                "importPolicy": {"scheduled": True},
                **local,
            }
        ],
        # OKD refuses to look again for what never changes.
        "pinned": [{"name": "1", "from": {"kind": "DockerImage", "name": f"{place}/pinned@{digest}"}, **local}],
        "nameless": [{"name": "pinned", "from": {"kind": "DockerImage", "name": f"{place}/pinned@{digest}"}, **local}],
    }


def test_without_images_there_are_no_streams() -> None:
    for body in (CLUSTER + HUBS, CLUSTER + HUBS + IMAGES.replace("promised", "planned"), CLUSTER + SERVICEX + IMAGES):
        assert of_kind(objects(body), "ImageStream") == []


def test_two_names_that_are_one_to_kubernetes_are_one_stream() -> None:
    images = """
images:
  stance: promised
  named:
    - {name: a.b, reference: "r.example.org/x/one:1"}
    - {name: a-b, reference: "r.example.org/x/two:2"}
    - {name: A-B, reference: "r.example.org/x/three:2"}
"""
    (found,) = of_kind(objects(CLUSTER + HUBS.split("  - {name: portal", maxsplit=1)[0] + images), "ImageStream")
    assert [tag["from"]["name"] for tag in found["spec"]["tags"]] == ["r.example.org/x/one:1", "r.example.org/x/two:2"]


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

"""What generators for a cluster share: names, quantities, objects, components, volumes, GPUs, addresses, needs."""

from __future__ import annotations

import re
from fractions import Fraction

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from support import TEXT, facility

from afspec.generators import Chart, Generator
from afspec.generators.cluster import (
    SPEC_DIGEST,
    Required,
    component,
    components,
    cores,
    dns_label,
    gpu_choices,
    manifest,
    memory,
    pod_volumes,
    published,
    secret,
    volumes,
)

LABEL = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\Z")
CLUSTER = "orchestration: {stance: promised, kind: kubernetes}\n"
UNITS = {
    "": 1,
    "k": 10**3,
    "M": 10**6,
    "G": 10**9,
    "T": 10**12,
    "Ki": 1 << 10,
    "Mi": 1 << 20,
    "Gi": 1 << 30,
    "Ti": 1 << 40,
}


@given(st.lists(TEXT | st.text(min_size=60, max_size=90), min_size=1, max_size=3))
def test_any_text_becomes_a_dns_label(parts: list[str]) -> None:
    assert LABEL.match(dns_label(*parts))


@given(st.text("ab", min_size=64, max_size=80), st.text("ab", min_size=64, max_size=80))
def test_long_names_that_differ_stay_different(one: str, other: str) -> None:
    assert (dns_label(one) == dns_label(other)) == (one == other)


@given(st.integers(1, 10**18))
def test_memory_is_written_exactly(size: int) -> None:
    found = re.fullmatch(r"([0-9]+)([A-Za-z]*)", memory(size))
    assert found is not None
    assert int(found[1]) * UNITS[found[2]] == size


def test_memory_is_written_as_people_do() -> None:
    assert [memory(size) for size in (4 << 30, 32 * 10**9, 1536 << 20, 7)] == ["4Gi", "32G", "1536Mi", "7"]


@given(st.integers(1, 512_000))
def test_cores_are_written_to_the_thousandth(thousandths: int) -> None:
    text = cores(thousandths / 1000)
    back = Fraction(int(text[:-1]), 1000) if text.endswith("m") else Fraction(int(text))
    assert back == Fraction(thousandths, 1000)


def test_an_object_says_what_it_is_part_of_and_which_spec_made_it() -> None:
    made = manifest(facility(), "x", ("v1", "ConfigMap"), "a", namespace="b", data={"k": "v"}, immutable=None)
    assert made["metadata"]["labels"]["app.kubernetes.io/part-of"] == "toy"
    assert made["metadata"]["annotations"] == {"afspec/spec-sha256": SPEC_DIGEST}
    assert "immutable" not in made
    assert "namespace" not in manifest(facility(), "x", ("v1", "Namespace"), "a")["metadata"]


OFFERS = {
    "jupyterhub": "jupyter: [{{name: JupyterHub, kind: hub_kubernetes, stance: {}}}]",
    "portal": "jupyter: [{{name: portal, kind: portal, spawner: kubernetes, stance: {}}}]",
    "dask-gateway": "dask: {{gateway: {{stance: {}, backend: kubernetes}}}}",
    "dask-operator": "dask: {{operator: {{stance: {}}}}}",
    "coffea-casa": "services: {{coffea_casa: {{stance: {}}}}}",
    "uproot": "services: {{servicex: [{{name: uproot, stance: {}}}]}}",
    "triton": "services: {{triton: {{stance: {}}}}}",
    "reana": "services: {{reana: {{stance: {}}}}}",
    "gpu": "gpus: {{stance: {}, models: [{{name: a100, resource: nvidia.com/gpu}}]}}",
    "pool-workers": (
        "batch: [{{name: pool, scheduler: htcondor, stance: promised, elastic: [{{kind: autoscale, stance: {}}}]}}]"
    ),
}


@pytest.mark.parametrize("name", OFFERS)
@pytest.mark.parametrize("stance", ["promised", "best_effort", "on_request", "planned", "not_promised"])
def test_what_is_offered_on_the_cluster_is_a_component(name: str, stance: str) -> None:
    found = components(facility(CLUSTER + OFFERS[name].format(stance)))
    offered = stance in {"promised", "best_effort", "on_request"}
    assert [item.name for item in found] == ([name] if offered else [])


@pytest.mark.parametrize("name", OFFERS)
def test_without_a_cluster_there_is_no_component(name: str) -> None:
    body = OFFERS[name].format("promised")
    assert components(facility(body)) == ()
    assert components(facility("orchestration: {kind: kubernetes}\n" + body)) == ()


def test_one_namespace_for_all_or_one_each_or_the_services_own() -> None:
    services = "services: {triton: {stance: promised, cluster: {namespace: tri}}, reana: {stance: promised}}\n"
    apart = components(facility(CLUSTER + services))
    assert [item.namespace for item in apart] == ["tri", "reana"]
    shared = "orchestration: {stance: promised, kind: kubernetes, namespace: af}\n"
    assert [item.namespace for item in components(facility(shared + services))] == ["tri", "af"]


def test_a_server_that_the_site_runs_itself_needs_no_cluster() -> None:
    assert component(facility(CLUSTER + "services: {triton: {stance: promised, server: {}}}"), "triton") is None


def test_areas_with_a_way_into_pods_are_volumes() -> None:
    body = """\
storage:
  areas:
    - {name: My_Home, stance: promised, path: /home/<user>, quota: 100 GB,
       mount: {target: /home, source: /export/home, server: nfs.example.org}}
    - {name: work, path: /work, mount: {target: /work, source: /work}}
    - {name: gone, stance: not_promised, path: /gone, mount: {target: /gone, source: /gone}}
    - {name: local, stance: promised, path: /scratch}
software: {cvmfs: {stance: promised, claim: cvmfs}}
"""
    home, work, cvmfs = volumes(facility(body))
    assert (home.claim, home.source) == ("my-home", {"nfs": {"server": "nfs.example.org", "path": "/export/home"}})
    assert work.source == {"hostPath": {"path": "/work"}}
    assert cvmfs.source is None
    claims, mounts = pod_volumes(facility(body))
    assert [item["name"] for item in claims] == [item["name"] for item in mounts] == ["my-home", "work", "cvmfs"]
    assert mounts[2] == {
        "name": "cvmfs",
        "mountPath": "/cvmfs",
        "readOnly": True,
        "mountPropagation": "HostToContainer",
    }


def test_gpus_without_a_resource_are_none_of_the_clusters() -> None:
    assert gpu_choices(facility("gpus: {stance: promised, models: [{name: a100}]}")) == ()
    assert gpu_choices(facility("gpus: {stance: not_promised, models: [{name: a, resource: nvidia.com/gpu}]}")) == ()


@pytest.mark.parametrize(
    ("url", "ingress", "by", "issuer"),
    [
        ("https://a.example.org/x/", "{ingress_class: nginx, issuer: le}", "Ingress", "le"),
        ("http://a.example.org/x", "{ingress_class: nginx, issuer: le}", "Ingress", None),
        ("https://a.example.org/x", "{}", "Ingress", None),
    ],
)
def test_a_url_is_published_by_the_clusters_ingress(url: str, ingress: str, by: str, issuer: str | None) -> None:
    found = published(facility(f"orchestration: {{stance: promised, kind: kubernetes, ingress: {ingress}}}"), url)
    assert found is not None
    assert (found.host, found.path, found.by) == ("a.example.org", "/x", by)
    assert found.annotations.get("cert-manager.io/cluster-issuer") == issuer
    assert found.tls == url.startswith("https")


def test_okd_publishes_by_routes_and_nothing_publishes_what_has_no_url() -> None:
    okd = facility("orchestration: {stance: promised, kind: okd, ingress: {issuer: le}}")
    found = published(okd, "https://a.example.org")
    assert found is not None
    assert (found.by, found.annotations) == ("Route", {})
    assert published(okd, None) is None
    assert published(facility(), "https://a.example.org") is None


def test_needs_are_listed_once_with_the_command_that_meets_them() -> None:
    need = secret("triton", "keys", ("id", "key"), "the server reads models")
    (artifact,) = Generator.requires(
        "triton", [need, need, Required("StorageClass", "fast", "volumes", "the site")], "x"
    )
    data = yaml.safe_load(artifact.text)["requires"]
    assert [item["kind"] for item in data] == ["Secret", "StorageClass"]
    assert set(data[1]) == {"kind", "name", "why", "how"}
    assert data[0]["how"] == "kubectl -n triton create secret generic keys --from-file=id --from-file=key"
    assert list(Generator.requires("triton", [], "x")) == []


def test_files_say_which_spec_and_which_chart_they_are_of() -> None:
    shared = {"a": "b"}
    text = Generator.values("x/values.yaml", {"one": shared, "two": shared}, "About", Chart("jupyterhub", "4.4.0")).text
    assert f"# spec-sha256: {SPEC_DIGEST}\n# chart: jupyterhub 4.4.0\n" in text
    # What is used twice is written twice: an overlay changes the one and not the other.
    assert yaml.safe_load(text) == {"one": {"a": "b"}, "two": {"a": "b"}}
    assert "&" not in text
    several = Generator.manifests("x.yaml", [{"kind": "A"}, {"kind": "B"}], "About").text
    assert list(yaml.safe_load_all(several)) == [{"kind": "A"}, {"kind": "B"}]

"""Custom resources: structural schemas as an API server reads them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from cluster_files import CUSTOM, FILES, changed, charts, line_of
from hypothesis import given
from hypothesis import strategies as st
from support import JSON
from upstream import UPSTREAM, upstream
from verify_support import ask, found

from afspec.verify import State
from afspec.verify.cluster.charts import Charts
from afspec.verify.cluster.crds import structural
from afspec.verify.cluster.schemas import faults, validator

if TYPE_CHECKING:
    from pathlib import Path

BAD = [
    ("size: 2", "size: 0", "size: 2", "0 is less than the minimum of 1"),
    ("size: 2", "size: '2'", "size: 2", "'2' is no integer"),
    ("size: 2", "sizes: 2", "size: 2", "unknown field `sizes`; did you mean `size`?"),
    ("size: 2", "size: 2\n  mode: quick", "port: http", "'quick' is none of slow, fast"),
    ("size: 2", "size: 2\n  closed: {a: 1}", "port: http", "unknown field `a`"),
    ("port: http", "port: [1]", "port: http", "[1] is no integer or string"),
    ("{name: b}", "{name: a}", "name: b", "name a is there twice"),
    ("{name: b}", "{name: b, weight: 0}", "name: b", "0 is less than or equal to the minimum of 0"),
    ("{name: b}", "{name: b, wait: 1}", "name: b", "unknown field `wait`"),
    ("spec:", "status: {}\nspec:", "spec:", "unknown field `status`"),
    ("toys.example.org/v1", "toys.example.org/v1alpha1", "apiVersion", "version v1alpha1 is not served; served: v1"),
    ("toys.example.org/v1", "toys.example.org/v2", "apiVersion", "version v2 is not served; served: v1"),
    ("{name: toy, namespace: model}", "{name: toy}", "metadata", "has no namespace"),
    ("{name: toy,", "{name: Toy,", "metadata", "'Toy' is no name"),
]


def test_good_files_are_fine(tmp_path: Path) -> None:
    verdict = ask("custom-resources", FILES, charts(tmp_path))
    assert (verdict.state, verdict.files) == (State.FINE, (CUSTOM,))


@pytest.mark.parametrize(("old", "new", "line", "said"), BAD)
def test_each_thing_that_a_strict_server_refuses(tmp_path: Path, old: str, new: str, line: str, said: str) -> None:
    every = found("custom-resources", changed(CUSTOM, old, new), charts(tmp_path))
    assert any(said in message and at == line_of(FILES, CUSTOM, line) for _, at, message in every), every


@pytest.mark.parametrize("new", ["comment: text", "port: 80", "extra: {a: [1, {b: 2}]}", "size: 5\n  mode: null"])
def test_what_a_server_lets_pass(tmp_path: Path, new: str) -> None:
    key = new.partition(":")[0]
    old = next(line.strip() for line in FILES[CUSTOM].splitlines() if line.strip().startswith(f"{key}:"))
    assert found("custom-resources", changed(CUSTOM, old, new), charts(tmp_path)) == []


def test_kind_without_definition_is_named_and_never_fine(tmp_path: Path) -> None:
    bare = ask("custom-resources", FILES, whole=False)
    assert (bare.state, bare.reason) == (
        State.UNCHECKED,
        "Toy (toys.example.org): needs its CustomResourceDefinition, --charts DIR",
    )
    other = changed(CUSTOM, "kind: Toy", "kind: Tool")
    verdict = ask("custom-resources", other, charts(tmp_path), whole=False)
    assert verdict.state is State.UNCHECKED
    assert "Tool (toys.example.org)" in verdict.reason
    assert "not below the folder of charts" in verdict.reason
    assert "not checked: Tool" in verdict.result


IMAGE_STREAM = """\
apiVersion: image.openshift.io/v1
kind: ImageStream
metadata: {name: notebook, namespace: hub}
spec:
  lookupPolicy: {local: true}
  tags:
  - name: latest
    from: {kind: DockerImage, name: registry.example.org/notebook:1}
    importPolicy: {scheduled: true}
    referencePolicy: {type: Local}
"""


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("DockerImage", "DockerImag", "'DockerImag' is none of DockerImage"),
        ("Local}", "Global}", "'Global' is none of Source, Local"),
        ("scheduled: true", "scheduled: 'true'", "'true' is no boolean"),
        ("lookupPolicy", "lookuppolicy", "unknown field `lookuppolicy`; did you mean `lookupPolicy`?"),
        (", namespace: hub", "", "has no namespace"),
    ],
)
def test_image_streams_need_no_definition(old: str, new: str, said: str) -> None:
    assert found("custom-resources", {"okd/a.yaml": IMAGE_STREAM}) == []
    ((_, _, message), *_) = found("custom-resources", {"okd/a.yaml": IMAGE_STREAM.replace(old, new)})
    assert said in message


ROUTE = """\
apiVersion: route.openshift.io/v1
kind: Route
metadata: {name: hub, namespace: hub}
spec:
  host: hub.example.org
  to: {kind: Service, name: proxy-public}
  port: {targetPort: http}
  tls: {termination: edge, insecureEdgeTerminationPolicy: Redirect}
"""


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("{termination: edge,", "{termination: egde,", "none of edge, reencrypt, passthrough"),
        ("  to:", "  path: /hub\n  tls_: 1\n  to:", "unknown field `tls_`"),
        (
            "  tls: {termination: edge, insecureEdgeTerminationPolicy: Redirect}",
            "  path: /hub\n  tls: {termination: passthrough}",
            "has no path",
        ),
        ("targetPort: http", "targetport: http", "unknown field `targetport`"),
        ("hub.example.org", "hub_1.example.org", "hub_1.example.org"),
    ],
)
def test_routes_against_okds_definition(old: str, new: str, said: str) -> None:
    upstream("openshift")
    assert found("custom-resources", {"okd/a.yaml": ROUTE}, UPSTREAM) == []
    every = found("custom-resources", {"okd/a.yaml": ROUTE.replace(old, new)}, UPSTREAM)
    assert any(said in message for _, _, message in every), every


def test_defaults_are_filled_in_before_anything_is_refused() -> None:
    """OKD refuses a Route without a host if its wildcardPolicy is Subdomain; None is the default."""
    upstream("openshift")
    bare = ROUTE.replace("  host: hub.example.org\n", "  subdomain: hub\n")
    assert found("custom-resources", {"okd/a.yaml": bare}, UPSTREAM) == []
    wild = bare.replace("  subdomain", "  wildcardPolicy: Subdomain\n  subdomain")
    ((_, _, said),) = found("custom-resources", {"okd/a.yaml": wild}, UPSTREAM)
    assert "must not fit" in said


@pytest.mark.parametrize(
    ("group", "kind", "version"),
    [
        ("kubernetes.dask.org", "DaskCluster", "v1"),
        ("kubernetes.dask.org", "DaskAutoscaler", "v1"),
        ("gateway.dask.org", "DaskCluster", "v1alpha1"),
        ("route.openshift.io", "Route", "v1"),
        ("security.openshift.io", "SecurityContextConstraints", "v1"),
        ("keda.sh", "ScaledObject", "v1alpha1"),
    ],
)
def test_definitions_of_real_charts_are_found(group: str, kind: str, version: str) -> None:
    upstream("keda")
    crd = Charts(UPSTREAM).crd(group, kind)
    assert crd
    assert (crd.group, crd.kind, crd.served) == (group, kind, [version])


_SCHEMAS: st.SearchStrategy[dict[str, Any]] = st.recursive(
    st.sampled_from([{"type": kind} for kind in ("string", "integer", "boolean", "object")]),
    lambda inner: (
        st.dictionaries(st.sampled_from("abc"), inner, min_size=1).map(lambda p: {"type": "object", "properties": p})
        | inner.map(lambda item: {"type": "array", "items": item})
        | inner.map(lambda item: item | {"nullable": True})
    ),
)


@given(_SCHEMAS, JSON)
def test_every_fault_has_a_path_into_the_data(schema: dict[str, Any], value: Any) -> None:
    for fault in faults(validator(structural(schema)), value):
        at = value
        for step in fault.path:
            at = at[step]


@given(_SCHEMAS, JSON)
def test_what_preserves_unknown_fields_refuses_no_field(schema: dict[str, Any], value: Any) -> None:
    free = {"type": "object", "x-kubernetes-preserve-unknown-fields": True, "properties": {"known": schema}}
    named = {"other": value, "another": 1}
    assert faults(validator(structural(free)), named) == []
    closed = {"type": "object", "properties": {"known": schema}}
    assert [fault.path for fault in faults(validator(structural(closed)), named)] == [("another",), ("other",)]

"""Values that the chart knows, and where they are made."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from afspec.generators.servicex import CHART
from hypothesis import given
from hypothesis import strategies as st
from servicex_site import CLUSTER, EVERYTHING, NAME, OKD, URL, complete, files, needs, site, values
from upstream import upstream_data

from afspec.facility import Facility

# Keys that the chart or one of its subcharts reads though its defaults do not have them (helm/servicex/templates;
# Bitnami's rabbitmq 11.4, minio 11.10 and postgresql 11.6).
ELSEWHERE = {
    "didFinder.rucio.site",
    "minio.apiIngress",
    "minio.auth.existingSecret",
    "postgresql.global.postgresql.auth.existingSecret",
    "postgresql.global.postgresql.auth.secretKeys",
    "postgresql.primary.persistence.size",
    "postgresql.primary.persistence.storageClass",
    "minio.persistence.size",
    "minio.persistence.storageClass",
    "rabbitmq.auth.existingErlangSecret",
    "rabbitmq.auth.existingPasswordSecret",
    *(
        f"{chart}.{which}SecurityContext"
        for chart in ("rabbitmq", "minio", "postgresql.primary")
        for which in ("pod", "container")
    ),
}


def unknown(made: Any, defaults: Any, path: str = "") -> set[str]:
    """Paths of values that the chart's defaults lack, or that are of another type there."""
    found: set[str] = set()
    for key, value in made.items():
        at = f"{path}.{key}".lstrip(".")
        if not isinstance(defaults, dict) or key not in defaults:
            found.add(at)
        elif isinstance(value, dict):
            found |= unknown(value, defaults[key], at)
        elif defaults[key] is not None and type(value) is not type(defaults[key]):
            found.add(f"{at}: {type(value).__name__}")
    return found


@pytest.mark.parametrize("cluster", [CLUSTER, {**CLUSTER, "storage_class": "ceph"}, {**CLUSTER, "ingress": None}, OKD])
@pytest.mark.parametrize("instance", [{}, {"url": URL}, {"url": "http://a.b/x"}, EVERYTHING])
def test_the_chart_knows_every_value(cluster: dict[str, Any], instance: dict[str, Any]) -> None:
    made = values(site(instance, cluster=cluster, software={"rucio": {"stance": "promised", "site": "AF_200"}}))
    strange = unknown(made, upstream_data("servicex", "helm_servicex_values.yaml"))
    # The chart's PostgreSQL has persistence off, and by that name.
    assert {at for at in strange if at not in ELSEWHERE} == set()


def test_the_values_are_for_the_chart_that_they_name() -> None:
    chart = upstream_data("servicex", "helm_servicex_Chart.yaml")
    assert (chart["name"], str(chart["version"])) == tuple(CHART)
    assert f"# chart: {CHART.name} {CHART.version}\n" in files(site())[f"servicex/{NAME}/values.yaml"]


def test_on_okd_nothing_asks_for_a_user() -> None:
    made = values(site(cluster=OKD))
    for server in (made["rabbitmq"], made["minio"], made["postgresql"]["primary"]):
        assert server["podSecurityContext"] == server["containerSecurityContext"] == {"enabled": False}
    # That container of the chart runs as root.
    assert made["rabbitmq"]["volumePermissions"] == {"enabled": False}
    plain = values(site())
    assert "podSecurityContext" not in plain["rabbitmq"] | plain["minio"] | plain["postgresql"]["primary"]


def test_a_tag_pins_every_image_of_servicex() -> None:
    everything = complete(site({"tag": "v1.5.3"}))

    def tags(data: Any) -> list[str]:
        if not isinstance(data, dict):
            return []
        own = [value for key, value in data.items() if key in {"tag", "sidecarTag"}]
        return own + [tag for value in data.values() for tag in tags(value)]

    assert "develop" in tags(upstream_data("servicex", "helm_servicex_values.yaml"))
    assert set(tags(everything)) == {"v1.5.3"}


def test_transformers_scale_as_the_spec_says() -> None:
    scaler = complete(site({"transformers": {"maximum": 50, "load": 70}}))["transformer"]["autoscaler"]
    assert scaler == {"enabled": True, "minReplicas": 1, "maxReplicas": 50, "cpuScaleThreshold": 70}
    assert "autoscaler" not in values(site())["transformer"]


def test_users_are_kept_in_a_volume_of_the_clusters_class() -> None:
    made = complete(site({"database": "20 GiB"}, cluster={**CLUSTER, "storage_class": "ceph"}))
    assert made["postgres"]["enabled"] is True
    assert made["postgresql"]["primary"]["persistence"] == {"enabled": True, "size": "20Gi", "storageClass": "ceph"}


@pytest.mark.parametrize("stance", ["planned", "not_promised", None])
def test_what_is_not_offered_is_nowhere(stance: str | None) -> None:
    item = {"name": "other", "url": "https://other.example.org", "stance": stance}
    assert files(site(item)) == {}
    made = files(site({"url": URL}, item))
    assert set(made) == {f"servicex/{NAME}/values.yaml", f"servicex/{NAME}/requires.yaml", "servicex/servicex.yaml"}
    assert "other" not in made["servicex/servicex.yaml"]


def test_silence_makes_nothing() -> None:
    base = {"afspec": 1, "name": "site", "title": "A site", "declared_by": "site", "orchestration": CLUSTER}
    assert files(Facility.model_validate(base)) == {}


@given(st.text(max_size=30).map(lambda text: f"x{text}x").filter(lambda text: text.isprintable() and "{{" not in text))
def test_a_title_stays_in_its_comment(title: str) -> None:
    made = site({"url": URL})
    try:
        hostile = Facility.model_validate({**made.model_dump(exclude_unset=True), "title": title})
    except ValueError:
        return
    for path, text in files(hostile).items():
        assert text.isascii()
        assert yaml.safe_load(text) == yaml.safe_load(files(made)[path])


def test_two_instances_have_a_folder_and_a_namespace_each() -> None:
    made = site({"url": URL}, {"name": "Second.One", "url": "https://two.af.example.org"})
    assert "namespace second-one\n" in files(made)["servicex/second-one/values.yaml"].splitlines(keepends=True)[0]
    assert needs(made, "second-one")["Secret", "second-one-secrets"]["namespace"] == "second-one"
    assert values(made, "second-one")["secrets"] == "second-one-secrets"
    names = [entry["name"] for entry in yaml.safe_load(files(made)["servicex/servicex.yaml"])["api_endpoints"]]
    assert names == [NAME, "Second.One"]

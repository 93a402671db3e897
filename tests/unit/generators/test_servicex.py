"""The generator servicex: what the real chart makes of its values, and what users' clients find."""

from __future__ import annotations

import ast
from typing import Any

import pytest
import yaml
from afspec.generators.servicex import CHART, ServiceX
from hypothesis import given
from hypothesis import strategies as st
from upstream import merged, upstream_data

from afspec.facility import Facility

NAME = "servicex"
URL = "https://servicex.af.example.org"
CLUSTER = {"stance": "promised", "kind": "kubernetes", "ingress": {"ingress_class": "nginx", "issuer": "le"}}
OKD = {"stance": "promised", "kind": "okd"}
XCACHE = {"xcache": [{"name": "x", "stance": "promised", "door": "root://x.example.org:1094"}]}
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


def site(*instances: dict[str, Any], cluster: dict[str, Any] | None = CLUSTER, **sections: Any) -> Facility:
    """A site with those instances, one with a URL where none is given."""
    made = [{"name": NAME, "stance": "promised", **item} for item in instances or ({"url": URL},)]
    base = {"afspec": 1, "name": "site", "title": 'A "site" \u2014 x', "declared_by": "site", "orchestration": cluster}
    return Facility.model_validate({**base, "services": {"servicex": made}, **sections})


def files(facility: Facility) -> dict[str, str]:
    """Texts by path; nothing where the generator does not apply."""
    return {item.path: item.text for item in ServiceX().render(facility)} if ServiceX().applies(facility) else {}


def values(facility: Facility, name: str = NAME) -> dict[str, Any]:
    """The values of an instance."""
    found: dict[str, Any] = yaml.safe_load(files(facility)[f"servicex/{name}/values.yaml"])
    return found


def complete(facility: Facility) -> dict[str, Any]:
    """The values over the real chart's defaults."""
    found: dict[str, Any] = merged(upstream_data("servicex", "helm_servicex_values.yaml"), values(facility))
    return found


def needs(facility: Facility, name: str = NAME) -> dict[tuple[str, str], dict[str, Any]]:
    """What must be there first, by kind and name."""
    listed = yaml.safe_load(files(facility)[f"servicex/{name}/requires.yaml"])["requires"]
    return {(item["kind"], item["name"]): item for item in listed}


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


EVERYTHING = {
    "url": URL,
    "code_generators": ["uproot", "atlasr22"],
    "did_finders": ["rucio", "CERNOpenData"],
    "grid_account": "atlasaf",
    "admin": "admin@example.org",
    "tag": "v1.5.3",
    "object_store": {"url": "https://results.af.example.org", "size": "100 GB"},
    "transformers": {"minimum": 2, "maximum": 50, "load": 70, "priority_class": "users"},
}


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


def scalars(data: Any) -> list[Any]:
    """Every scalar of some data."""
    inner = data.values() if isinstance(data, dict) else data if isinstance(data, list) else None
    return [data] if inner is None else [leaf for item in inner for leaf in scalars(item)]


@pytest.mark.parametrize("instance", [{"url": URL}, EVERYTHING, {"object_store": {"url": URL, "external": True}}])
def test_no_password_of_the_charts_stays_in_force(instance: dict[str, Any]) -> None:
    everything = complete(site(instance))
    assert "leftfoot1" in scalars(upstream_data("servicex", "helm_servicex_values.yaml"))
    assert "leftfoot1" not in scalars(everything)
    secret = everything["secrets"]
    # ServiceX's pods and the servers that they log in to look into one Secret.
    asked = {
        everything["rabbitmq"]["auth"]["existingPasswordSecret"],
        everything["rabbitmq"]["auth"]["existingErlangSecret"],
        everything["postgresql"]["global"]["postgresql"]["auth"]["existingSecret"],
    }
    if everything["objectStore"]["internal"]:
        asked.add(everything["minio"]["auth"]["existingSecret"])
    assert asked == {secret}
    listed = needs(site(instance))["Secret", secret]
    key = everything["postgresql"]["global"]["postgresql"]["auth"]["secretKeys"]["adminPasswordKey"]
    assert {key, "rabbitmq-password", "rabbitmq-erlang-cookie", "globusClientID", "globusClientSecret"} <= set(
        listed["holds"]
    )
    assert all(f"--from-file={key}" in listed["how"].split("create secret")[1] for key in listed["holds"])


def test_minio_and_servicex_have_the_same_keys_by_two_names() -> None:
    item = needs(site())["Secret", "servicex-secrets"]
    assert {"--from-file=root-user=accesskey", "--from-file=root-password=secretkey"} <= set(item["how"].split())
    external = needs(site({"object_store": {"url": URL, "external": True}}))["Secret", "servicex-secrets"]
    assert "root-user" not in external["holds"]


def test_the_secret_may_have_another_name() -> None:
    made = site({"secret": "sx"})
    assert values(made)["secrets"] == values(made)["minio"]["auth"]["existingSecret"] == "sx"
    assert ("Secret", "sx") in needs(made)


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


def test_sign_in_is_on_and_logs_stay_at_the_site() -> None:
    everything = complete(site(contact="help@example.org"))
    assert everything["app"]["auth"] is True
    assert everything["app"]["adminEmail"] == "help@example.org"
    assert everything["logging"]["logstash"]["enabled"] is False


def test_a_contact_that_is_a_page_is_nobodys_address() -> None:
    made = site(contact="https://example.org/help")
    assert "adminEmail" not in values(made)["app"]
    assert ("Value", "app.adminEmail") in needs(made)
    assert values(site({"admin": "a@example.org"}, contact="https://example.org/help"))["app"]["adminEmail"]


CHARTS_GENERATORS = ["uproot-raw", "uproot", "python", "atlasr21", "atlasr22", "cmssw-5-3-32"]
CHARTS_FINDERS = {"rucio": "rucio", "xrootd": "xrootd", "cernopendata": "CERNOpenData"}
WORDS = st.from_regex(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,8}", fullmatch=True)


@given(
    st.lists(st.sampled_from(CHARTS_GENERATORS) | WORDS, max_size=5, unique=True),
    st.lists(st.sampled_from([*CHARTS_FINDERS, "CERNOpenData", "Rucio"]) | WORDS, max_size=4, unique=True),
)
def test_what_the_spec_names_is_on_and_nothing_else(generators: list[str], finders: list[str]) -> None:
    made = site({"code_generators": generators, "did_finders": finders})
    everything = complete(made)
    assert set(everything["codeGen"]) == set(CHARTS_GENERATORS)
    on = {name for name, entry in everything["codeGen"].items() if entry["enabled"]}
    assert on == (set(generators) & set(CHARTS_GENERATORS) if generators else set(CHARTS_GENERATORS))
    running = {name for name, entry in everything["didFinder"].items() if entry["enabled"]}
    schemes = {name.lower() for name in finders} & set(CHARTS_FINDERS) if finders else set(CHARTS_FINDERS)
    assert running == {CHARTS_FINDERS[scheme] for scheme in schemes}
    # What the chart cannot run is said, not made: a code generator without an image would never start.
    left = {name for kind, name in needs(made) if kind == "Value" and name.startswith(("codeGen.", "didFinder."))}
    assert left == {f"codeGen.{name}" for name in generators if name not in CHARTS_GENERATORS} | {
        f"didFinder.{name}" for name in finders if name.lower() not in CHARTS_FINDERS
    }
    default = values(made)["app"].get("defaultDIDFinderScheme")
    known = [name.lower() for name in finders if name.lower() in CHARTS_FINDERS]
    assert default == (known[0] if known else None)


def test_the_defaults_of_the_chart_are_what_the_generator_knows() -> None:
    defaults = upstream_data("servicex", "helm_servicex_values.yaml")
    assert list(defaults["codeGen"]) == CHARTS_GENERATORS
    assert set(defaults["didFinder"]) == set(CHARTS_FINDERS.values())


def test_open_data_needs_no_certificate() -> None:
    made = site({"did_finders": ["CERNOpenData"]})
    assert values(made)["noCerts"] is True
    assert ("Secret", "grid-certs-secret") not in needs(made)
    assert ("Value", "gridAccount") not in needs(made)
    for others in ([], ["rucio"], ["CERNOpenData", "xrootd"], ["nothing-known"]):
        made = site({"did_finders": others})
        assert "noCerts" not in values(made)
        assert ("Secret", "grid-certs-secret") in needs(made)


def test_an_account_of_rucio_that_nobody_gave_is_asked_for() -> None:
    assert ("Value", "gridAccount") in needs(site())
    assert ("Value", "gridAccount") not in needs(site({"did_finders": ["xrootd"]}))
    made = site({"grid_account": "atlasaf"})
    assert values(made)["gridAccount"] == "atlasaf"
    assert ("Value", "gridAccount") not in needs(made)


def cache(facility: Facility) -> Any:
    """What the program that the chart writes reads as the cache's prefix."""
    return ast.literal_eval(values(facility)["transformer"]["cachePrefix"])


def test_transformers_read_through_the_sites_caches() -> None:
    assert cache(site(storage=XCACHE)) == "x.example.org:1094"
    second = {"name": "y", "stance": "best_effort", "door": "root://y.example.org"}
    gone = {"name": "z", "stance": "planned", "door": "root://z.example.org"}
    assert cache(site(storage={"xcache": [*XCACHE["xcache"], second, gone]})) == "x.example.org:1094,y.example.org"


def test_an_unset_cache_leaves_the_charts_program_whole() -> None:
    assert cache(site()) == ""


def test_a_file_goes_through_one_cache() -> None:
    rucio = {"rucio": {"stance": "promised", "site": "AF_200"}}
    made = site(storage=XCACHE, software=rucio)
    assert cache(made) == ""
    assert values(made)["didFinder"]["rucio"]["site"] == "AF_200"
    other = site({"did_finders": ["xrootd"]}, storage=XCACHE, software=rucio)
    assert cache(other) == "x.example.org:1094"
    assert "site" not in values(other)["didFinder"]["rucio"]


def test_on_okd_nothing_asks_for_a_user() -> None:
    made = values(site(cluster=OKD))
    for server in (made["rabbitmq"], made["minio"], made["postgresql"]["primary"]):
        assert server["podSecurityContext"] == server["containerSecurityContext"] == {"enabled": False}
    # That container of the chart runs as root.
    assert made["rabbitmq"]["volumePermissions"] == {"enabled": False}
    plain = values(site())
    assert "podSecurityContext" not in plain["rabbitmq"] | plain["minio"] | plain["postgresql"]["primary"]


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


def test_users_find_instances_that_run_elsewhere() -> None:
    made = files(site({"url": f"{URL}/"}, cluster=None))
    assert set(made) == {"servicex/servicex.yaml"}
    assert yaml.safe_load(made["servicex/servicex.yaml"]) == {
        "api_endpoints": [{"name": NAME, "endpoint": URL}],
        "default-endpoint": NAME,
    }


def test_an_instance_without_an_address_is_in_no_clients_file() -> None:
    assert "servicex/servicex.yaml" not in files(site({}))
    made = site({"url": "https://<name>/x", "object_store": {"url": "https://<name>"}})
    assert "servicex/servicex.yaml" not in files(made)
    assert "<" not in str(values(made))


@pytest.mark.parametrize(
    ("path", "cache_path"),
    [("/scratch/<user>", "/scratch/${USER}/servicex"), ("/scratch/<u>/<user>", None), ("/scratch", None)],
)
def test_results_are_kept_on_scratch_where_the_client_can_say_it(path: str, cache_path: str | None) -> None:
    area = {"name": "s", "stance": "promised", "purpose": "scratch", "path": path}
    made = yaml.safe_load(files(site(storage={"areas": [area]}))["servicex/servicex.yaml"])
    assert made.get("cache_path") == cache_path


def test_no_token_is_in_the_clients_file() -> None:
    made = site({"url": URL, "token": {"env": "SERVICEX_TOKEN"}})
    text = files(made)["servicex/servicex.yaml"]
    assert all(set(entry) == {"name", "endpoint"} for entry in yaml.safe_load(text)["api_endpoints"])
    assert "SERVICEX_TOKEN" not in "".join(files(made).values())


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

"""The generator reana: what the real chart makes of its values."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from afspec.generators.reana import CHART, Reana
from hypothesis import given
from hypothesis import strategies as st
from upstream import merged, upstream_data

from afspec.facility import Facility
from afspec.facility.quantities import MAX_BYTES

URL = "https://reana.example.org/"
CLUSTER = {"stance": "promised", "kind": "kubernetes", "ingress": {"ingress_class": "nginx", "issuer": "le"}}
OKD = {"stance": "promised", "kind": "okd"}
KEYCLOAK = {
    "name": "sso.one",
    "stance": "promised",
    "method": "keycloak",
    "issuer": "https://kc.example.org/auth/realms/af",
    "opens": ["reana"],
}
DATA = {
    "name": "data",
    "stance": "promised",
    "path": "/data/<user>",
    "mount": {"target": "/data", "source": "/export/data"},
}
# Keys that the chart's templates or a subchart read though its defaults lack them (helm/reana/templates).
ELSEWHERE = {
    "components.reana_ui.local_users",
    "db_env_config.REANA_DB_HOST",
    "ingress.annotations.cert-manager.io/cluster-issuer",
    "ingress.annotations.route.openshift.io/termination",
    "ingress.tls.secret_name",
    "notifications.email_config.receiver",
    "notifications.email_config.sender",
    "notifications.email_config.smtp_server",
    "dask-kubernetes-operator.kopfArgs",
}
EVERYTHING = {
    "url": "https://reana.example.org:8443",
    "admin": "admin@example.org",
    "compute_backends": ["kubernetes", "htcondorcern"],
    "storage": {"size": "2 TB", "storage_class": "ceph"},
    "workspaces": ["data"],
    "cpu_quota": "10 h",
    "disk_quota": "100 GB",
    "database": "db.example.org",
    "smtp": "mx.example.org",
    "dask": True,
}


def site(reana: dict[str, Any] | None = None, *, cluster: dict[str, Any] | None = CLUSTER, **sections: Any) -> Facility:
    """A site with REANA."""
    base = {"afspec": 1, "name": "site", "title": 'A "site" \u2014 x', "declared_by": "site", "orchestration": cluster}
    services = {"reana": {"stance": "promised", **(reana or {})}}
    return Facility.model_validate({**base, "services": services, **sections})


def files(facility: Facility) -> dict[str, str]:
    """Texts by path; nothing where the generator does not apply."""
    return {item.path: item.text for item in Reana().render(facility)} if Reana().applies(facility) else {}


def values(facility: Facility) -> dict[str, Any]:
    """The values."""
    found: dict[str, Any] = yaml.safe_load(files(facility)["reana/values.yaml"])
    return found


def complete(facility: Facility) -> dict[str, Any]:
    """The values over the real chart's defaults."""
    found: dict[str, Any] = merged(upstream_data("reana", "helm_reana_values.yaml"), values(facility))
    return found


def needs(facility: Facility) -> dict[tuple[str, str], dict[str, Any]]:
    """What must be there first, by kind and name."""
    listed = yaml.safe_load(files(facility)["reana/requires.yaml"])["requires"]
    return {(item["kind"], item["name"]): item for item in listed}


def unknown(made: dict[str, Any], defaults: Any, path: str = "") -> set[str]:
    """Paths of values that the chart's defaults lack, or that are of another type there."""
    found: set[str] = set()
    for key, value in made.items():
        at = f"{path}.{key}".lstrip(".")
        if not isinstance(defaults, dict) or key not in defaults:
            found.add(at)
        elif isinstance(value, dict):
            found |= unknown(value, defaults[key], at)
        elif None not in (value, defaults[key]) and type(value) is not type(defaults[key]):
            found.add(f"{at}: {type(value).__name__}")
    return found


@pytest.mark.parametrize("cluster", [CLUSTER, {**CLUSTER, "storage_class": "ceph"}, {**CLUSTER, "ingress": None}, OKD])
@pytest.mark.parametrize("reana", [{}, {"url": URL}, EVERYTHING, {"storage": {"path": "/reana"}}])
def test_the_chart_knows_every_value(cluster: dict[str, Any], reana: dict[str, Any]) -> None:
    made = values(site(reana, cluster=cluster, logins=[KEYCLOAK], storage={"areas": [DATA]}))
    assert unknown(made, upstream_data("reana", "helm_reana_values.yaml")) <= ELSEWHERE


def test_the_values_are_for_the_chart_that_they_name() -> None:
    chart = upstream_data("reana", "helm_reana_Chart.yaml")
    assert (chart["name"], chart["version"]) == tuple(CHART)
    assert f"# chart: {CHART.name} {CHART.version}\n" in files(site())["reana/values.yaml"]


@pytest.mark.parametrize("reana", [{}, EVERYTHING])
def test_every_secret_of_the_chart_is_asked_for_and_none_is_given(reana: dict[str, Any]) -> None:
    made = site(reana)
    assert "secrets" not in values(made)
    named = {
        "database": ("reana-db-secrets", {"user", "password"}),
        "cache": ("reana-cache-secrets", {"user", "password"}),
        "message_broker": ("reana-message-broker-secrets", {"user", "password"}),
        "reana": ("reana-secrets", {"REANA_SECRET_KEY"}),
    }
    # The others belong to what the values leave off.
    assert set(upstream_data("reana", "helm_reana_values.yaml")["secrets"]) - set(named) == {
        "gitlab",
        "cern",
        "eosc",
        "login",
        "opensearch",
    }
    for value, (name, keys) in named.items():
        item = needs(made)["Secret", name]
        assert set(item["holds"]) == keys
        assert all(f"--set-file secrets.{value}.{key}=FILE" in item["how"] for key in keys)


def test_an_address_that_is_not_known_is_asked_for() -> None:
    made = site(cluster=OKD)
    assert "reana_hostname" not in values(made)
    assert ("Value", "reana_hostname") in needs(made)
    assert complete(made)["ingress"]["enabled"] is False
    assert ("Value", "reana_hostname") not in needs(site({"url": URL}))
    assert "<" not in str(values(site({"url": "https://<name>/x"})))


def test_the_clusters_ingress_serves_it() -> None:
    made = complete(site({"url": "https://REANA.example.org:8443"}))
    assert (made["reana_hostname"], made["reana_hostport"]) == ("reana.example.org", 8443)
    assert made["ingress"]["ingress_class_name"] == "nginx"
    # Of the chart's own annotations, which are Traefik's, none is left.
    assert made["ingress"]["annotations"] == {"cert-manager.io/cluster-issuer": "le"}
    assert made["ingress"]["tls"] == {
        "self_signed_cert": False,
        "secret_name": "reana-tls",
        "hosts": ["reana.example.org"],
    }
    assert made["traefik"]["enabled"] is made["traefik"]["external"] is False


def test_a_traefik_of_the_clusters_keeps_the_charts_annotation() -> None:
    made = complete(site({"url": URL}, cluster={**CLUSTER, "ingress": {"ingress_class": "traefik"}}))
    assert "traefik.ingress.kubernetes.io/router.entrypoints" in made["ingress"]["annotations"]
    assert (made["traefik"]["enabled"], made["traefik"]["external"]) == (False, True)


def test_a_certificate_that_no_issuer_makes_must_be_there() -> None:
    bare = {**CLUSTER, "ingress": {"ingress_class": "nginx"}}
    assert needs(site({"url": URL}, cluster=bare))["Secret", "reana-tls"]["holds"] == ["tls.crt", "tls.key"]
    assert ("Secret", "reana-tls") not in needs(site({"url": URL}))
    plain = site({"url": "http://reana.example.org"}, cluster=bare)
    assert ("Secret", "reana-tls") not in needs(plain)
    assert values(plain)["ingress"]["tls"] == {"self_signed_cert": False}


def test_a_path_is_nothing_that_the_chart_serves() -> None:
    made = site({"url": "https://example.org/reana"})
    assert complete(made)["ingress"]["enabled"] is False
    assert ("Value", "ingress.enabled") in needs(made)


def test_on_okd_a_route_serves_it_and_sessions_get_routes() -> None:
    made = complete(site({"url": URL, "storage": {"path": "/reana"}, "workspaces": ["data"]}, cluster=OKD))
    assert made["reana_hostname"] == "reana.example.org"
    assert made["ingress"]["enabled"] is False
    assert made["ingress"]["annotations"] == {"route.openshift.io/termination": "edge"}
    assert made["shared_storage"]["backend"] == "nfs"
    assert made["workspaces"]["paths"] == ["/var/reana:/var/reana"]
    assert ("Value", "ingress.enabled") not in needs(site({"url": URL}, cluster=OKD))


@pytest.mark.parametrize(
    ("storage", "cluster_class", "named"),
    [
        (None, None, None),
        (None, "fast", "fast"),
        ({"size": "1 TB"}, "fast", "fast"),
        ({"storage_class": "shared"}, "fast", "shared"),
    ],
)
def test_workspaces_are_on_a_volume_that_all_pods_share(
    storage: dict[str, Any] | None, cluster_class: str | None, named: str | None
) -> None:
    made = site({"storage": storage}, cluster={**CLUSTER, "storage_class": cluster_class})
    shared = complete(made)["shared_storage"]
    # The chart's own default is a folder of whatever node a pod is on.
    assert (shared["backend"], shared["access_modes"]) == ("nfs", "ReadWriteMany")
    assert shared["storage_class_name"] == (named or "")
    assert ("StorageClass", named or "reana-shared-volume-storage-class") in needs(made)


@pytest.mark.parametrize(
    ("size", "written"),
    [
        ("1 kB", 1),
        ("200 GB", 200),
        ("200 GiB", 215),
        ("999999 GB", 999999),
        ("1000 TB", "1000000"),
        ("3 PB", "3000000"),
    ],
)
def test_the_volume_is_large_enough_and_its_size_a_number_without_exponent(size: str, written: int | str) -> None:
    assert values(site({"storage": {"size": size}}))["shared_storage"]["volume_size"] == written


@given(st.integers(1, MAX_BYTES))
def test_no_volume_is_smaller_than_asked_for(size: int) -> None:
    made = Reana().render(site({"storage": {"size": "1 GB"}}).model_copy(update={"services": sized(size)}))
    shared = yaml.safe_load(next(iter(made)).text)["shared_storage"]["volume_size"]
    assert size <= int(shared) * 10**9 < size + 10**9


def sized(size: int) -> Any:
    """Services with REANA on a volume of so many bytes."""
    services = site({"storage": {"size": "1 GB"}}).services
    assert services.reana
    assert services.reana.storage
    storage = services.reana.storage.model_copy(update={"size": size})
    return services.model_copy(update={"reana": services.reana.model_copy(update={"storage": storage})})


def test_a_folder_that_all_nodes_have_does_as_well() -> None:
    made = site({"storage": {"path": "/reana", "size": "1 TB"}, "runtime_namespace": "reana-run"})
    shared = complete(made)["shared_storage"]
    assert (shared["backend"], shared["hostpath"]["root_path"]) == ("hostpath", "/reana")
    assert values(made)["workspaces"]["paths"] == ["/reana:/var/reana"]
    assert values(made)["namespace_runtime"] == "reana-run"
    assert not any(kind == "StorageClass" for kind, _ in needs(made))


def test_workflows_have_no_namespace_of_their_own_on_a_volume() -> None:
    made = site({"runtime_namespace": "reana-run"})
    assert "namespace_runtime" not in values(made)
    assert ("Value", "namespace_runtime") in needs(made)


def test_areas_that_nodes_mount_may_hold_workspaces() -> None:
    made = site({"workspaces": ["data"]}, storage={"areas": [DATA]})
    assert values(made)["workspaces"]["paths"] == ["/var/reana:/var/reana", "/export/data:/data"]
    assert ("Value", "workspaces.paths") not in needs(made)


@pytest.mark.parametrize(
    "mount",
    [
        None,
        {"target": "/data", "source": "/data", "server": "nfs.example.org"},
        {"target": "/data", "source": "/data/with.dots"},
        {"target": "/data", "source": "/Data"},
        {"target": "/da:ta", "source": "/data"},
        {"target": "/data", "source": "/"},
    ],
)
def test_areas_that_the_chart_cannot_mount_are_said(mount: dict[str, Any] | None) -> None:
    made = site({"workspaces": ["data"]}, storage={"areas": [{**DATA, "mount": mount}]})
    assert "workspaces" not in values(made)
    assert ("Value", "workspaces.paths") in needs(made)


def test_an_area_that_is_not_there_is_said() -> None:
    assert ("Value", "workspaces.paths") in needs(site({"workspaces": ["nowhere"]}))


def test_users_sign_in_by_the_login_that_opens_it() -> None:
    made = site({"url": URL}, logins=[{**KEYCLOAK, "name": "other", "opens": ["ssh"]}, KEYCLOAK])
    (entry,) = values(made)["login"]
    assert (entry["name"], entry["type"]) == ("sso-one", "keycloak")
    assert entry["config"]["base_url"] == "https://kc.example.org/auth"
    assert entry["config"]["realm_url"] == KEYCLOAK["issuer"]
    ends = {key: entry["config"][key] for key in ("auth_url", "token_url", "userinfo_url")}
    start = "https://kc.example.org/auth/realms/af/protocol/openid-connect"
    assert ends == {"auth_url": f"{start}/auth", "token_url": f"{start}/token", "userinfo_url": f"{start}/userinfo"}
    assert complete(made)["components"]["reana_ui"]["local_users"] is False
    how = needs(made)["Secret", "reana-login-provider-secrets"]["how"]
    assert "--set-file secrets.login.sso-one.consumer_key=FILE" in how
    assert "--set-file secrets.login.sso-one.consumer_secret=FILE" in how


def test_another_issuer_needs_its_addresses() -> None:
    iam = {**KEYCLOAK, "method": "oidc", "issuer": "https://iam.example.org/"}
    assert "login" not in values(site(logins=[iam]))
    ends = {"authorize": "https://i.org/a", "token": "https://i.org/t", "userinfo": "https://i.org/u"}
    (entry,) = values(site(logins=[{**iam, "endpoints": ends}]))["login"]
    assert entry["config"]["realm_url"] == entry["config"]["base_url"] == "https://iam.example.org"
    assert (entry["config"]["auth_url"], entry["config"]["userinfo_url"]) == ("https://i.org/a", "https://i.org/u")


@pytest.mark.parametrize("login", [{"stance": "planned"}, {"opens": ["jupyter"]}, {"issuer": None}])
def test_without_a_login_local_accounts_stay(login: dict[str, Any]) -> None:
    made = site(logins=[{**KEYCLOAK, **login}])
    assert not {"login", "components"} & set(values(made))
    assert ("Secret", "reana-login-provider-secrets") not in needs(made)


def test_a_database_of_the_sites_replaces_the_charts_and_keeps_the_login() -> None:
    made = complete(site({"database": "db.example.org"}, logins=[KEYCLOAK]))
    assert made["components"]["reana_db"]["enabled"] is False
    assert made["components"]["reana_ui"]["local_users"] is False
    assert made["db_env_config"] == {
        "REANA_DB_NAME": "reana",
        "REANA_DB_PORT": "5432",
        "REANA_DB_HOST": "db.example.org",
    }


def test_quotas_are_bytes_and_milliseconds() -> None:
    made = complete(site({"disk_quota": "100 GB", "cpu_quota": "1.5 h"}))["quota"]
    assert (made["default_disk_limit"], made["default_cpu_limit"]) == (100 * 10**9, 5_400_000)
    assert isinstance(made["default_cpu_limit"], int)
    assert "quota" not in values(site())


def test_mail_is_sent_where_there_is_a_server() -> None:
    silent = complete(site(contact="help@example.org"))["notifications"]
    assert (silent["enabled"], silent["email_config"]["receiver"]) == (False, "help@example.org")
    made = complete(site({"smtp": "mx.example.org", "admin": "a@example.org"}, contact="help@example.org"))
    assert made["notifications"]["enabled"] is True
    assert made["notifications"]["email_config"]["smtp_server"] == "mx.example.org"
    assert made["notifications"]["email_config"]["sender"] == "a@example.org"
    assert "notifications" not in values(site(contact="https://example.org/help"))


@pytest.mark.parametrize(
    ("own", "operator", "enabled"),
    [
        (None, None, False),
        (None, "promised", True),
        (None, "planned", False),
        (False, "promised", False),
        (True, None, True),
    ],
)
def test_dask_follows_the_sites_operator_unless_the_spec_says(
    own: bool | None,  # noqa: FBT001 - a table's column
    operator: str | None,
    enabled: bool,  # noqa: FBT001 - a table's column
) -> None:
    dask = {"stance": "promised", "operator": {"stance": operator}} if operator else None
    made = complete(site({"dask": own}, dask=dask))
    assert made["dask"]["enabled"] is enabled
    # The chart's operator would work on every Dask cluster of the site.
    args = made["dask-kubernetes-operator"].get("kopfArgs")
    assert args == (["--namespace=reana"] if enabled else None)


@pytest.mark.parametrize("stance", ["planned", "not_promised", None])
def test_what_is_not_offered_is_nowhere(stance: str | None) -> None:
    assert files(site({"url": URL, "stance": stance})) == {}
    assert files(site({"url": URL}, cluster=None)) == {}
    assert files(site({"url": URL}, cluster={**CLUSTER, "stance": "not_promised"})) == {}


def test_it_lives_where_the_spec_says() -> None:
    made = site({"namespace": "workflows"})
    assert "namespace workflows\n" in files(made)["reana/values.yaml"].splitlines(keepends=True)[0]
    assert {item["namespace"] for (kind, _), item in needs(made).items() if kind == "Secret"} == {"workflows"}


def test_text_of_the_spec_stays_data() -> None:
    hostile = "a: b\u2028# 'x' \"y\" \u2014 $(id) `id`"
    made = site({"url": URL}, label="$(id)` 'x': \"y\" #", logins=[KEYCLOAK])
    assert values(made)["login"][0]["config"]["title"] == "$(id)` 'x': \"y\" #"
    titled = made.model_copy(update={"title": hostile})
    assert values(titled) == values(made)
    assert all(text.isascii() for text in files(titled).values())

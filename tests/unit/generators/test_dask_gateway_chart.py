"""The generator dask_gateway: what the chart takes, and what the gateway makes of its configuration."""

from __future__ import annotations

import base64
import sys
from types import ModuleType, SimpleNamespace
from typing import Any

import jsonschema
import kubernetes_validate
import pytest
import yaml
from afspec.generators.dask_gateway import DaskGateway
from hypothesis import given, settings
from hypothesis import strategies as st
from upstream import merged, upstream_data

from afspec.facility import Facility
from afspec.facility.words import TEMPLATE_MARKS

HUB = {
    "name": "hub",
    "kind": "hub_kubernetes",
    "stance": "promised",
    "url": "https://hub.example.org/",
    "namespace": "hubs",
}
GATEWAY: dict[str, Any] = {
    "stance": "promised",
    "url": "https://hub.example.org/services/dask-gateway/",
    "internal_url": "http://traefik-dask-gateway.dask-gateway/services/dask-gateway/",
    "proxy": "gateway://traefik-dask-gateway.dask-gateway:80",
    "auth": "jupyterhub",
    "backend": "kubernetes",
}
REFERENCE = "hub.example.org/team/dask:1"
IMAGES = {"stance": "promised", "named": [{"name": "dask", "reference": REFERENCE, "packages": ["dask"]}]}
CLUSTER = {"stance": "promised", "kind": "kubernetes", "ingress": {"ingress_class": "nginx", "issuer": "letsencrypt"}}
AREA = {"name": "data", "stance": "promised", "path": "/data/<user>", "mount": {"target": "/data", "source": "/data"}}
GPUS = {
    "stance": "promised",
    "models": [{"name": "a100", "product": "NVIDIA-A100-SXM4-40GB", "resource": "nvidia.com/gpu"}],
}


def facility(gateway: dict[str, Any] | None = None, **sections: Any) -> Facility:
    """A site with the gateway on its cluster."""
    base: dict[str, Any] = {
        "afspec": 1,
        "name": "site",
        "title": 'A "site" \u2014 {x}',
        "declared_by": "site",
        "orchestration": CLUSTER,
        "jupyter": [HUB],
        "images": IMAGES,
        "dask": {"stance": "promised", "gateway": {**GATEWAY, **(gateway or {})}},
    }
    return Facility.model_validate({**base, **sections})


def files(site: Facility) -> dict[str, str]:
    """Texts by path; nothing where the generator does not apply."""
    made = DaskGateway()
    return {artifact.path: artifact.text for artifact in made.render(site)} if made.applies(site) else {}


def values(site: Facility) -> dict[str, Any]:
    """The chart's values."""
    found: dict[str, Any] = yaml.safe_load(files(site)["dask-gateway/values.yaml"])
    return found


def needs(site: Facility) -> dict[tuple[str, str], dict[str, Any]]:
    """What must be there, by kind and name."""
    found = yaml.safe_load(files(site)["dask-gateway/requires.yaml"])["requires"]
    return {(item["kind"], item["name"]): item for item in found}


class _Section(dict[str, Any]):
    """A class's settings in a configuration of traitlets."""

    def __setattr__(self, name: str, value: Any) -> None:
        self[name] = value

    def __getattr__(self, name: str) -> Any:
        return self[name]


class _Config(dict[str, _Section]):
    def __getattr__(self, name: str) -> _Section:
        return self.setdefault(name, _Section())


class _Options:
    """What the gateway's own class does with a request, where dask-gateway-server is not installed."""

    def __init__(self, *fields: Any, handler: Any) -> None:
        self.fields, self.handler = fields, handler

    def parse_options(self, request: dict[str, Any]) -> dict[str, Any]:
        known = {field.name for field in self.fields}
        if set(request) - known:
            raise ValueError("unknown fields")
        return {field.name: field.validate(request.get(field.name, field.default)) for field in self.fields}

    def get_configuration(self, options: dict[str, Any], _user: Any) -> Any:
        return self.handler(SimpleNamespace(**options))


class _Field:
    """A field: a number between bounds, one of some choices, or anything of its kind."""

    kind: type | tuple[type, ...] = str
    fallback: Any = ""

    def __init__(self, name: str, default: Any = None, *, min: Any = None, max: Any = None, label: str = "") -> None:  # noqa: A002
        self.name, self.bounds, self.label = name, (min, max), label
        self.choices = default if isinstance(default, list) else None
        self.default = self.fallback if default is None else default[0] if self.choices else default
        self.validate(self.default)

    def validate(self, value: Any) -> Any:
        low, high = self.bounds
        if not isinstance(value, self.kind):
            raise TypeError(self.name)
        if (low is not None and value < low) or (high is not None and value > high):
            raise ValueError(self.name)
        if self.choices and value not in self.choices:
            raise ValueError(self.name)
        return value


def _stand_in() -> ModuleType:
    module = ModuleType("dask_gateway_server.options")
    module.Options = _Options  # type: ignore[attr-defined]
    for name, kind, fallback in (
        ("Float", (int, float), 0.0),
        ("Integer", int, 0),
        ("Mapping", dict, {}),
        ("Select", str, ""),
        ("String", str, ""),
    ):
        setattr(module, name, type(name, (_Field,), {"kind": kind, "fallback": fallback}))
    return module


@pytest.fixture(autouse=True)
def server(monkeypatch: pytest.MonkeyPatch) -> None:
    """The real gateway's options where it is installed."""
    try:
        import dask_gateway_server.options  # type: ignore[import-not-found]  # noqa: F401, PLC0415
    except ImportError:
        monkeypatch.setitem(sys.modules, "dask_gateway_server", ModuleType("dask_gateway_server"))
        monkeypatch.setitem(sys.modules, "dask_gateway_server.options", _stand_in())


def configured(made: dict[str, Any]) -> _Config:
    """What extraConfig says, run as the chart runs it: in the order of its keys, after `get_property`."""

    def get_property(key: str, default: Any = None) -> Any:
        value: Any = made
        for part in key.split("."):
            if not isinstance(value, dict) or part not in value:
                return default
            value = value[part]
        return value

    config = _Config()
    code = "\n".join(text for _, text in sorted(made["gateway"]["extraConfig"].items()))
    exec(compile(code, "extraConfig", "exec"), {"c": config, "get_property": get_property})  # noqa: S102 - our own
    return config


def cluster(site: Facility, **request: Any) -> dict[str, Any]:
    """What a user's cluster gets for a request."""
    options = configured(values(site)).Backend.cluster_options
    made: dict[str, Any] = options.get_configuration(options.parse_options(request), None)
    return made


SITES = {
    "usual": facility(),
    "everything": facility(
        {
            "max_cores": 100,
            "idle": "1 h",
            "cluster": {
                "uid": 1000,
                "group": 5741,
                "max_memory": "1 TiB",
                "max_workers": 50,
                "worker": {"cores": 2, "memory": "4 GB", "max_gpus": 2},
            },
        },
        storage={"areas": [AREA]},
        software={"cvmfs": {"claim": "cvmfs"}},
        gpus=GPUS,
    ),
    "password": facility({"auth": "basic"}, jupyter=[]),
    "kerberos": facility({"auth": "kerberos", "cluster": {"server_image": "hub.example.org/team/server:2"}}),
    "machine": facility(jupyter=[{**HUB, "kind": "hub_vm"}]),
    "silent": facility({"url": None, "internal_url": None, "proxy": None}, images=None),
    "elsewhere": facility(
        {
            "url": "https://dask.example.org/",
            "internal_url": "http://traefik-east.dask:8080",
            "proxy": "gateway://dask.example.org:8786",
            "namespace": "dask",
        }
    ),
}


@pytest.mark.parametrize("name", SITES)
def test_the_chart_takes_the_values(name: str) -> None:
    folder = ("dask-gateway", "resources_helm_dask-gateway_values")
    defaults, schema = (
        upstream_data(folder[0], f"{folder[1]}.yaml"),
        upstream_data(folder[0], f"{folder[1]}.schema.yaml"),
    )
    jsonschema.Draft7Validator(schema).validate(merged(defaults, values(SITES[name])))
    configured(values(SITES[name])) if name not in {"password", "kerberos"} else None


@pytest.mark.parametrize("name", SITES)
def test_no_file_holds_a_template_mark_and_all_are_ascii(name: str) -> None:
    for text in files(SITES[name]).values():
        assert text.isascii()
        assert not TEMPLATE_MARKS.search(text)
    assert files(SITES[name]) == files(SITES[name])


def test_nothing_is_made_where_it_is_not_offered_or_would_be_open() -> None:
    for site in (
        facility({"stance": "planned"}),
        facility({"backend": "slurm"}),
        facility(orchestration=None),
        facility({"auth": None}),
        facility({"auth": "kerberos"}),
        facility(jupyter=[]),
        facility({"cluster": {"hub": "other"}}),
    ):
        assert files(site) == {}


def test_the_proxy_is_where_the_spec_says() -> None:
    made = values(SITES["usual"])
    assert made["gateway"]["prefix"] == "/services/dask-gateway"
    assert "fullnameOverride" not in made
    service = made["traefik"]["service"]
    assert service == {"type": "ClusterIP", "ports": {"web": {"port": 80}, "tcp": {"port": "web"}}}
    made = values(SITES["elsewhere"])
    assert (made["fullnameOverride"], made["gateway"]["prefix"]) == ("east", "/")
    assert made["traefik"]["service"]["ports"] == {"web": {"port": 8080}, "tcp": {"port": 8786}}


def test_the_hub_of_another_namespace_is_asked_with_its_own_token() -> None:
    auth = values(SITES["usual"])["gateway"]["auth"]
    key = "hub.services.dask-gateway.apiToken"
    assert auth["jupyterhub"] == {
        "apiTokenFromSecretName": "hub",
        "apiTokenFromSecretKey": key,
        "apiUrl": "http://hub.hubs:8081/hub/api",
    }
    found = needs(SITES["usual"])
    assert found["Service", "hub"]["holds"] == [8081]
    assert found["Service", "hub"]["namespace"] == "hubs"
    token = found["Secret", "hub"]
    assert (token["namespace"], token["holds"]) == ("dask-gateway", [key])
    assert token["how"].startswith("kubectl -n hubs get secret hub -o jsonpath='{.data.hub\\.services\\.dask-gateway")


def test_in_one_namespace_the_hubs_release_makes_the_token() -> None:
    shared = facility(orchestration={**CLUSTER, "namespace": "af"}, jupyter=[{**HUB, "namespace": None}])
    assert values(shared)["gateway"]["auth"]["jupyterhub"]["apiUrl"] == "http://hub.af:8081/hub/api"
    assert "kubectl" not in needs(shared)["Secret", "hub"]["how"]


def test_the_hub_that_serves_the_address_knows_the_users() -> None:
    other = {**HUB, "name": "first", "url": "https://first.example.org", "namespace": "first"}
    assert values(facility(jupyter=[other, HUB]))["gateway"]["auth"]["jupyterhub"]["apiUrl"].startswith(
        "http://hub.hubs:"
    )
    away = {"url": "https://dask.example.org/"}
    assert "http://hub.first:" in files(facility(away, jupyter=[other, HUB]))["dask-gateway/values.yaml"]
    named = {**away, "cluster": {"hub": "hub"}}
    assert "http://hub.hubs:" in files(facility(named, jupyter=[other, HUB]))["dask-gateway/values.yaml"]


def test_a_hub_on_a_machine_is_asked_at_its_address() -> None:
    auth = values(SITES["machine"])["gateway"]["auth"]["jupyterhub"]
    assert auth["apiUrl"] == "https://hub.example.org/hub/api"
    assert needs(SITES["machine"])["Secret", "hub"]["how"].startswith("kubectl -n dask-gateway create secret")


def test_a_shared_password_is_read_from_a_secret_and_never_empty(monkeypatch: pytest.MonkeyPatch) -> None:
    site = facility({"auth": "basic", "server": {"token": {"kubernetes_secret": {"name": "mine", "key": "word"}}}})
    made = values(site)
    assert made["gateway"]["auth"] == {"type": "simple"}
    reference = {"secretKeyRef": {"name": "mine", "key": "word"}}
    assert made["gateway"]["env"] == [{"name": "DASK_GATEWAY_CREDENTIAL", "valueFrom": reference}]
    assert needs(site)["Secret", "mine"]["holds"] == ["word"]
    monkeypatch.setenv("DASK_GATEWAY_CREDENTIAL", "hush")
    assert configured(made).SimpleAuthenticator.get("password") == "hush"
    monkeypatch.setenv("DASK_GATEWAY_CREDENTIAL", "")
    with pytest.raises(ValueError, match="empty"):
        configured(made)


def test_a_keytab_comes_in_base64(monkeypatch: pytest.MonkeyPatch) -> None:
    made = values(SITES["kerberos"])
    assert (
        made["gateway"]["image"] == made["controller"]["image"] == {"name": "hub.example.org/team/server", "tag": "2"}
    )
    monkeypatch.setenv("DASK_GATEWAY_CREDENTIAL", base64.encodebytes(b"\x05\x02\x00" * 40).decode())
    keytab = configured(made).KerberosAuthenticator["keytab"]
    with open(keytab, "rb") as file:  # noqa: PTH123 - the gateway gets a name
        assert file.read() == b"\x05\x02\x00" * 40
    assert "base64 http.keytab" in needs(SITES["kerberos"])["Secret", "dask-gateway"]["how"]


def test_commands_are_those_that_distributed_still_has() -> None:
    config = configured(values(SITES["usual"])).ClusterConfig
    assert config == {"scheduler_cmd": ["dask", "scheduler"], "worker_cmd": ["dask", "worker"]}


def test_a_cluster_is_limited() -> None:
    config = configured(values(SITES["everything"])).ClusterConfig
    assert config["cluster_max_cores"] == 100
    assert config["cluster_max_memory"] == 1 << 40
    assert config["cluster_max_workers"] == 50
    assert config["idle_timeout"] == 3600


def test_of_an_allow_list_users_choose_an_image_and_no_other() -> None:
    images = {**IMAGES, "policy": "allow_list", "allowed": ["hub.example.org/team/other:1", REFERENCE]}
    site = facility(images=images)
    assert cluster(site)["image"] == REFERENCE
    assert cluster(site, image="hub.example.org/team/other:1")["image"] == "hub.example.org/team/other:1"
    with pytest.raises(ValueError, match="image"):
        cluster(site, image="hub.example.org/team/other:2")


def test_without_a_list_users_name_any_reference() -> None:
    assert cluster(facility())["image"] == REFERENCE
    assert cluster(facility(), image="hub.example.org/mine:3")["image"] == "hub.example.org/mine:3"
    for bad in ("hub.example.org/mine:3\n", "/cvmfs/unpacked/mine", "mine; rm -rf /"):
        with pytest.raises(ValueError, match="no reference"):
            cluster(facility(), image=bad)
    assert "image" not in cluster(facility(images=None))


def test_where_only_unpacked_images_may_run_those_with_names_are_offered() -> None:
    site = facility(images={**IMAGES, "policy": "unpacked", "unpacked": "/cvmfs/unpacked.cern.ch"})
    with pytest.raises(ValueError, match="image"):
        cluster(site, image="hub.example.org/mine:3")


def test_workers_have_sizes_between_bounds() -> None:
    site = SITES["everything"]
    made = cluster(site, worker_cores=4, worker_memory=8)
    assert (made["worker_cores"], made["worker_memory"]) == (4, 8 << 30)
    assert cluster(site)["worker_memory"] == 4 * 10**9
    for request in ({"worker_cores": 5}, {"worker_memory": 16.5}, {"worker_memory": 0}, {"privileged": True}):
        with pytest.raises(ValueError, match=r"."):
            cluster(site, **request)


@settings(max_examples=40)
@given(cores=st.integers(1, 300), most=st.integers(1, 300), size=st.integers(1, 10**13), limit=st.integers(1, 10**13))
def test_what_a_worker_has_by_itself_may_be_asked_for(cores: int, most: int, size: int, limit: int) -> None:
    worker = {"cores": cores, "max_cores": most, "memory": f"{size} B", "max_memory": f"{limit} B"}
    site = facility({"cluster": {"worker": worker}})
    assert cluster(site)["worker_cores"] == cores
    assert cluster(site)["worker_memory"] == size


def test_variables_are_texts_and_join_those_of_an_overlay() -> None:
    assert cluster(facility(), environment={"MINE": "1"})["environment"] == {"MINE": "1"}
    made = values(facility())
    made["gateway"]["backend"]["environment"] = {"SITES": "2"}
    options = configured(made).Backend.cluster_options
    got = options.get_configuration(options.parse_options({"environment": {"MINE": "1"}}), None)
    assert got["environment"] == {"SITES": "2", "MINE": "1"}
    for bad in ({"A B": "1"}, {"A": 1}, {"": "x"}):
        with pytest.raises(ValueError, match="variable"):
            cluster(facility(), environment=bad)


def test_gpus_are_offered_where_the_spec_says_how_many() -> None:
    site = SITES["everything"]
    made = cluster(site, worker_gpus=2)
    container, pod = made["worker_extra_container_config"], made["worker_extra_pod_config"]
    assert container["resources"] == {"requests": {"nvidia.com/gpu": "2"}, "limits": {"nvidia.com/gpu": "2"}}
    assert pod["nodeSelector"] == {"nvidia.com/gpu.product": "NVIDIA-A100-SXM4-40GB"}
    # What all workers have stays.
    assert [mount["name"] for mount in container["volumeMounts"]] == ["data", "cvmfs"]
    assert pod["securityContext"]["runAsUser"] == 1000
    assert "worker_extra_pod_config" not in cluster(site)
    with pytest.raises(ValueError, match="worker_gpus"):
        cluster(site, worker_gpus=3)
    with pytest.raises(ValueError, match=r"."):
        cluster(facility(gpus=GPUS), worker_gpus=1)


def pod(part: dict[str, Any], name: str) -> dict[str, Any]:
    """A pod as the controller makes it of a part of gateway.backend."""
    container = {"name": name, "image": REFERENCE, **part["extraContainerConfig"]}
    spec = {"containers": [container], **part["extraPodConfig"]}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}, "spec": spec}


def test_workers_see_the_sites_areas_and_schedulers_do_not() -> None:
    backend = values(SITES["everything"])["gateway"]["backend"]
    for part in ("scheduler", "worker"):
        kubernetes_validate.validate(pod(backend[part], part), "1.30", strict=True)
        assert backend[part]["extraPodConfig"]["securityContext"]["supplementalGroups"] == [5741]
        assert backend[part]["extraContainerConfig"]["securityContext"]["allowPrivilegeEscalation"] is False
    mounts = {mount["name"]: mount for mount in backend["worker"]["extraContainerConfig"]["volumeMounts"]}
    assert mounts["data"]["mountPath"] == "/data"
    assert {volume["name"] for volume in backend["worker"]["extraPodConfig"]["volumes"]} == set(mounts)
    assert mounts["cvmfs"]["readOnly"] is True
    assert "volumes" not in backend["scheduler"]["extraPodConfig"]
    assert backend["worker"]["cores"] == {"request": 2}
    assert backend["worker"]["memory"] == {"request": 4 * 10**9}
    assert backend["image"] == {"name": "hub.example.org/team/dask", "tag": "1"}


def test_a_silent_spec_leaves_the_charts_image_and_mounts_nothing() -> None:
    backend = values(SITES["silent"])["gateway"]["backend"]
    assert "image" not in backend
    assert "volumes" not in backend["worker"]["extraPodConfig"]
    assert "runAsUser" not in backend["worker"]["extraPodConfig"]["securityContext"]


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


def test_names_of_gpus_are_text_to_python() -> None:
    model = {"name": "a.b-1", "product": "x.y-z_1", "resource": "x.y/z"}
    site = facility({"cluster": {"worker": {"max_gpus": 1}}}, gpus={"stance": "promised", "models": [model]})
    made = cluster(site, worker_gpus=1, gpu="a.b-1")
    assert made["worker_extra_pod_config"]["nodeSelector"] == {"nvidia.com/gpu.product": "x.y-z_1"}
    assert made["worker_extra_container_config"]["resources"]["limits"] == {"x.y/z": "1"}

"""Sites with dask-gateway on their cluster, the chart's values, and what the gateway makes of its configuration."""

from __future__ import annotations

from typing import Any

import yaml
from afspec.generators.dask_gateway import DaskGateway

from afspec.facility import Facility

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


class _Section(dict[str, Any]):
    """A class's settings in a configuration of traitlets."""

    def __setattr__(self, name: str, value: Any) -> None:
        self[name] = value

    def __getattr__(self, name: str) -> Any:
        return self[name]


class _Config(dict[str, _Section]):
    def __getattr__(self, name: str) -> _Section:
        return self.setdefault(name, _Section())


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

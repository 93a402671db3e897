"""The generator dask: what dask-gateway's server makes of its configuration."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from afspec.generators.dask import Dask

from afspec.facility import Facility

if TYPE_CHECKING:
    from pathlib import Path

HUB = {"name": "hub", "kind": "hub_vm", "stance": "promised", "url": "http://127.0.0.1:8000/"}
RUN_HERE = {
    "stance": "promised",
    "url": "http://127.0.0.1:8787/",
    "proxy": "gateway://127.0.0.1:8787",
    "auth": "jupyterhub",
    "backend": "local",
    "max_cores": 4,
    "idle": "1 h",
}
SERVER = {"python": "/opt/hub/bin/python", "api_port": 8799, "token": {"env": "TOKEN"}, "runs_as": "gateway"}
CONFIG = "dask/gateway/dask_gateway_config.py"


def served(server: dict[str, Any] | None = None, *, hub: dict[str, Any] | None = None, **gateway: Any) -> Facility:
    """A site that runs dask-gateway itself."""
    made = {**RUN_HERE, **gateway, "server": SERVER if server is None else server}
    return facility(jupyter=[HUB if hub is None else hub], dask={"stance": "promised", "gateway": made})


def facility(**sections: Any) -> Facility:
    """A site with those sections."""
    base = {"afspec": 1, "name": "site", "title": 'A "site" \u2014 {x}', "declared_by": "site"}
    return Facility.model_validate({**base, **sections})


def files(site: Facility) -> dict[str, str]:
    """Texts by path."""
    return {artifact.path: artifact.text for artifact in Dask().render(site)}


def configured(folder: Path, site: Facility) -> dict[str, Any]:
    """What the compiled configuration sets, as "Class.option": value."""

    class Section(dict[str, Any]):
        def __setattr__(self, name: str, value: Any) -> None:
            self[name] = value

    class Config(dict[str, Section]):
        def __getattr__(self, name: str) -> Section:
            return self.setdefault(name, Section())

    config = Config()
    text = files(site)[CONFIG].replace("/var/lib/dask-gateway", str(folder / "state"))
    exec(compile(text, CONFIG, "exec"), {"get_config": lambda: config})  # noqa: S102 - the compiled file is tested
    return {f"{name}.{option}": value for name, section in config.items() for option, value in section.items()}


def test_the_gateways_server_is_configured_where_the_site_runs_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOKEN", "hub's")
    made = configured(tmp_path, served())
    assert (made["Proxy.address"], made["Proxy.tcp_address"]) == ("127.0.0.1:8787", "127.0.0.1:8787")
    assert (made["Proxy.prefix"], made["DaskGateway.address"]) == ("", "127.0.0.1:8799")
    assert made["DaskGateway.authenticator_class"] == "dask_gateway_server.auth.JupyterHubAuthenticator"
    assert made["JupyterHubAuthenticator.jupyterhub_api_url"] == "http://127.0.0.1:8000/hub/api"
    assert made["JupyterHubAuthenticator.jupyterhub_api_token"] == "hub's"  # noqa: S105 - nobody's
    assert made["DaskGateway.backend_class"] == "dask_gateway_server.backends.local.UnsafeLocalBackend"
    assert made["ClusterConfig.scheduler_cmd"] == ["/opt/hub/bin/dask", "scheduler"]
    assert made["ClusterConfig.worker_cmd"] == ["/opt/hub/bin/dask", "worker"]
    assert (made["ClusterConfig.cluster_max_cores"], made["ClusterConfig.idle_timeout"]) == (4, 3600)


def test_a_gateway_that_ended_finds_its_clusters_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOKEN", "t")
    first, second = (configured(tmp_path, served()) for _ in range(2))
    assert first["DBBackendBase.db_url"] == f"sqlite:///{tmp_path}/state/dask_gateway.sqlite"
    assert first["DBBackendBase.db_encrypt_keys"] == second["DBBackendBase.db_encrypt_keys"]
    assert (tmp_path / "state/database.key").stat().st_mode & 0o077 == 0
    assert (
        configured(tmp_path / "b", served())["DBBackendBase.db_encrypt_keys"] != first["DBBackendBase.db_encrypt_keys"]
    )


def test_clusters_are_their_users_processes_unless_the_spec_says_otherwise(tmp_path: Path) -> None:
    made = configured(tmp_path, served({"token": {"file": str(_secret(tmp_path))}}))
    assert made["DaskGateway.backend_class"] == "dask_gateway_server.backends.local.LocalBackend"
    assert made["JupyterHubAuthenticator.jupyterhub_api_token"] == "s"  # noqa: S105 - nobody's
    assert made["ClusterConfig.scheduler_cmd"] == ["dask", "scheduler"]


def _secret(folder: Path) -> Path:
    path = folder / "token"
    path.write_text("s\n")
    return path


def test_basic_authentication_takes_the_secret_as_everybodys_password(tmp_path: Path) -> None:
    made = configured(tmp_path, served({"token": {"file": str(_secret(tmp_path))}}, auth="basic"))
    assert made["DaskGateway.authenticator_class"] == "dask_gateway_server.auth.SimpleAuthenticator"
    assert made["SimpleAuthenticator.password"] == "s"
    assert not [name for name in made if name.startswith("JupyterHub")]


def test_the_proxy_listens_inside_where_users_see_https(tmp_path: Path) -> None:
    url = "https://hub.example.org/services/dask-gateway/"
    inside = "http://127.0.0.1:8700/services/dask-gateway/"
    made = configured(tmp_path, served({}, url=url, internal_url=inside, proxy="gateway://127.0.0.1:8701"))
    assert (made["Proxy.address"], made["Proxy.prefix"]) == ("127.0.0.1:8700", "/services/dask-gateway")
    assert made["Proxy.tcp_address"] == "127.0.0.1:8701"
    assert CONFIG not in files(served({}, url=url))


@pytest.mark.parametrize(
    "change", [{"backend": "kubernetes"}, {"backend": None}, {"auth": "kerberos"}, {"url": None}, {"hub": {}}]
)
def test_what_the_spec_does_not_say_is_not_made_up(change: dict[str, Any]) -> None:
    if "hub" in change:
        change = {"hub": {**HUB, "url": None}}
    assert CONFIG in files(served())
    assert CONFIG not in files(served(**change))


def test_a_hub_on_kubernetes_is_not_the_gateways() -> None:
    assert CONFIG not in files(served(hub={**HUB, "kind": "hub_kubernetes"}))

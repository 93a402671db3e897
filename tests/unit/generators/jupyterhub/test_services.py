"""Who else asks the hub, and how idle sessions are ended."""

from __future__ import annotations

from typing import Any

from hub_spec import CILOGON, LOCAL, ON_SLURM, hub, rendered


def test_services_have_their_tokens_and_scopes(load: Any) -> None:
    services = (
        "      services:\n"
        "        - {name: dask-gateway, token: {env: TOKEN}, scopes: ['read:users'], url: 'http://127.0.0.1:8787'}\n"
    )
    settings = load(LOCAL + services)
    assert settings.JupyterHub.services == [
        {"name": "dask-gateway", "api_token": "t0ken", "url": "http://127.0.0.1:8787"}
    ]
    assert settings.JupyterHub.load_roles == [
        {"name": "service-dask-gateway-role", "scopes": ["read:users"], "services": ["dask-gateway"]}
    ]
    # A role begins with a letter, and has no capitals (JupyterHub documentation, Roles).
    (role,) = load(LOCAL + services.replace("dask-gateway", "2I2C")).JupyterHub.load_roles
    assert (role["name"], role["services"]) == ("service-2i2c-role", ["2I2C"])
    assert rendered(LOCAL + services.replace("{env: TOKEN}", "{kubernetes_secret: {name: a, key: b}}")) == {}


def test_idle_and_old_sessions_are_ended(load: Any) -> None:
    (culler,) = load(ON_SLURM).JupyterHub.services
    assert culler["command"] == [
        "/opt/hub/bin/python",
        "-m",
        "jupyterhub_idle_culler",
        "--timeout=7200",
        "--max-age=28800",
    ]
    assert load(LOCAL).JupyterHub.services == []
    (old,) = load(CILOGON + hub("local", "    limits: {duration: 1 h}\n")).JupyterHub.services
    assert old["command"][-2:] == ["--timeout=3600", "--max-age=3600"]


def test_a_site_says_how_often_it_looks_and_how_long_kernels_stay(load: Any) -> None:
    culling = "    hub:\n      culling: {every: 10 min, kernels: 1 h}\n"
    settings = load(ON_SLURM.replace("    hub:\n", culling))
    (culler,) = settings.JupyterHub.services
    assert culler["command"][-1] == "--cull-every=600"
    # Users are never culled.
    assert not [word for word in culler["command"] if "users" in word]
    (role,) = settings.JupyterHub.load_roles
    assert sorted(role["scopes"]) == ["delete:servers", "list:users", "read:servers", "read:users:activity"]
    assert settings.Spawner.args == [
        "--MappingKernelManager.cull_idle_timeout=3600",
        "--MappingKernelManager.cull_interval=300",
        "--ServerApp.shutdown_no_activity_timeout=7200",
    ]
    unlimited = load(LOCAL.replace("    hub:\n", culling.replace("1 h", "2 min")))
    assert unlimited.JupyterHub.services == []
    assert unlimited.Spawner.args[1:] == ["--MappingKernelManager.cull_interval=120"]
    assert "args" not in load(ON_SLURM).Spawner

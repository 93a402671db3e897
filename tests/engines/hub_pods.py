"""The pods that KubeSpawner makes of a hub's values: run by the Python of KubeSpawner's environment.

    hub_pods.py < ORDER

The order is JSON: `values` of the chart jupyterhub with its defaults, the `user` who starts a session, and the
`auth_state` that the login left. What comes of it is a line of JSON on standard output: of every choice that users
have, the `options` that the hub's form sends, and the `pod`. No cluster is asked, and no hub is there.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import re
import sys
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from kubernetes_asyncio.client import ApiClient
from kubespawner import KubeSpawner, spawner
from traitlets.config import Config

if TYPE_CHECKING:
    from collections.abc import Iterator

# What users type who want an image of their own.
TYPED = "hub.example.org/mine/own:1"
# Traits that the chart sets, and the keys of `singleuser` that it takes them from: its own name in another spelling, or
# another (jupyterhub_config.py of the chart jupyterhub 4.4.0).
SAME = (
    *("pod_name_template", "start_timeout", "extra_labels", "extra_annotations", "uid", "fs_gid", "node_selector"),
    *("allow_privilege_escalation", "lifecycle_hooks", "init_containers", "extra_containers", "profile_list"),
    *("extra_pod_config", "cmd", "default_url"),
)
OTHER = {
    "image_pull_policy": "image.pullPolicy",
    "service_account": "serviceAccountName",
    "mem_limit": "memory.limit",
    "mem_guarantee": "memory.guarantee",
    "cpu_limit": "cpu.limit",
    "cpu_guarantee": "cpu.guarantee",
    "extra_resource_limits": "extraResource.limits",
    "extra_resource_guarantees": "extraResource.guarantees",
    "environment": "extraEnv",
}


def under(values: Any, path: str) -> Any:
    """The value at a path of keys; None where there is none."""
    for key in path.split("."):
        values = values.get(key) if isinstance(values, dict) else None
    return values


def traits(values: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    """KubeSpawner's traits that the chart sets; None leaves one alone."""
    single = values["singleuser"]
    for trait in SAME:
        yield trait, single.get(re.sub("_(.)", lambda found: found[1].upper(), trait))
    for trait, path in OTHER.items():
        yield trait, under(single, path)
    yield "image", f"{single['image']['name']}:{single['image']['tag']}"
    yield "tolerations", values["scheduling"]["userPods"]["tolerations"] + single["extraTolerations"]
    volumes, mounts = storage(single)
    yield "volumes", volumes
    yield "volume_mounts", mounts


def storage(single: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Volumes and their mounts: a user's own, files of the chart's Secret, and what the values add."""
    told = single["storage"]
    volumes: dict[str, Any] = {}
    mounts: dict[str, Any] = {}
    if told["type"] == "dynamic":
        name = told["dynamic"]["volumeNameTemplate"]
        volumes[name] = {"name": name, "persistentVolumeClaim": {"claimName": "{pvc_name}"}}
        mounts[name] = {"name": name, "mountPath": told["homeMountPath"], "subPath": told["dynamic"].get("subPath")}
    if files := single["extraFiles"]:
        items = [{"key": key, "path": key} for key in files]
        volumes["files"] = {"name": "files", "secret": {"secretName": "singleuser", "items": items}}
        for number, (key, file) in enumerate(files.items()):
            mounts[f"{number}-files"] = {"name": "files", "mountPath": file["mountPath"], "subPath": key}
    volumes |= {volume["name"]: volume for volume in told["extraVolumes"]}
    mounts |= {f"{number}-{mount['name']}": mount for number, mount in enumerate(told["extraVolumeMounts"])}
    return volumes, mounts


def configuration(values: dict[str, Any]) -> Config:
    """A hub's configuration in the chart's order: its values, the traits of hub.config, the code of hub.extraConfig."""
    c, hub = Config(), values["hub"]
    for trait, value in traits(values):
        if value is not None:
            c.KubeSpawner[trait] = value
    c.JupyterHub.services = [{"name": name, **service} for name, service in hub["services"].items()]
    for section, settings in hub["config"].items():
        c[section].update(settings)
    for _, code in sorted(hub["extraConfig"].items()):
        exec(compile(code, "extraConfig", "exec"), {"c": c})  # noqa: S102 - our own
    return c


def choices(profiles: list[dict[str, Any]]) -> Iterator[dict[str, str]]:
    """Everything that users may choose; first, nothing."""
    yield {}
    for profile in profiles:
        axes = []
        for name, option in profile.get("profile_options", {}).items():
            axis = [(name, choice) for choice in option["choices"]]
            if option.get("unlisted_choice", {}).get("enabled"):
                axis.append((f"{name}--unlisted-choice", TYPED))
            axes.append(axis)
        for chosen in itertools.product(*axes):
            yield {"profile": profile["slug"], **dict(chosen)}


async def pod(c: Config, order: dict[str, Any], options: dict[str, str]) -> dict[str, Any]:
    """The pod of a choice, as it is sent to the cluster."""

    async def state() -> Any:
        return order["auth_state"]

    name = order["user"]
    user = SimpleNamespace(name=name, id=1, url=f"/user/{name}/", get_auth_state=state)
    # Of the hub it has a stand-in of its own.
    made = KubeSpawner(_mock=True, config=c, user=user)
    made.user_options = options
    await made.load_user_options()
    client = ApiClient()
    try:
        sent = client.sanitize_for_serialization(await made.get_pod_manifest())
    finally:
        await client.close()
    return {"apiVersion": "v1", "kind": "Pod", **sent}


def main() -> None:
    order = json.load(sys.stdin)
    spawner.load_config = lambda **_: None
    spawner.shared_client = lambda _: None
    c = configuration(order["values"])
    profiles = order["values"]["singleuser"]["profileList"]
    found = [{"options": options, "pod": asyncio.run(pod(c, order, options))} for options in choices(profiles)]
    json.dump(found, sys.stdout)


if __name__ == "__main__":
    main()

"""Settings of container tools that work in namespaces: in rooms, and where images are built."""

from __future__ import annotations

import re

_CONTAINERS = """\
# Made for a twin. crun refuses hybrid cgroups, and there is no systemd. Without CAP_SYS_RESOURCE no limit can be
# raised, which is what podman and buildah do unless they are told of limits.
[containers]
default_ulimits = ["nofile=4096:4096", "nproc=4096:4096"]

[engine]
runtime = "runc"
cgroup_manager = "cgroupfs"
events_logger = "file"
"""
_CAPABILITIES = re.compile(r"^root default capabilities *=.*$", re.MULTILINE)


def containers() -> dict[str, str]:
    """Files of /etc/containers by name (containers.conf(5), containers-policy.json(5))."""
    return {
        "containers.conf": _CONTAINERS,
        "registries.conf": "unqualified-search-registries = []\n",
        "policy.json": '{"default": [{"type": "insecureAcceptAnything"}]}\n',
    }


def apptainer_for_root(conf: str) -> str:
    """An apptainer.conf with which root, too, can start containers where it has not all capabilities itself."""
    return _CAPABILITIES.sub("root default capabilities = no", conf)


def storage_in_a_room() -> str:
    """A storage.conf(5) for podman in a room, whose own file system is an overlay: the kernel puts none upon that."""
    return (
        '[storage]\ndriver = "overlay"\nrunroot = "/run/containers/storage"\n'
        'graphroot = "/var/lib/containers/storage"\n'
        '[storage.options.overlay]\nmount_program = "/usr/bin/fuse-overlayfs"\n'
    )

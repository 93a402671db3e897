"""AF396: storage areas that pods could not mount, or should not."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from afspec.diagnostics import Severity
from afspec.rules.base import Context, Finding, Rule
from afspec.rules.onsite import below, ways_on_cluster

if TYPE_CHECKING:
    from collections.abc import Iterator

    from afspec.facility import Facility

# Where an image keeps what it runs: a volume over one of them, or in one of them, leaves nothing to run.
_IMAGES_OWN = (
    "/bin",
    "/boot",
    "/dev",
    "/etc",
    "/lib",
    "/lib32",
    "/lib64",
    "/proc",
    "/sbin",
    "/sys",
    "/usr",
    "/var/run",
)
_IMAGES_OWN_WHOLE = ("/", "/opt", "/run", "/tmp", "/var")  # noqa: S108 - folders of the image
# What on a node gives its pods, its keys or the node itself (Kubernetes documentation, Volumes, hostPath).
_NODES_OWN = (*_IMAGES_OWN, "/root", "/run", "/var/lib/containerd", "/var/lib/docker", "/var/lib/kubelet", "/var/log")
_NODES_OWN_WHOLE = ("/", "/var", "/var/lib")


def _mounts(facility: Facility) -> list[tuple[str, str, str | None]]:
    """Of everything that pods of users mount: pointer to its mount, target, and the node's folder if it is one."""
    storage, cvmfs = facility.storage, facility.software.cvmfs if facility.software else None
    found: list[tuple[str, str, str | None]] = []
    for area, mount in storage.mounted if storage else ():
        source = None if mount.server else mount.source
        found.append((f"/storage/areas/{area.name}/mount", mount.target, source))
    if cvmfs and cvmfs.claim and (cvmfs.stance is None or cvmfs.offered):
        found.insert(0, ("/software/cvmfs/claim", "/cvmfs", None))
    return found


class AF3961(Rule):
    """Two volumes are mounted at one place.

    Kubernetes refuses the pod ("must be unique"): no session starts.
    """

    def check(self, facility: Facility, _: Context) -> Iterator[Finding]:
        """Give each area a `target:` of its own; CVMFS is at /cvmfs."""
        first: dict[str, str] = {}
        for pointer, target, _source in _mounts(facility):
            if (known := first.setdefault(target, pointer)) != pointer:
                yield Finding(f"{pointer}/target", f"`{target}` is that of `{known}`, too")


class AF3962(Rule):
    """Volume is mounted inside another one.

    The folder that it is mounted on must be there in the outer one. Where that is an export that pods may not write,
    no session starts; elsewhere every session leaves an empty folder.
    """

    severity: ClassVar[Severity] = Severity.WARNING

    def check(self, facility: Facility, _: Context) -> Iterator[Finding]:
        """Choose a `target:` outside, or make the folder in the outer area."""
        found = _mounts(facility)
        for pointer, target, _source in found:
            outer = [at for at, other, _ in found if other != target and below(target, other) and other != "/"]
            if outer:
                yield Finding(f"{pointer}/target", f"`{target}` lies in `{outer[0]}`")


def _system(path: str, folders: tuple[str, ...], whole: tuple[str, ...]) -> bool:
    return path in whole or any(below(path, folder) for folder in folders)


class AF3963(Rule):
    """Volume is a system folder, of the image or of the node.

    Mounted over the image's own folders it hides what the image runs; a folder of the node's system gives every user
    the node, with its keys and everybody's pods.
    """

    def check(self, facility: Facility, _: Context) -> Iterator[Finding]:
        """Mount a folder of data at a place of its own, such as /data."""
        for pointer, target, source in _mounts(facility):
            if _system(target, _IMAGES_OWN, _IMAGES_OWN_WHOLE):
                yield Finding(f"{pointer}/target", f"`{target}` in the image")
            if source is not None and _system(source, _NODES_OWN, _NODES_OWN_WHOLE):
                yield Finding(f"{pointer}/source", f"`{source}` of the node")


class AF3964(Rule):
    """Sessions on the cluster do not see the home.

    A user finds an empty home in a session, writes a week's work into it, and has two homes, of which one is not
    backed up, or lasts as long as the session.
    """

    severity: ClassVar[Severity] = Severity.WARNING

    def check(self, facility: Facility, _: Context) -> Iterator[Finding]:
        """Say with `mount:` how pods get it: an NFS server's export, or the node's own folder."""
        storage = facility.storage
        home = storage.area("home") if storage else None
        if home is not None and home.mount is None and (ways := list(ways_on_cluster(facility))):
            yield Finding(f"/storage/areas/{home.name}/mount", f"`{home.name}` in {ways[0][0]}")

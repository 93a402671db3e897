"""What a chart's values mount is among the volumes that they add, or of the chart's own."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NamedTuple

from afspec.verify.cluster.pods import listed, mapped
from afspec.verify.cluster.schemas import Fault

if TYPE_CHECKING:
    from collections.abc import Iterator

    from afspec.verify.cluster.manifests import Values
    from afspec.verify.cluster.reading import Path


class _Pair(NamedTuple):
    """Where values add volumes to a pod, and where they mount them."""

    volumes: tuple[str, ...]
    mounts: tuple[str, ...]


# Pods that have no volumes with names of their own but these values' (each chart's documentation).
_STORAGE = ("singleuser", "storage")
_WORKER, _SCHEDULER = ("gateway", "backend", "worker"), ("gateway", "backend", "scheduler")
_PAIRS = {
    "jupyterhub": (_Pair((*_STORAGE, "extraVolumes"), (*_STORAGE, "extraVolumeMounts")),),
    "dask-gateway": tuple(
        _Pair((*part, "extraPodConfig", "volumes"), (*part, "extraContainerConfig", "volumeMounts"))
        for part in (_WORKER, _SCHEDULER)
    ),
}
# The hub expands names: of a home, of a user.
_EXPANDED = re.compile(r"[{$]")


def mount_faults(values: Values) -> Iterator[Fault]:
    """Mounts of volumes that are not there."""
    for pair in _PAIRS.get(values.chart, ()):
        added, mounted = _list(values.data, pair.volumes), _list(values.data, pair.mounts)
        names = [mapped(volume).get("name") for volume in listed(added)]
        # Lists that are maps by name are z2jh's own, too: their items come with names all the same.
        names += [mapped(volume).get("name") for volume in mapped(added).values()]
        for index, mount in enumerate(listed(mounted)):
            name = mapped(mount).get("name")
            if isinstance(name, str) and name not in names and not _EXPANDED.search(name):
                at: Path = (*pair.mounts, index, "name")
                yield Fault(at, f"there is no volume {name!r} in {'.'.join(pair.volumes)}")


def _list(data: Any, path: tuple[str, ...]) -> Any:
    for step in path:
        data = mapped(data).get(step)
    return data

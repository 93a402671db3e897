"""What a cluster is made of: sizes, and versions where they are not those of this program."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

# What the scheduler runs on itself; the rest of what is installed there does not matter.
_OF_SCHEDULER = frozenset({"python", "dask", "distributed", "msgpack", "cloudpickle", "tornado", "toolz"})


def sizes(info: Mapping[str, Any]) -> dict[str, object]:
    """How many workers, threads and hosts: names of hosts stay where they are.

    Args:
        info: what Client.scheduler_info tells.
    """
    workers = info["workers"].values()
    return {
        "workers": len(workers),
        "cores": sum(int(worker["nthreads"]) for worker in workers),
        "hosts": len({worker["host"] for worker in workers}),
    }


def ours(versions: Mapping[str, Any]) -> dict[str, str]:
    """Versions of what this program runs on: Python, Dask."""
    packages = versions["client"]["packages"]
    return {name: str(packages[name]).split(".final")[0] for name in ("python", "dask", "distributed")}


def mismatches(versions: Mapping[str, Any]) -> list[str]:
    """Packages that are not the same here and there, a line each.

    Args:
        versions: what Client.get_versions tells.
    """
    return list(_mismatches(versions))


def _mismatches(versions: Mapping[str, Any]) -> Iterator[str]:
    here = versions["client"]["packages"]
    workers = [told["packages"] for told in versions["workers"].values() if isinstance(told, dict)]
    scheduler = versions["scheduler"].get("packages", {})
    for name in sorted(here):
        others = Counter(str(told.get(name) or "none") for told in workers)
        others.pop(str(here[name] or "none"), None)
        told = [f"{found} on {count} of {len(workers)} workers" for found, count in sorted(others.items())]
        if name in _OF_SCHEDULER and scheduler.get(name) != here[name]:
            told.append(f"{scheduler.get(name) or 'none'} on the scheduler")
        if told:
            yield f"{name} is {here[name]} here, {', '.join(told)}"

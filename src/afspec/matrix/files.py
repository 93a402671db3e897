"""Which compiled files implement a cell of the table: by where generators put what."""

from __future__ import annotations

import posixpath
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable

# Patterns of paths in a compiled folder, in the order in which a person would look; a * also stands for folders.
_PATTERNS: dict[str, tuple[str, ...]] = {
    "federated_login": ("jupyterhub/*/jupyterhub_config.py", "jupyterhub-k8s/*/values.yaml", "coffea-casa/values.yaml"),
    "batch": ("slurm/*/cpu.sh", "htcondor/*/cpu.sub", "htcondor-autoscale/*.yaml"),
    "orchestration": ("kubernetes/kustomization.yaml", "okd/*.yaml", "vcluster/values.yaml"),
    "dask": (
        "dask/jobqueue.yaml",
        "dask/dask.yaml",
        "dask/cluster.py",
        "dask-gateway/values.yaml",
        "dask-operator/*.yaml",
        "dask/gateway/*.py",
    ),
    "jupyterhub": (
        "jupyterhub/*/jupyterhub_config.py",
        "jupyterhub-k8s/*/values.yaml",
        "portal/*.yaml",
        "ood/*/submit.yml.erb",
    ),
    "custom_images": ("images/*.def", "images/*.Containerfile", "images/unpacked.yaml", "user-setup/setup.sh"),
    "coffea_casa": ("coffea-casa/*.yaml",),
    "servicex": ("servicex/*/values.yaml", "servicex/servicex.yaml"),
    "gpus": ("gpu/*.yaml", "slurm/*/gpu.sh", "htcondor/*/gpu.sub"),
    "triton": ("triton/kubernetes/triton.yaml", "triton/*.yaml", "triton/serve.sh"),
}
# As many files of a kind as a cell can name; of more, such as those of each partition, their folder is named.
_MOST = 3
_NEVER = ("*/replica/*", "*/requires.yaml")


class Link(NamedTuple):
    """A file that implements a cell: what it is called beside others, and its address."""

    title: str
    address: str


def implementing(column: str, site: str, paths: Iterable[str], base: str) -> tuple[Link, ...]:
    """The files of a site that implement a column's capability, the first to be looked at first.

    Args:
        column: a key of COLUMNS.
        site: the facility's name.
        paths: what the facility's compiled folder holds, relative to it.
        base: what comes before `site` in an address, such as `build`.
    """
    known = [path for path in paths if not any(fnmatchcase(path, pattern) for pattern in _NEVER)]
    found = [place for pattern in _PATTERNS[column] for place in _places(sorted(known), pattern)]
    start = f"{base.rstrip('/')}/{site}" if base else site
    return tuple(Link(path, f"{start}/{path}") for path in dict.fromkeys(found))


def _places(paths: list[str], pattern: str) -> list[str]:
    """The paths that match; the folder above them where they are too many to be named."""
    found = [path for path in paths if fnmatchcase(path, pattern)]
    return found if len(found) <= _MOST else [posixpath.commonpath(found)]

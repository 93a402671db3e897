"""Reads Dask's settings as Dask does, makes a job script of them without sending it, and imports the helper.

usage: python -m probes.jobqueue FOLDER FILE...
"""

from __future__ import annotations

import asyncio
import importlib
import importlib.util
import json
import re
import sys
from typing import TYPE_CHECKING, Any

import dask
import yaml

from .rooted import Elsewhere, lacking, line_of, told

if TYPE_CHECKING:
    from collections.abc import Iterator
_jobqueue: Any = importlib.import_module("dask_jobqueue")
_PARTS = {"gateway": "dask_gateway", "kubernetes": "dask_kubernetes"}


def unknown(data: Any, known: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Keys that the programs' own defaults do not have; where these have no keys at all, any may be given."""
    if not isinstance(data, dict) or not isinstance(known, dict) or not known:
        return
    plain = {key.replace("_", "-"): value for key, value in known.items()}
    for key, value in data.items():
        name = str(key).replace("_", "-")
        if name in plain:
            yield from unknown(value, plain[name], (*path, str(key)))
        else:
            yield (*path, str(key))


def line_of_key(text: str, key: str) -> int:
    """The first line that gives a key."""
    found = re.search(rf"(?m)^[ -]*{re.escape(key)}:", text)
    return text.count("\n", 0, found.start()) + 1 if found else 0


def parts() -> dict[str, bool]:
    """What brings a section of its own, and whether it is here; importing it puts its defaults beside Dask's."""
    here = {name: importlib.util.find_spec(package) is not None for name, package in _PARTS.items()}
    for name, package in _PARTS.items():
        if here[name]:
            importlib.import_module(package)
    return here


def settings(at: int, text: str, defaults: dict[str, Any]) -> list[tuple[int, int, str]]:
    """Keys that nothing reads."""
    try:
        data = yaml.safe_load(text) or {}
    except yaml.YAMLError:
        return []  # the check of data says it
    return [
        (at, line_of_key(text, path[-1]), f"no setting of Dask or dask-jobqueue: {'.'.join(path)}")
        for path in unknown(data, defaults)
        if path[0] not in _PARTS  # one that is not here brings its own: that is told as lacking
    ]


async def script(system: str) -> str:
    """The job script that the settings give; nothing is started."""
    kind = {"slurm": _jobqueue.SLURMCluster, "htcondor": _jobqueue.HTCondorCluster}[system]
    cluster = kind(asynchronous=True)
    return str(cluster.job_script())


def jobs(at: int, text: str) -> list[tuple[int, int, str]]:
    """What dask-jobqueue says of the settings of each batch system."""
    try:
        data = yaml.safe_load(text) or {}
    except yaml.YAMLError:
        return []
    found = []
    dask.config.update_defaults(data)
    for system in data.get("jobqueue") or {}:
        try:
            asyncio.run(script(system))
        except Exception as error:  # noqa: BLE001 - whatever the settings do to it
            found.append((at, line_of_key(text, system), f"{system}: {told(error)}"))
    return found


def helper(at: int, path: str) -> tuple[list[tuple[int, int, str]], str]:
    """Import the helper for notebooks, and have it load its settings."""
    try:
        spec = importlib.util.spec_from_file_location("cluster", path)
        module = importlib.util.module_from_spec(spec)  # type: ignore[arg-type]
        spec.loader.exec_module(module)  # type: ignore[union-attr]
    except Exception as error:  # noqa: BLE001
        return [(at, line_of(error, path), told(error))], lacking(error)
    missing = [name for name in ("connect", "check_environments") if not callable(getattr(module, name, None))]
    return [(at, 0, f"has no function {name}") for name in missing], ""


def main() -> None:
    """Examine the files in the order in which they are given."""
    folder, *paths = sys.argv[1:]
    here = parts()
    # The programs' own: nothing of a user's is read, as HOME is an empty folder.
    defaults = dask.config.merge(dask.config.config)
    found: list[tuple[int, int, str]] = []
    lacks = ""
    elsewhere = Elsewhere(folder)
    elsewhere.divert()
    with elsewhere.reading():
        for at, path in enumerate(paths):
            if path.endswith(".py"):
                more, lacks = helper(at, path)
                found += more
                continue
            with open(path) as file:
                text = file.read()
            lacks = lacks or next((_PARTS[name] for name in _PARTS if f"\n{name}:" in text and not here[name]), "")
            found += settings(at, text, defaults)
            if not any(said[0] == at for said in found):
                found += jobs(at, text)
    print(json.dumps({"found": found, "lacks": lacks}))


if __name__ == "__main__":
    main()

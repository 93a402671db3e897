"""The Dask scheduler and the worker of a coffea-casa session, in a process of their own.

Started with the session's settings as JSON; writes the addresses as one line of JSON, and ends when its input does.
A worker of another machine is played by a worker whose address and host name are not the session's.
"""

from __future__ import annotations

import asyncio
import importlib
import json
import os
import platform
import socket
import sys
from pathlib import Path
from typing import Any

# Half of its names have no types.
distributed: Any = importlib.import_module("distributed")

OTHER_HOST, OTHER_ADDRESS = "worker-1.example.org", "127.0.0.2"


def _play_other_host() -> None:
    """Functions that are sent here to ask where they run are told another name."""
    real = os.uname()
    played = os.uname_result((real.sysname, OTHER_HOST, real.release, real.version, real.machine))
    os.uname = lambda: played
    socket.gethostname = lambda: OTHER_HOST
    platform.node = lambda: OTHER_HOST


class OtherVersion(distributed.Worker):  # type: ignore[misc]
    """A worker of an image that is not the session's."""

    def versions(self, packages: Any = None) -> Any:
        found = super().versions(packages)
        return {**found, "packages": {**found["packages"], "dask": "2023.1.0", "distributed": "2023.1.0"}}


async def _serve(settings: dict[str, Any]) -> None:
    certificates = Path(settings["certificates"])
    ca, host = str(certificates / "ca.pem"), str(certificates / "hostcert.pem")
    # One file is certificate and key of all three, as coffea_casa.security_obj has it.
    roles = ("scheduler", "worker", "client")
    files = {f"tls_{role}_{what}": host for role in roles for what in ("cert", "key")}
    encrypted = not settings["plain_tcp"]
    security = distributed.Security(tls_ca_file=ca, **files, require_encryption=True) if encrypted else None
    protocol = "tls" if encrypted else "tcp"

    kind = OtherVersion if settings["other_version"] else distributed.Worker
    where = "127.0.0.1" if settings["one_host"] else OTHER_ADDRESS
    common = {"protocol": protocol, "security": security, "dashboard": False}
    async with distributed.Scheduler(host="127.0.0.1", port=0, dashboard_address=None, **common) as scheduler:
        nobody = settings["no_worker"]
        worker = None if nobody else kind(scheduler.address, host=where, nthreads=1, **common)
        if worker:
            worker.handlers["versions"] = worker.versions
            await worker
        sys.stdout.write(json.dumps({"scheduler": scheduler.address}) + "\n")
        sys.stdout.flush()
        await asyncio.to_thread(sys.stdin.read)
        if worker:
            await worker.close()


if __name__ == "__main__":
    given = json.loads(sys.argv[1])
    if not given["one_host"]:
        _play_other_host()
    asyncio.run(_serve(given))

"""Runs inside a coffea-casa session, with the session's own Python: asks its Dask cluster, prints what it saw.

Nothing of afspec is there, so that it stands alone: it is sent as text, with the nonce, the scheduler's usual port and
the seconds that a worker may take. It prints one line of JSON: the stage that it came to (tls, client, worker, done),
what went wrong there, and what it saw until then.

Facts: CoffeaTeam/coffea-casa, coffea_casa/coffea_casa.py (certificates, key), docker/prepare-env (CERT_DIR).
"""

from __future__ import annotations

import importlib
import json
import os
import platform
import socket
import ssl
import sys
from typing import Any
from urllib.parse import urlsplit

SECONDS = 10


def _where(nonce: str) -> tuple[str, str]:
    """What the worker is asked: to say who it is, and the nonce."""
    import platform as there  # noqa: PLC0415 - the worker's

    return there.node(), nonce[::-1]


def _handshake(host: str, port: int, files: dict[str, str]) -> str:
    """The protocol that the scheduler speaks TLS with; distributed would try again and again, and not say why."""
    context = ssl.create_default_context(cafile=files["ca"])
    # Dask's certificates are of roles, not of hosts.
    context.check_hostname = False
    context.load_cert_chain(files["cert"], files["key"])
    with socket.create_connection((host, port), SECONDS) as plain, context.wrap_socket(plain) as secure:
        return secure.version() or ""


def main(nonce: str, port: str, seconds: str) -> dict[str, object]:
    """Ask; what came of it."""
    folder = os.environ.get("CERT_DIR") or "/etc/cmsaf-secrets"
    files = {name: f"{folder}/{file}" for name, file in (("ca", "ca.pem"), ("cert", "hostcert.pem"))}
    own_key = f"{folder}/hostkey.pem"
    files["key"] = own_key if os.path.isfile(own_key) else files["cert"]  # noqa: PTH113
    encrypted = os.path.isfile(files["ca"]) and os.path.isfile(files["cert"])  # noqa: PTH113
    scheme = "tls" if encrypted else "tcp"
    address = urlsplit(os.environ.get("DASK_SCHEDULER_ADDRESS") or f"{scheme}://localhost:{port}")
    host, number = address.hostname or "localhost", address.port or int(port)
    seen: dict[str, object] = {"stage": "tls", "encrypted": encrypted}
    try:
        if encrypted:
            seen["tls"] = _handshake(host, number, files)
        seen["stage"] = "client"
        # Half of its names have no types; and where it is missing, that is to be told.
        distributed: Any = importlib.import_module("distributed")
        security = None
        if encrypted:
            security = distributed.Security(
                tls_ca_file=files["ca"],
                tls_client_cert=files["cert"],
                tls_client_key=files["key"],
                require_encryption=True,
            )
        with distributed.Client(f"{scheme}://{host}:{number}", security=security, timeout=SECONDS) as client:
            seen["stage"] = "worker"
            task = client.submit(_where, nonce, pure=False)
            node, seen["answer"] = task.result(timeout=float(seconds))
            # Names of hosts are the facility's own affair: what is printed is published.
            seen["elsewhere"] = node != platform.node()
            found = client.get_versions()
            seen["mine"] = _versions(found["client"])
            seen["workers"] = [_versions(worker) for worker in found["workers"].values()]
            seen["stage"] = "done"
    except Exception as error:  # noqa: BLE001 - whatever it is, it is told
        seen["error"] = f"{type(error).__name__}: {error}"
    return seen


def _versions(of: dict[str, dict[str, str]]) -> dict[str, str]:
    python = ".".join(str(of["packages"]["python"]).split(".")[:2])
    return {"python": python, **{name: of["packages"][name] for name in ("dask", "distributed")}}


if __name__ == "__main__":
    sys.stdout.write(json.dumps(main(*sys.argv[1:])) + "\n")

"""Makes a server of dask-gateway of its configuration, and does not start it.

usage: python -m probes.gateway FOLDER CONFIG
"""

from __future__ import annotations

import sys
from typing import Any

from dask_gateway_server.app import DaskGateway  # type: ignore[import-not-found]
from dask_gateway_server.proxy import Proxy  # type: ignore[import-not-found]

from .traits import Subject, unreadable


def make(subject: Subject) -> list[Any]:
    """The server with its authenticator and backend, a proxy, and what a cluster is configured by."""
    app = DaskGateway()
    app.raise_config_file_errors = True
    load = app.load_config_file

    def reading(*args: Any, **more: Any) -> Any:
        with subject.elsewhere.reading():
            return load(*args, **more)

    app.load_config_file = reading
    with subject.elsewhere.settling():
        app.initialize([f"--config={subject.path}"])
        cluster = app.backend.cluster_config_class(parent=app.backend)
        return [app, app.authenticator, app.backend, Proxy(parent=app), cluster]


def main() -> None:
    """Examine one file."""
    folder, path = sys.argv[1:]
    if not unreadable(path):
        subject = Subject(folder, path)
        subject.examine(make)
        subject.tell()


if __name__ == "__main__":
    main()

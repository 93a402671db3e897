"""Makes a hub of a jupyterhub_config.py, with a database in memory, and does not start it.

usage: python -m probes.hub FOLDER CONFIG
"""

from __future__ import annotations

import asyncio
import sys
from typing import Any

from jupyterhub.app import JupyterHub

from .traits import Subject, unreadable

_OWN = (
    "--JupyterHub.db_url=sqlite://",
    "--JupyterHub.log_level=WARN",
    # Users are made by the hub that runs, not by one that is only looked at.
    "--LocalAuthenticator.create_system_users=False",
)


def make(subject: Subject) -> list[Any]:
    """The hub, and what it would start: its proxy, its authenticator and a spawner."""
    app = JupyterHub()
    app.raise_config_file_errors = True
    load = app.load_config_file

    def reading(*args: Any, **more: Any) -> Any:
        with subject.elsewhere.reading():
            return load(*args, **more)

    app.load_config_file = reading
    own = [*_OWN, f"--JupyterHub.cookie_secret_file={subject.elsewhere.folder}/own/cookie_secret"]
    with subject.elsewhere.settling():
        asyncio.run(initialize(app, [f"--config={subject.path}", *own]))
    spawner = app.spawner_class(config=app.config, parent=None, user=None, log=app.log)
    # Values that are made when they are asked for are asked for now.
    for thing in (spawner, app.authenticator, app.proxy):
        for name in thing.trait_names(config=True):
            if name in thing.config.get(type(thing).__name__, {}):
                getattr(thing, name)
    return [app, app.authenticator, app.proxy, spawner]


async def initialize(app: JupyterHub, argv: list[str]) -> None:
    """All that a hub does before it listens."""
    await app.initialize(argv)


def main() -> None:
    """Examine one file."""
    folder, path = sys.argv[1:]
    if not unreadable(path):
        subject = Subject(folder, path)
        subject.examine(make)
        subject.tell()


if __name__ == "__main__":
    main()

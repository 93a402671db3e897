"""Open OnDemand's part in starting a notebook: the compiled app, rendered and submitted as its dashboard would.

The web server, its proxy and its login are not played: what is tried is the app, on the real Slurm.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, NamedTuple

import yaml

from afspec.facility.jupyter import JupyterKind, OnDemand
from afspec.twin.engine import Ailment, Daemon, Engine
from afspec.twin.room import RoomError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from afspec.facility import Facility

_APPS = "/var/www/ood/apps/sys"
_DASHBOARD = "/usr/local/lib/afspec/dashboard.rb"
_REFUSED = 3


class RefusedError(Exception):
    """The app does not take the user's values; the message is what the form shows her."""


class Session(NamedTuple):
    """A notebook that was asked for: whose, its job, and the folder with all that the app made of it."""

    user: str
    job: str
    folder: str
    native: tuple[str, ...]


class Connection(NamedTuple):
    """Where a notebook is, and what opens it."""

    host: str
    port: int
    token: str

    @property
    def url(self) -> str:
        """The server's address, without a slash at its end."""
        return f"http://{self.host}:{self.port}/node/{self.host}/{self.port}"


class OpenOnDemand(Engine):
    """Starts sessions of the compiled app; it has no daemon of its own."""

    name: ClassVar[str] = "ondemand"
    after: ClassVar[tuple[str, ...]] = ("slurm",)

    @staticmethod
    def applies(facility: Facility) -> bool:
        """Where notebooks come from Open OnDemand, on Slurm."""
        return bool(facility.slurm_pools) and bool(_names(facility))

    def prepare(self) -> None:
        """Put the apps where Open OnDemand keeps them."""
        self.room.write(_DASHBOARD, Path(__file__).parent.with_name("dashboard.rb").read_text())
        for app in self.apps:
            for name in self.files.glob(f"ood/{app}/**/*"):
                if (self.files.host / name).is_file():
                    mode = (self.files.host / name).stat().st_mode & 0o777
                    self.room.write(f"{_APPS}/{name.removeprefix('ood/')}", self.files.text(name), mode=mode)

    @property
    def apps(self) -> tuple[str, ...]:
        """The names of the compiled apps."""
        return tuple(app for app in _names(self.facility) if self.files.has(f"ood/{app}/form.yml.erb"))

    def daemons(self) -> Sequence[Daemon]:
        """None: Open OnDemand runs what it does as the user, when she asks for it."""
        return ()

    def ready(self, daemon: Daemon) -> str:
        """Nothing runs."""
        del daemon
        return ""

    def ailments(self) -> list[Ailment]:
        """An app whose form cannot be rendered."""
        found = []
        for app in self.apps:
            try:
                self.room.run(self._command("form", app), user=self.twin.users[0].name, timeout=10)
            except RoomError as error:
                found.append(Ailment(self.name, f"the form of {app}: {error}"))
        return found

    def launch(self, user: str, app: str | None = None, **values: str) -> Session:
        """Press the form's button as a user; fields that are not given keep the form's defaults.

        Raises:
            RefusedError: the app does not take a value.
            RoomError: Slurm does not take the job, or a template is broken.
        """
        command = self._command("submit", app or self.apps[0])
        done = self.room.run(command, user=user, stdin=json.dumps(values), timeout=60, check=False)
        if done.returncode == _REFUSED:
            raise RefusedError(done.stderr.strip())
        if done.returncode:
            raise RoomError(f"{' '.join(command)}: {done.stderr.strip()}")
        answer = json.loads(done.stdout)
        return Session(user, answer["job"], answer["folder"], tuple(answer["native"]))

    def connection(self, session: Session) -> Connection | None:
        """Where the session's notebook is; None until it answers."""
        done = self.room.run(["cat", f"{session.folder}/connection.yml"], user=session.user, check=False)
        found = yaml.safe_load(done.stdout) if done.returncode == 0 else None
        return Connection(found["host"], int(found["port"]), str(found["password"])) if found else None

    @staticmethod
    def _command(action: str, app: str) -> list[str]:
        return ["ruby", _DASHBOARD, action, f"{_APPS}/{app}"]


def _names(facility: Facility) -> tuple[str, ...]:
    ways = [way for way in facility.jupyter if way.kind is JupyterKind.OPEN_ONDEMAND and way.offered]
    return tuple((way.ondemand or OnDemand()).app for way in ways)

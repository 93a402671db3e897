"""XRootD: a source of files with a dataset in it, and the caches before it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, NamedTuple

from afspec.twin.engine import Daemon, Endpoint, Engine
from afspec.twin.room import RoomError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from afspec.facility import Facility
    from afspec.facility.storage import XCacheDoor

_PYTHON = "/opt/afspec/hub/bin/python"
_CONFIGS = "/etc/xrootd/afspec"
_HOST = re.compile(r"x?roots?://([^/:]+)")
# A client that finds nobody must not try for half an hour (XRootD Client Configuration).
IMPATIENT = {
    "XRD_CONNECTIONWINDOW": "2",
    "XRD_CONNECTIONRETRY": "1",
    "XRD_STREAMERRORWINDOW": "0",
    "XRD_REQUESTTIMEOUT": "4",
    "XRD_STREAMTIMEOUT": "4",
    "XRD_TIMEOUTRESOLUTION": "1",
}


class Config(NamedTuple):
    """A compiled configuration: what the engine needs to know of it, and where it lies in the room."""

    path: str
    text: str
    port: int
    export: str
    root: str
    state: tuple[str, ...]

    @classmethod
    def parse(cls, path: str, text: str) -> Config:
        """Read the directives of xrootd."""
        words = [line.split() for line in text.splitlines() if line and not line.startswith("#")]
        first = {line[0]: line[1] for line in reversed(words) if len(line) > 1}
        state = (first["all.adminpath"], first["all.pidpath"])
        return cls(path, text, int(first["xrd.port"]), first["all.export"], first.get("oss.localroot", ""), state)


class Server(NamedTuple):
    """An xrootd: a source or a cache."""

    name: str
    host: str
    user: str
    config: Config


class XRootD(Engine):
    """A source and a cache for every door that is offered; xrootd listens on every address of its network."""

    name: ClassVar[str] = "xrootd"

    @staticmethod
    def applies(facility: Facility) -> bool:
        """Where a cache is offered."""
        return bool(_doors(facility))

    @staticmethod
    def hosts(facility: Facility) -> Sequence[str]:
        """The caches, and their sources."""
        doors = _doors(facility)
        return [*(_host(door.door) for door in doors), *(_source(facility, door) for door in doors)]

    def prepare(self) -> None:
        """Configurations, folders for the daemons, and the dataset."""
        for server in [*self.sources, *self.caches]:
            self.room.write(server.config.path, server.config.text)
            for folder in (*server.config.state, server.config.root):
                if folder:
                    self.room.make_folder(folder, owner=server.user)
        for server in self.sources:
            self._write_dataset(server)

    @property
    def sources(self) -> list[Server]:
        """The sources, each once."""
        every: dict[int, Server] = {}
        for door in _doors(self.facility):
            config = self._config(f"xcache/{door.name}/replica/origin.cfg", f"origin-{door.name}.cfg")
            server = Server(f"origin-{door.name}", _source(self.facility, door), door.replica.user, config)
            every.setdefault(config.port, server)
        return list(every.values())

    @property
    def caches(self) -> list[Server]:
        """The caches in the order of the spec."""
        return [
            Server(
                f"xcache-{door.name}",
                _host(door.door),
                door.replica.user,
                self._config(f"xcache/{door.name}/xcache.cfg", f"xcache-{door.name}.cfg"),
            )
            for door in _doors(self.facility)
        ]

    def _config(self, compiled: str, name: str) -> Config:
        return Config.parse(f"{_CONFIGS}/{name}", self.files.text(compiled))

    def daemons(self) -> Sequence[Daemon]:
        """Sources, then caches, as the user that Debian's package makes for them."""
        return [
            Daemon(
                server.name,
                ("xrootd", "-n", server.name, "-c", server.config.path),
                user=server.user,
                environment=IMPATIENT,
                directory=server.config.state[0],
            )
            for server in [*self.sources, *self.caches]
        ]

    def ready(self, daemon: Daemon) -> str:
        """Whether it says its version to a client."""
        server = next(server for server in [*self.sources, *self.caches] if server.name == daemon.name)
        address = f"{server.host}:{server.config.port}"
        command = ["xrdfs", address, "query", "config", "version"]
        try:
            done = self.room.run(command, user=server.user, env=IMPATIENT, directory="/", timeout=6, check=False)
        except RoomError:
            return f"{address} gives no answer"
        return "" if done.returncode == 0 else f"{address}: {(done.stderr or done.stdout).strip()[-200:]}"

    def endpoints(self) -> Sequence[Endpoint]:
        """The doors."""
        return [
            Endpoint(server.name, f"root://{server.host}:{server.config.port}")
            for server in [*self.sources, *self.caches]
        ]

    def dataset(self) -> str:
        """Address of the dataset at its source: 100,000 events, tree Events."""
        source = self.sources[0]
        return f"root://{source.host}:{source.config.port}/{self._dataset_path(source)}"

    def _dataset_path(self, source: Server) -> str:
        """Path as clients name it: the first user's folder of what the source exports."""
        folder = source.config.export.rstrip("/")
        user = self.twin.users[0].name
        return f"{folder}/{user}/nanoaod.root" if not source.config.root else f"{folder}/user/{user}/nanoaod.root"

    def _write_dataset(self, source: Server) -> None:
        """Write it as its owner, for everybody to read; once."""
        path = source.config.root + self._dataset_path(source)
        owner = self.twin.users[0].name
        # Where it is an area of the facility, it was nobody else's to read.
        self.room.make_folder(path.rpartition("/")[0], owner=owner)
        if self.room.exists(path):
            return
        script = Path(__file__).parent.with_name("nanoaod.py").read_text()
        self.room.run([_PYTHON, "-", path], user=owner, stdin=script, directory="/", timeout=60)


def _doors(facility: Facility) -> list[XCacheDoor]:
    return [door for door in facility.storage.xcache if door.offered] if facility.storage else []


def _host(url: str) -> str:
    found = _HOST.match(url)
    if found is None:
        raise ValueError(f"not an address of XRootD: {url}")
    return found[1]


def _source(facility: Facility, door: XCacheDoor) -> str:
    """The source's host: that of the site's own storage where it has a door for XRootD."""
    areas = facility.storage.areas if facility.storage else ()
    inside = [area.inside for area in areas if area.offered and area.inside and _HOST.match(area.inside)]
    return _host(inside[0]) if inside else door.replica.source

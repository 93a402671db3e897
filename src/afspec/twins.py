"""Twins of facilities, as the command line handles them: from a spec to a running miniature, and back to nothing.

Joins the compiler and the twin, which know nothing of each other.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from afspec.compiler import Frontend, Site, compile_site, look_up, render_site
from afspec.source import to_plain
from afspec.source.text import fail
from afspec.twin import state as states
from afspec.twin.context import GID, CompiledFiles, Secrets, Twin
from afspec.twin.hosts import addresses, public
from afspec.twin.processes import end, marked
from afspec.twin.registry import engines_of
from afspec.twin.relocate import ports, relocate
from afspec.twin.reserve import reserve
from afspec.twin.room import RoomError
from afspec.twin.room.host import HostRoom
from afspec.twin.room.private import BUILD, PrivateRoom, remove_tree
from afspec.twin.start import start_all
from afspec.twin.storage import make_areas, users_of
from afspec.twin.wants import environments_of, layers_of, left_out, needs_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from afspec.compiler import Checked
    from afspec.facility import Facility
    from afspec.twin.engine import Ailment, Engine
    from afspec.twin.needs import Need
    from afspec.twin.start import Report
    from afspec.twin.state import State
    from afspec.verify import Report as VerifyReport
    from afspec.verify import Watcher

_STATE_PREFIX = "/var/lib/afspec"


@dataclass
class Running:
    """A twin that is there: its engines can be asked, started again, and taken down."""

    state: State
    twin: Twin
    engines: list[Engine]

    @property
    def facility(self) -> Facility:
        """The facility that it is a miniature of."""
        return self.twin.facility

    def engine(self, name: str) -> Engine:
        """One of its engines; StopIteration where it has none of that name."""
        return next(engine for engine in self.engines if engine.name == name)

    def ailments(self) -> list[Ailment]:
        """What is wrong with any of them."""
        return [ailment for engine in self.engines for ailment in engine.ailments()]

    def raise_up(self, report: Report) -> bool:
        """Start what is not well; the result is whether there was anything to do.

        Raises:
            EngineError: an engine does not get well.
        """
        everything = not self.state.up
        ailing = [engine for engine in self.engines if everything or engine.ailments()]
        start_all(ailing, report)
        self.state.up = True
        self.state.save()
        return bool(ailing)

    def differs_from(self, found: Found) -> bool:
        """Whether it was made of another state of the spec."""
        return self.state.digest != found.digest


@dataclass(frozen=True)
class Found:
    """A spec that a twin can be made of."""

    path: str
    checked: Checked

    @property
    def data(self) -> dict[str, Any]:
        """The spec as plain data, its bases merged in."""
        data: dict[str, Any] = _as_written(to_plain(self.checked.document.root))
        data.pop("extends", None)
        return data

    @property
    def digest(self) -> str:
        """A name for this state of the spec; remarks in it do not matter."""
        return hashlib.sha256(json.dumps(self.data).encode()).hexdigest()

    @cached_property
    def texts(self) -> dict[str, str]:
        """The compiled files by path."""
        return {artifact.path: artifact.text for group in render_site(self.checked).values() for artifact in group}

    @property
    def needs(self) -> list[Need]:
        """What must be installed before it can start."""
        return needs_of(self.facility, self.texts)

    @property
    def facility(self) -> Facility:
        """What it describes."""
        return self.checked.facility


def _as_written(value: Any) -> Any:
    """The same data for JSON: a number with a point keeps its form, as a version must (1.30 is not 1.3)."""
    if isinstance(value, dict):
        return {key: _as_written(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_as_written(item) for item in value]
    return str(value) if isinstance(value, float) else value


def find(spec: str) -> Found:
    """The spec of a twin: `slac` is specs/twin/slac.yaml; anything with a slash or a suffix is looked up as it is.

    Raises:
        AfspecError: there is none, or it has errors.
    """
    named = "/" in spec or spec.endswith((".yaml", ".yml"))
    path = look_up(spec if named else f"twin/{spec}.yaml")[0]
    return Found(path, Frontend(dt.datetime.now(tz=dt.UTC).date()).check(path))


def known() -> list[str]:
    """The twins that specs/twin/ offers."""
    return [Path(path).stem for path in look_up("twin/*.yaml")]


def missing_of(found: Found) -> list[Need]:
    """What is not there of what it needs; without what only some engines need, these stay out."""
    out = left_out(found.facility)
    return [need for need in found.needs if not need.present() and not set(need.serves) & set(out)]


def verified(found: Found, watcher: Watcher | None = None) -> VerifyReport:
    """What tools that are here say of the compiled files; nothing of these is executed, and answers are remembered."""
    from afspec.verify import Compiled, verify  # noqa: PLC0415 - other commands need nothing of it

    return verify(Compiled.of_texts(found.facility.name, found.texts), watcher=watcher, static=True)


def up(found: Found, report: Report) -> tuple[Running, bool]:
    """Bring a twin up, or what ails of one that is up already; the flag says whether there was anything to do.

    What could not be brought up remains, so that it can be looked at and taken down.

    Raises:
        AfspecError, RoomError, EngineError, BlockingIOError: it cannot be done; the message says why.
    """
    name = found.facility.name
    with states.locked(name):
        running = attach(name)
        if running is None:
            _remove(name)
            running = _begin(found)
        return running, running.raise_up(report)


def attach(name: str) -> Running | None:
    """The twin of that name; None where there is none, or where nothing of it runs any more."""
    state = states.load(name)
    if state is None or not state.current:
        return None
    checked = _check(state.folder / f"{name}.yaml")
    if checked is None:
        return None
    facility = checked.facility
    room = _room(state, facility)
    return _running(state, facility, room) if room.is_open else None


def down(name: str) -> bool:
    """Take a twin down, whatever state it is in; the result is whether there was anything of it.

    Raises:
        RoomError: something of it does not end.
        BlockingIOError: another command is at it.
    """
    with states.locked(name):
        return _remove(name)


def _remove(name: str) -> bool:
    folder = states.twins_folder() / name
    if not folder.exists():
        return False
    state = states.load(name)
    if state and state.current:
        if state.private and state.first:
            PrivateRoom(folder, state.first).close()
        elif not state.private:
            HostRoom(folder, {}).close()
    # Also what a command left behind that was killed before it could write anything down.
    if left := end(lambda: marked(str(folder)), patience=4):
        raise RoomError(f"processes of {name} do not end: {', '.join(map(str, sorted(left)))}")
    remove_tree(folder)
    return True


def _begin(found: Found) -> Running:
    """The folder, the compiled files and the room of a new twin; its engines are not started yet."""
    facility = found.facility
    layers = layers_of(facility, found.texts)
    folder = states.twins_folder() / facility.name
    state = states.State(facility.name, found.path, folder, private=bool(layers), digest=found.digest)
    state.folder.mkdir(parents=True, mode=0o700)
    state.layers = [str(layer) for layer in layers]
    state.left_out = left_out(facility)
    checked = _compile(found, state)
    facility = checked.facility
    classes = engines_of(facility, state.left_out)
    state.hosts = addresses(facility, classes) if state.private else {}
    state.save()
    if state.private:
        room = PrivateRoom.open(state.folder, layers, _machine(facility))
        state.first = room.first
        state.save()
        users = users_of(facility)
        room.furnish(state.hosts, public(facility, state.hosts), users, GID)
        make_areas(facility, room, users)
        return _running(state, facility, room)
    host = HostRoom.open(state.folder, _homes(facility))
    make_areas(facility, host, users_of(facility))
    return _running(state, facility, host)


def _machine(facility: Facility) -> str:
    """What the room's machine is called: what the compiled configurations say, which schedulers refuse elsewhere."""
    pools = [pool for pool in facility.batch if pool.offered]
    return pools[0].replica.host if pools else facility.name


def _compile(found: Found, state: State) -> Checked:
    """Write the twin's own spec, whole and with nothing to extend, and compile it."""
    data = found.data
    if not state.private:
        data = _relocated(data, found.facility, state.folder)
    # JSON is YAML (YAML 1.2.2, 1.2).
    spec = state.folder / f"{found.facility.name}.yaml"
    spec.write_text(json.dumps(data, indent=1) + "\n")
    checked = Frontend(dt.datetime.now(tz=dt.UTC).date()).check(str(spec))
    compile_site(Site(str(spec), str(state.folder / "build")), checked)
    return checked


def _relocated(data: dict[str, Any], facility: Facility, folder: Path) -> dict[str, Any]:
    prefixes = {f"/opt/afspec/{name}": str(path) for name, path in environments_of(facility).items()}
    moved = reserve(folder, ports(data))
    result: dict[str, Any] = relocate(data, prefixes | {_STATE_PREFIX: str(folder / "var")}, moved)
    return result


def _check(spec: Path) -> Checked | None:
    return Frontend(dt.datetime.now(tz=dt.UTC).date()).check(str(spec)) if spec.exists() else None


def _homes(facility: Facility) -> dict[str, str]:
    return {user.name: user.home for user in users_of(facility)}


def _room(state: State, facility: Facility) -> PrivateRoom | HostRoom:
    if not state.private:
        return HostRoom(state.folder, _homes(facility))
    if state.first is None:
        raise fail("AF0001", f"{state.name} was never brought up", place=str(state.folder), hint="Take it down first.")
    return PrivateRoom(state.folder, state.first)


def _running(state: State, facility: Facility, room: PrivateRoom | HostRoom) -> Running:
    host = state.folder / "build" / facility.name
    files = CompiledFiles(host, f"{BUILD}/{facility.name}" if state.private else str(host))
    secrets = Secrets(state.folder / "secrets.json")
    twin = Twin(state.name, facility, files, room, secrets, users_of(facility))
    return Running(state, twin, [engine(twin) for engine in engines_of(facility, state.left_out)])


def everything() -> Iterator[str]:
    """Names of all twins of this user, also of those that never came up."""
    yield from states.names()

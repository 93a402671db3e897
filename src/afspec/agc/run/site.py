"""A site's settings for the analysis, as `afspec compile` writes them: build/NAME/agc/site.yaml."""

from __future__ import annotations

import getpass
import os
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

from afspec.agc.errors import AgcError
from afspec.agc.run.addresses import Addresses, SiteAddresses

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, MutableMapping

_WHERE: Final = "Name what `afspec compile SPEC -o build` writes: build/NAME, or its agc/site.yaml"
_PROXY: Final = "X509_USER_PROXY"
_AGAIN: Final = "Compile it again: `afspec compile SPEC -o build`"
_VARIABLE: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")

T = TypeVar("T", str, int, bool, list[Any])


@dataclass(frozen=True, slots=True)
class SiteSettings:
    """What a site says of the analysis.

    Attributes:
        name: the site's.
        folder: what was compiled for it; its dask/cluster.py starts workers.
        via: the way to Dask that is meant where none is named; "" where the site offers none.
        addresses: how addresses are rewritten.
        workers: how many a run asks for.
        chunk: events at a time.
        environment: variables for clients of files, {user} and {initial} filled in.
    """

    name: str
    folder: Path
    via: str = ""
    addresses: SiteAddresses = field(default_factory=SiteAddresses)
    workers: int | None = None
    chunk: int | None = None
    environment: Mapping[str, str] = field(default_factory=dict)

    @property
    def words(self) -> str:
        """What of it a run goes by, in a line."""
        return f"{self.name}: files through {self.addresses.xcache or 'no cache'}, Dask by {self.via or 'no way'}"

    def export(self, environment: MutableMapping[str, str] | None = None) -> None:
        """Set the variables that are not set, for the clients in this process; a proxy only where there is one."""
        environment = os.environ if environment is None else environment
        for name, value in self.environment.items():
            if name != _PROXY or Path(value).is_file():
                environment.setdefault(name, value)


def load_site(path: Path) -> SiteSettings:
    """The settings in a compiled folder, or in a file.

    Raises:
        AgcError: there are none, or they are not in their form; the message says where.
    """
    import yaml  # noqa: PLC0415 - only where a site is named

    place = next((each for each in (path, path / "agc/site.yaml", path / "site.yaml") if each.is_file()), None)
    if place is None:
        raise AgcError(f"{path} holds no agc/site.yaml", _WHERE)
    try:
        told = yaml.safe_load(place.read_text("utf-8"))
    except (OSError, ValueError, yaml.YAMLError) as error:  # a day that no month has is a ValueError
        raise AgcError(f"{place} cannot be read: {' '.join(str(error).split())}", _AGAIN) from None
    return _settings(_Part(told, f"{place}"), place)


def addresses(
    site: SiteSettings | None, rewrites: tuple[tuple[str, str], ...], xcache: str | None
) -> Callable[[str], str]:
    """How addresses become those that are opened: by what was typed first, then by the site.

    Arguments:
        site: its settings, if a site was named.
        rewrites: rules as they were typed.
        xcache: the cache that was typed, instead of the site's; "" for none at all, None where none was typed.
    """
    if site is None:
        return Addresses(rewrites, xcache or "")
    own = site.addresses
    first, then = (
        Addresses(rewrites),
        SiteAddresses(own.rewrites, own.xcache if xcache is None else "", own.source_port),
    )
    last = Addresses(xcache=xcache or "")
    return lambda address: last(then(first(address)))


@dataclass(frozen=True, slots=True)
class _Part:
    """A part of the file that must be a mapping, and where it is."""

    value: Any
    place: str

    def __post_init__(self) -> None:
        if not isinstance(self.value, dict):
            raise AgcError(f"{self.place} is no mapping", _AGAIN)

    def part(self, name: str) -> _Part:
        return _Part(self.value.get(name, {}), f"{self.place}: {name}")

    def get(self, name: str, kind: type[T], default: T) -> T:
        found = self.value.get(name, default)
        if type(found) is not kind:
            what = {str: "a text", int: "a number", bool: "true or false", list: "a list"}[kind]
            raise AgcError(f"{self.place}: {name}: {what} is wanted, {found!r} is there", _AGAIN)
        result: T = found
        return result


def _settings(told: _Part, place: Path) -> SiteSettings:
    inputs, dask = told.part("inputs"), told.part("dask")
    rules = [_Part(each, f"{place}: inputs: rewrites") for each in inputs.get("rewrites", list, [])]
    return SiteSettings(
        name=told.get("site", str, ""),
        folder=_compiled(place.parent),
        via=dask.get("via", str, ""),
        addresses=SiteAddresses(
            tuple((rule.get("prefix", str, ""), rule.get("replacement", str, "")) for rule in rules),
            inputs.get("xcache", str, ""),
            inputs.get("source_port", bool, False),
        ),
        workers=dask.get("workers", int, 0) or None,
        chunk=told.get("chunk_events", int, 0) or None,
        environment=_environment(told.part("environment")),
    )


def _compiled(folder: Path) -> Path:
    """What was compiled for the site: the settings' folder, or the one above where that is agc, by any name."""
    if folder.name == "agc":
        return folder.parent
    here = folder.resolve()
    return here.parent if here.name == "agc" else folder


def _environment(told: _Part) -> dict[str, str]:
    """Variables, with the user's name in them."""
    user, found = _user(), {}
    for name in told.value:
        value = told.get(name, str, "")
        if not isinstance(name, str) or not _VARIABLE.match(name) or "\0" in value:
            raise AgcError(f"{told.place}: {name!r} cannot be set as a variable", _AGAIN)
        found[name] = value.replace("{user}", user).replace("{initial}", user[:1])
    return found


def _user() -> str:
    """The user's name; in pods the user may have no more than a number."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return str(os.getuid())

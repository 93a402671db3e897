"""Addresses of files: rewritten by prefix, sent through an XCache, and shown without what they keep secret.

A prefix that goes in front is XCache's own convention: root://cache.site//root://origin//path.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from afspec.agc.errors import AgcError

_SCHEME: Final = re.compile(r"^([A-Za-z][A-Za-z0-9+.-]*)://")
# Those that an XRootD server may answer too: the same host, port and path.
_XROOTD: Final = ("root", "roots", "xroot", "xroots")
_XROOTD_PORT: Final = "1094"
# What leads through a cache names its source behind the door.
_BEHIND: Final = re.compile(r"x?roots?://[^/]+/+x?roots?://")
_ROOT_PATH: Final = re.compile(r"\A(x?roots?://[^/]+)/+([^/].*)\Z", re.DOTALL)
_PORT: Final = re.compile(r":[0-9]+\Z")
_SPOKEN: Final = (*_XROOTD, "https", "http", "davs", "dav")
_WEB_PORT: Final = {"https": 443, "davs": 443, "http": 80, "dav": 80}
_USER: Final = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*://)[^/@\s]+@")
_QUERY: Final = re.compile(r"(?<=[?&])([A-Za-z0-9_.-]+)=[^&\s,'\"]+")


def is_remote(address: str) -> bool:
    """Whether it names a scheme: root://..., https://..., not a path."""
    return bool(_SCHEME.match(address))


def without_secrets(text: str) -> str:
    """A text that may hold addresses, without their users, passwords and the values of their queries (?authz=...)."""
    return _QUERY.sub(r"\1=***", _USER.sub(r"\1***@", text))


def as_root(address: str) -> str:
    """The root:// address of a file that a server tells over HTTP too.

    Raises:
        AgcError: it is a local path, or of a scheme that XRootD does not speak.
    """
    found = _SCHEME.match(address)
    if not found or found[1].lower() not in _SPOKEN:
        raise AgcError(
            f"{without_secrets(address)} cannot be read through an XCache",
            "A cache serves root:// and https:// addresses; leave --xcache out, or --rewrite the file to one",
        )
    scheme = found[1].lower()
    host, slash, path = address[found.end() :].partition("/")
    if not slash:
        raise AgcError(f"{without_secrets(address)} names a server and no file", "It wants a path: root://host//path")
    if scheme in {"roots", "xroots"}:
        return f"roots://{host}//{path.lstrip('/')}"
    if (port := _WEB_PORT.get(scheme)) and host.endswith(f":{port}"):
        # XRootD's own port is meant: nothing speaks root:// on the web's.
        host = host.removesuffix(f":{port}")
    return f"root://{host}//{path.lstrip('/')}"


@dataclass(frozen=True, slots=True)
class Addresses:
    """How addresses of a file list become those that are opened.

    Attributes:
        rewrites: (prefix, replacement); the longest prefix that fits counts, and only once.
        xcache: the cache that files are read through, root://host[:port]//; "" for none. What is behind a cache
            already stays.
    """

    rewrites: tuple[tuple[str, str], ...] = ()
    xcache: str = ""

    def __call__(self, address: str) -> str:
        """The address to open.

        Raises:
            AgcError: the file cannot be read through the cache.
        """
        fitting = [rule for rule in self.rewrites if address.startswith(rule[0])]
        if fitting:
            prefix, replacement = max(fitting, key=lambda rule: len(rule[0]))
            address = replacement + address.removeprefix(prefix)
        if not self.xcache or _is_behind(address, self.xcache):
            return address
        return self.xcache + as_root(address)


@dataclass(frozen=True, slots=True)
class SiteAddresses:
    """How a site's own settings rewrite addresses: as its rewrite_inputs.py and its users' shells do.

    Unlike what is typed, they say which servers of https answer root:// too: all others are read straight.

    Attributes:
        rewrites: (prefix, replacement), whole up to a slash, a question mark or the end; the longest that fits counts.
        xcache: the cache's door, root://host[:port]; "" for none.
        source_port: whether the cache wants a port of every source.
    """

    rewrites: tuple[tuple[str, str], ...] = ()
    xcache: str = ""
    source_port: bool = False

    def __call__(self, address: str) -> str:
        """The address to open; twice is once."""
        door = self.xcache.rstrip("/")
        if door and _is_behind(address, door):
            return address
        given, address = address, self._direct(address)
        if not door or _is_behind(address, door):
            return address
        if not _ROOT_PATH.match(address):
            # Without a path it names no file.
            return given if _server(address) != ("", "") else address
        scheme, _, rest = address.partition("://")
        host, _, path = rest.partition("//")
        if self.source_port and not _PORT.search(host):
            host = f"{host}:{_XROOTD_PORT}"
        return f"{door}//{scheme}://{host}//{path}"

    def _direct(self, address: str) -> str:
        """Without the cache, and with the two slashes of an absolute path."""
        fitting = [
            (prefix, new)
            for prefix, new in self.rewrites
            if address == prefix or address.startswith((f"{prefix}/", f"{prefix}?"))
        ]
        if fitting:
            prefix, new = max(fitting, key=lambda rule: len(rule[0]))
            address = new + address.removeprefix(prefix)
        return _ROOT_PATH.sub(r"\1//\2", address)


def _is_behind(address: str, door: str) -> bool:
    """Whether it leads through a cache: that of the door, or one that it names itself."""
    return bool(_BEHIND.match(address)) or (_server(address) == _server(door) != ("", ""))


def _server(address: str) -> tuple[str, str]:
    """Host and port of a root:// address; ("", "") for any other."""
    found = _SCHEME.match(address)
    if not found or found[1].lower() not in _XROOTD:
        return "", ""
    host = address[found.end() :].partition("/")[0].rpartition("@")[2].lower()
    port = _PORT.search(host)
    return host.removesuffix(port[0]) if port else host, port[0][1:] if port else _XROOTD_PORT


def parse_rewrite(text: str) -> tuple[str, str]:
    """A rewriting rule as it is typed: PREFIX=REPLACEMENT.

    The first = that follows the prefix's scheme, host and path parts it; prefixes with = in them cannot be typed.

    Raises:
        AgcError: it has no =, or no prefix.
    """
    prefix, sign, replacement = text.partition("=")
    if not sign or not prefix:
        raise AgcError(
            f"--rewrite {text!r} is no rule", "It wants PREFIX=REPLACEMENT, as in https://origin:1094//=root://door//"
        )
    return prefix, replacement


def parse_xcache(text: str) -> str:
    """A cache as it is typed, always ending in //; "" stays.

    Raises:
        AgcError: it is no root:// address of a server.
    """
    if not text:
        return ""
    found = _SCHEME.match(text)
    host = text[found.end() :].rstrip("/") if found else ""
    if not found or found[1].lower() not in _XROOTD or not host or "/" in host:
        raise AgcError(f"--xcache {without_secrets(text)!r} is no cache", "It wants root://host[:port]//")
    return f"{found[1].lower()}://{host}//"

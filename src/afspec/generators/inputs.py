"""How a site rewrites addresses of inputs: what users' shells, the AGC's file list and `afspec agc run` all work by."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from afspec.facility import Facility
    from afspec.facility.storage import XCacheDoor


class Rewrite(NamedTuple):
    """A prefix of addresses and its replacement, both without trailing slashes; a slash or ? follows, or nothing."""

    prefix: str
    replacement: str


def rewrites(facility: Facility) -> tuple[Rewrite, ...]:
    """The site's rewritings, the longest prefix first: the first that fits an address counts, and no other."""
    rules = facility.agc.rewrites if facility.agc else ()
    bare = {rule.prefix.rstrip("/"): rule.replacement.rstrip("/") for rule in reversed(rules)}
    return tuple(Rewrite(*rule) for rule in sorted(bare.items(), key=lambda rule: (-len(rule[0]), rule)))


def first_cache(facility: Facility) -> XCacheDoor | None:
    """The cache that is meant where none is named: the first that is offered."""
    storage = facility.storage
    return next((door for door in storage.xcache if door.offered), None) if storage else None

"""Section `storage`: where files belong."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from afspec.facility.common import Capability, Model, NamedCapability
from afspec.facility.quantities import Bytes, Duration
from afspec.facility.replica import XCacheReplica
from afspec.facility.words import Door, EnvironmentName, Flag, Host, Path, ServiceUrl, Text, UserPath, Whole


class Mount(Model):
    """How an area gets into a pod of the site's cluster."""

    target: Path = Field(description="Where the pod sees it.", examples=["/home"])
    source: Path = Field(description="The folder that is mounted.", examples=["/export/home"])
    server: Host | None = Field(None, description="The NFS server that exports it; left out, it is the node's own.")


class Area(NamedCapability):
    """A place for files."""

    path: UserPath = Field(description="Its path; <user> is the user's name, <u> its first letter.")
    purpose: Literal["home", "data", "scratch", "job_scratch", "group", "archive", "software"] = Field(
        "data", description="What belongs there."
    )
    quota: Bytes | None = Field(None, description="How much a user may store.")
    shared: Flag | None = Field(None, description="Whether the quota is that of all users together.")
    backup: Flag | None = Field(None, description="Whether it is backed up.")
    purge: Duration | None = Field(None, description="Age at which files are removed.")
    filesystem: Text | None = Field(None, description="What it is on.", examples=["NFS", "CephFS", "dCache"])
    variable: EnvironmentName | None = Field(None, description="Environment variable that names it.")
    mount: Mount | None = Field(None, description="How it gets into a pod of the site's cluster.")
    inside: ServiceUrl | None = Field(None, description="Door for reading from inside the site.")
    outside: ServiceUrl | None = Field(None, description="Door for reading from outside.")


class Rse(NamedCapability):
    """A Rucio storage element."""

    quota: Bytes | None = Field(None, description="How much a user may store.")


class CacheServer(Model):
    """How the site runs its cache (XRootD documentation, Proxy Storage Services and Caching)."""

    directory: Path = Field("/data/xcache", description="Folder of the cached files.")
    memory: Bytes = Field(4 * 1024**3, description="Memory for blocks on their way (pfc.ram).")
    block: Bytes = Field(1024**2, description="What is fetched at once (pfc.blocksize).")
    prefetch: Whole = Field(0, description="Blocks that are fetched ahead (pfc.prefetch).")
    low: Bytes | None = Field(None, description="How much is left after a purge (pfc.diskusage).")
    high: Bytes | None = Field(None, description="How much starts a purge (pfc.diskusage).")


class XCacheDoor(NamedCapability):
    """An XRootD cache, and how a file is asked of it: <door>//root://host:port//path."""

    door: Door = Field(description="The door alone: root://host:port.")
    source_port: Flag | None = Field(None, description="Whether the source's host needs an explicit port (:1094).")
    capacity: Bytes | None = Field(None, description="How much it holds.")
    server: CacheServer = Field(CacheServer(), description="How the site runs it.")
    replica: XCacheReplica = Field(XCacheReplica(), description="How a miniature of it runs on one machine.")


class Storage(Capability):
    """Where files belong."""

    areas: tuple[Area, ...] = Field((), description="File systems.")
    rses: tuple[Rse, ...] = Field((), description="Rucio storage elements.")
    xcache: tuple[XCacheDoor, ...] = Field((), description="Caches; the first is the default.")

    def area(self, purpose: str) -> Area | None:
        """The first offered area of a purpose."""
        return next((area for area in self.areas if area.purpose == purpose and area.offered), None)

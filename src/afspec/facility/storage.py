"""Section `storage`: where files belong."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from afspec.facility.common import Capability, Model, NamedCapability
from afspec.facility.quantities import Bytes, Duration
from afspec.facility.replica import XCacheReplica
from afspec.facility.words import (
    Door,
    EnvironmentName,
    Flag,
    Host,
    HostPattern,
    Path,
    Port,
    ServiceUrl,
    Text,
    UserPath,
    Whole,
)

# What volumes must say and nobody measures where many share them: no quota is enforced by it.
UNTOLD_SIZE = 10**12


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


class Collector(Model):
    """Who is told how a cache is used, over UDP."""

    host: Host = Field(description="Its name.")
    summary: Port | None = Field(None, description="Port for a summary every minute (xrd.report).")
    stream: Port | None = Field(None, description="Port for who opened and read what (xrootd.monitor).")
    files: Port | None = Field(None, description="Port for what the cache did with each file (xrootd.mongstream).")


class CacheServer(Model):
    """How the site runs its cache (XRootD documentation, Proxy Storage Services and Caching)."""

    directory: Path = Field("/data/xcache", description="Folder of the cached files.")
    memory: Bytes = Field(4 * 1024**3, description="Memory for blocks on their way (pfc.ram).")
    block: Bytes = Field(1024**2, description="What is fetched at once (pfc.blocksize).")
    prefetch: Whole = Field(0, description="Blocks that are fetched ahead (pfc.prefetch).")
    low: Bytes | None = Field(None, description="How much is left after a purge (pfc.diskusage).")
    high: Bytes | None = Field(None, description="How much starts a purge (pfc.diskusage).")
    sources: tuple[HostPattern, ...] = Field(
        (), description="Hosts that it fetches from (pss.permit); left out, any.", examples=[["*.unl.edu"]]
    )
    proxy: Path | None = Field(None, description="The cache's own proxy certificate, for sources that want one.")
    certificates: Path | None = Field(
        None, description="Folder of the authorities that it trusts.", examples=["/etc/grid-security/certificates"]
    )
    collector: Collector | None = Field(None, description="Who is told how it is used.")

    @model_validator(mode="after")
    def _watermarks(self) -> Self:
        if (self.low is None) != (self.high is None) or (self.low or 0) > (self.high or 0):
            message = "a purge has two marks, the lower one below the higher"
            raise PydanticCustomError("afspec_form", message, {"expected": "Give both low and high, or neither."})
        return self


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

    @property
    def mounted(self) -> tuple[tuple[Area, Mount], ...]:
        """The areas that pods of users get, and how; one without a stance is mounted all the same: it says how."""
        return tuple((area, area.mount) for area in self.areas if area.mount and (area.stance is None or area.offered))

    def area(self, purpose: str) -> Area | None:
        """The first offered area of a purpose."""
        return next((area for area in self.areas if area.purpose == purpose and area.offered), None)

"""Which Dask cluster, and how long it is waited for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from afspec.agc.errors import AgcError

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class Tls:
    """Where the files are that a client of a TLS scheduler needs; none of them is read here."""

    ca: Path
    certificate: Path
    key: Path


@dataclass(frozen=True, slots=True)
class DaskOptions:
    """A cluster on this machine, or the one that `address` or `folder` names.

    Attributes:
        workers: how many; None for as many as this process may use cores (on this machine), two (by a folder), and
            those that are there (by address).
        address: tcp://host:port or tls://host:port of a scheduler that somebody else started.
        tls: for tls://; None takes what Dask's own settings say.
        folder: what `afspec compile` wrote for a site, build/NAME or build/NAME/dask.
        via: the site's way to Dask ("jobqueue", "gateway", ...); "" for its first.
        image: what a site's workers run in; None for what this process runs in, "" for no container.
        wait: seconds for the cluster to start, and later for a worker to come back where all have gone.
        at_least: workers that must have come before work begins; None for all of them on this machine, one elsewhere:
            those that come later join in.
        tries: of a unit that meets a passing trouble.
    """

    workers: int | None = None
    address: str = ""
    tls: Tls | None = None
    folder: Path | None = None
    via: str = ""
    image: str | None = None
    wait: float = 300.0
    at_least: int | None = None
    tries: int = 3

    def __post_init__(self) -> None:
        if self.address and self.folder:
            raise AgcError(f"{self.address} and {self.folder} are two clusters", "Name one of them")
        if self.address and "://" not in self.address:
            raise AgcError(f"{self.address} is no scheduler's address", "It reads tcp://HOST:PORT or tls://HOST:PORT")
        if self.tls and not self.address.startswith("tls://"):
            raise AgcError(f"TLS's files are for a tls:// scheduler, not for {self.address or 'one of our own'}")
        for name in ("workers", "at_least"):
            if (count := getattr(self, name)) is not None and count < 1:
                raise AgcError(f"{count} Dask workers cannot work", "Ask for 1 or more")
        if self.wait <= 0:
            raise AgcError(f"A cluster does not start in {self.wait:g} s", "Wait for it longer than nothing")

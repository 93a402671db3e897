"""One run of the kit: the facility, the plan, the ways to it, and what is allowed. Every worker makes it anew."""

from __future__ import annotations

import math
import re
import secrets
import time
from dataclasses import asdict, dataclass, field
from functools import cached_property, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from afspec.conformance.catalogue import SAFETIES, VANTAGES, catalogue
from afspec.conformance.plan import Plan, make_plan
from afspec.report.scan import Forbidden, redact

if TYPE_CHECKING:
    from collections.abc import Mapping

    from afspec.conformance.catalogue import Safety
    from afspec.conformance.credentials import Credentials, Wallet
    from afspec.conformance.reach.vantage import Vantages
    from afspec.facility import Facility

PREFIX = "afspec-"
# Seconds after which whatever a run left behind is anybody's of the same user to remove.
TTL = 3600


@dataclass(frozen=True)
class Request:
    """What was asked for on the command line, as workers are told it; all of it is plain data."""

    site: str
    run: str
    work: str
    twin: bool = False
    vantages: tuple[str, ...] = VANTAGES
    profile: str | None = None
    max_safety: Safety = "touch"
    budget: Mapping[str, float] = field(default_factory=dict)
    credentials: str | None = None
    waivers: str | None = None
    expires: int = 0

    def plain(self) -> dict[str, Any]:
        """The request as JSON data."""
        return asdict(self)

    @classmethod
    def read(cls, data: dict[str, Any]) -> Request:
        """The request of such data."""
        return cls(**{**data, "vantages": tuple(data["vantages"])})


def new_run_id() -> str:
    """A name for a run: eight hexadecimal digits."""
    return secrets.token_hex(4)


def expiry() -> int:
    """When what a run makes now is a leftover: seconds since 1970."""
    return int(time.time()) + TTL


@dataclass
class Run:
    """A run as checks see it; `files` are the site's compiled files by path."""

    request: Request
    facility: Facility
    spec: dict[str, Any]
    files: Mapping[str, str]
    vantages: Vantages
    credentials: Credentials
    wallet: Wallet
    # What this environment lacks by its nature, by capability: a twin has no CVMFS.
    absent: Mapping[str, str] = field(default_factory=dict)
    # The facility as its spec declares it, where the one that is asked had to be moved: the local twin's ports.
    as_declared: Facility | None = None
    # Folders of this machine that are nobody's business, and what they are called instead.
    places: Mapping[str, str] = field(default_factory=dict)
    _internal: set[str] = field(default_factory=set)

    @property
    def declared(self) -> Facility:
        """The facility of the spec, which reports are about."""
        return self.as_declared or self.facility

    @cached_property
    def plan(self) -> Plan:
        """What is to be asked."""
        return make_plan(self.facility, catalogue(), self.request.profile)

    @property
    def work(self) -> Path:
        """The folder of this run's state, shared by all workers."""
        return Path(self.request.work)

    @property
    def name(self) -> str:
        """The start of every name that the run makes at the facility: afspec-RUN-EXPIRY (hexadecimal seconds)."""
        return f"{PREFIX}{self.request.run}-{self.request.expires:x}"

    @property
    def ends(self) -> float:
        """When its budget of time is over: seconds since 1970."""
        wall = self.request.budget.get("wall")
        return self.request.expires - TTL + wall if wall is not None else math.inf

    def allows(self, safety: Safety) -> bool:
        """Whether the run may do things of that kind."""
        return SAFETIES.index(safety) <= SAFETIES.index(self.request.max_safety)

    def hide(self, host: str) -> None:
        """Take a host that the facility does not publish out of all that is written from now on."""
        self._internal.add(host)

    @property
    def forbidden(self) -> Forbidden:
        """What must not be in anything that is published."""
        users = (self.credentials.user,) if self.credentials.user else ()
        return _forbidden(self.wallet.values, users, tuple(sorted(self._internal)))

    def clean(self, text: str) -> str:
        """A text without secrets, users, internal hosts, and places of this machine."""
        for place, name in self.places.items():
            text = text.replace(place, name)
        return redact(text, self.forbidden)


@lru_cache(maxsize=8)
def _forbidden(values: tuple[str, ...], users: tuple[str, ...], hosts: tuple[str, ...]) -> Forbidden:
    # Its patterns are costly to make, and the run learns of a new secret or host only now and then.
    return Forbidden(secrets=values, users=users, hosts=hosts)


# Nothing shorter is ours: a user's own folder may well be called afspec-paper-2024.
_OURS = re.compile(r"afspec-([0-9a-f]{8})-([0-9a-f]{8})(-.*)?", re.DOTALL)


def leftover(name: str, run: str, now: float) -> bool:
    """Whether something of that name may be swept: it is this kit's, and its time is over, or it is this run's."""
    ours = _OURS.fullmatch(name)
    return bool(ours and (ours[1] == run or int(ours[2], 16) < now))

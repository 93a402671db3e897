"""ServiceX: columns of datasets, delivered on request."""

from __future__ import annotations

from pydantic import Field

from afspec.facility.common import NamedCapability, SecretRef
from afspec.facility.words import DnsLabel, Url, Word


class ServiceX(NamedCapability):
    """A ServiceX instance."""

    url: Url | None = Field(None, description="Its endpoint.")
    namespace: DnsLabel | None = Field(None, description="Its namespace; left out, its name.")
    code_generators: tuple[Word, ...] = Field((), description="Code generators.", examples=[["uproot", "xaod"]])
    did_finders: tuple[Word, ...] = Field((), description="Finders of datasets.", examples=[["rucio"]])
    token: SecretRef | None = Field(None, description="Where a user's refresh token is.")

"""coffea-casa: sessions with a Dask cluster of HTCondor jobs."""

from __future__ import annotations

from pydantic import Field

from afspec.facility.common import Capability
from afspec.facility.words import DnsLabel, Reference, Url


class CoffeaCasa(Capability):
    """A coffea-casa instance."""

    url: Url | None = Field(None, description="Where users open it.")
    namespace: DnsLabel | None = Field(None, description="Its namespace; left out, coffea-casa.")
    image: Reference | None = Field(None, description="The image of sessions and workers: one for both.")

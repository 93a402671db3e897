"""REANA: reproducible workflows."""

from __future__ import annotations

from pydantic import Field

from afspec.facility.common import Capability, SecretRef
from afspec.facility.words import DnsLabel, Url


class Reana(Capability):
    """A REANA instance."""

    url: Url | None = Field(None, description="Its address.")
    namespace: DnsLabel | None = Field(None, description="Its namespace; left out, reana.")
    token: SecretRef | None = Field(None, description="Where a user's token is.")

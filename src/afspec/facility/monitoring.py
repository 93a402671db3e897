"""Section `monitoring`: what the site's own monitoring needs that the rest of the spec does not say."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from afspec.facility.common import Model
from afspec.facility.words import Host, Name, Port


class Blackbox(Model):
    """Prometheus' blackbox exporter, which asks on Prometheus' behalf."""

    host: Host = Field("localhost", description="Its host, as Prometheus reaches it.")
    port: Port = Field(9115, description="Its port.")


class Monitoring(Model):
    """How the site watches what it promises; left out, files for all three kinds are made with the defaults."""

    kinds: tuple[Literal["prometheus", "nagios", "check_mk"], ...] = Field(
        ("prometheus", "nagios", "check_mk"), description="What watches."
    )
    blackbox: Blackbox = Field(Blackbox(), description="The blackbox exporter.")
    contact_group: Name | None = Field(None, description="Nagios' contact group that is told.")
    models: tuple[Name, ...] = Field((), description="Models of Triton that are watched one by one.")

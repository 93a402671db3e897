"""Section `software`: what users find installed."""

from __future__ import annotations

from pydantic import Field

from afspec.facility.common import Capability
from afspec.facility.quantities import Duration
from afspec.facility.words import DnsName, Host, Path, Text, Url, UserPath, Word


class Cvmfs(Capability):
    """The CernVM file system."""

    repositories: tuple[Host, ...] = Field(
        (), description="Repositories that are mounted.", examples=[["atlas.cern.ch"]]
    )
    claim: DnsName | None = Field(
        None, description="The PersistentVolumeClaim by which pods of the site's cluster get it."
    )


class SetupAtlas(Capability):
    """ATLASLocalRootBase."""

    root: Path = Field(
        "/cvmfs/atlas.cern.ch/repo/ATLASLocalRootBase", description="ATLAS_LOCAL_ROOT_BASE, where setupATLAS lives."
    )


class Rucio(Capability):
    """Distributed data management."""

    site: Word | None = Field(None, description="SITE_NAME, by which Rucio finds the near caches.", examples=["AF_200"])


class Voms(Capability):
    """Proxies with VOMS attributes."""

    vo: Word = Field("atlas", description="The virtual organisation.")
    attribute: Word | None = Field(None, description="The attribute asked for, without the leading slash.")
    valid: Duration | None = Field(None, description="How long a proxy is asked for.")
    proxy: UserPath | None = Field(None, description="Where the proxy belongs, so that jobs can read it.")


class Iam(Capability):
    """Tokens of an INDIGO IAM."""

    issuer: Url | None = Field(None, description="The issuer.", examples=["https://atlas-auth.cern.ch"])
    title: Text | None = Field(None, description="What it is called.")


class Software(Capability):
    """What users find installed."""

    cvmfs: Cvmfs | None = Field(None, description="The CernVM file system.")
    setup_atlas: SetupAtlas | None = Field(None, description="ATLASLocalRootBase.")
    rucio: Rucio | None = Field(None, description="Distributed data management.")
    voms: Voms | None = Field(None, description="Proxies with VOMS attributes.")
    iam: Iam | None = Field(None, description="Tokens.")

"""ServiceX: columns of datasets, delivered on request."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from afspec.facility.common import Model, NamedCapability, SecretRef
from afspec.facility.quantities import Bytes
from afspec.facility.words import Address, Count, DnsLabel, DnsName, Flag, Url, Word


class ObjectStore(Model):
    """The store on S3 that users fetch results from."""

    url: Url | None = Field(
        None,
        description="Its address for users; left out, results are read inside the cluster only.",
        examples=["https://servicex-minio.example.org"],
    )
    external: Flag | None = Field(None, description="Whether it is the site's own; left out, the chart runs one.")
    size: Bytes | None = Field(
        None, description="Volume of the chart's own; left out, results lie on its node and go with its pod."
    )


class Transformers(Model):
    """The pods that work on a request; left out, what the chart has."""

    minimum: Count | None = Field(None, description="Fewest for a request.")
    maximum: Count | None = Field(None, description="Most for a request.")
    load: Annotated[int, Field(strict=True, ge=1, le=100)] | None = Field(
        None, description="Load above which there are more, percent of a core."
    )
    priority_class: DnsName | None = Field(None, description="Their PriorityClass.")


class ServiceX(NamedCapability):
    """A ServiceX instance."""

    url: Url | None = Field(None, description="Its endpoint.")
    namespace: DnsLabel | None = Field(None, description="Its namespace; left out, its name.")
    code_generators: tuple[Word, ...] = Field((), description="Code generators.", examples=[["uproot", "atlasr22"]])
    did_finders: tuple[Word, ...] = Field(
        (), description="Finders of datasets; the first is the default.", examples=[["rucio", "xrootd"]]
    )
    token: SecretRef | None = Field(None, description="Where a user's refresh token is.")
    tag: Word | None = Field(None, description="Tag of all its images; left out, the chart's.", examples=["v1.5.3"])
    admin: Address | None = Field(
        None,
        description="E-mail address of the first administrator, as its Globus identity has it; "
        "left out, the facility's contact.",
    )
    secret: DnsName | None = Field(
        None,
        description="The Secret with its passwords and keys; left out, NAME-secrets.",
        examples=["servicex-secrets"],
    )
    grid_account: Word | None = Field(None, description="The account by which it asks Rucio.")
    object_store: ObjectStore | None = Field(None, description="Where users fetch results.")
    database: Bytes = Field(8 * 1024**3, description="Volume of its database, which knows users and requests.")
    transformers: Transformers | None = Field(None, description="The pods that work on a request.")

"""coffea-casa: sessions with a Dask cluster of HTCondor jobs."""

from __future__ import annotations

from pydantic import Field

from afspec.facility.common import Capability, Model, SecretRef
from afspec.facility.jupyter import Limits, Profile
from afspec.facility.quantities import Bytes
from afspec.facility.words import Count, DnsLabel, DnsName, Host, Name, Port, Reference, Url, Word


class CoffeaCasaWorkers(Model):
    """The Dask workers of sessions: HTCondor jobs of the docker universe, sent from the session."""

    pool: Name | None = Field(None, description="The HTCondor pool; left out, the first.")
    image: Reference | None = Field(
        None,
        description="Their image, where it is not the sessions' own: the same software, and so the same tag.",
        examples=["hub.opensciencegrid.org/coffea-casa/cc-analysis-alma9:2026.08.12"],
    )
    slots: Name | None = Field(None, description="The pool's queue that they go to; left out, its default.")
    account: Word | None = Field(None, description="Their accounting group; left out, coffea-casa.")
    cores: Count = Field(1, description="Cores a worker.")
    memory: Bytes = Field(4 * 1024**3, description="Memory a worker.")
    disk: Bytes = Field(2 * 1024**3, description="Disk a worker.")
    maximum: Count = Field(50, description="Most workers that a session's cluster grows to.")
    schedd: Host | None = Field(None, description="Where jobs are sent; left out, the pool's head.")
    collector: Word | None = Field(None, description="The collector's name; left out, the pool's head.")
    uid_domain: Host | None = Field(None, description="HTCondor's UID_DOMAIN; left out, the domain of the pool's head.")
    token: SecretRef | None = Field(
        None,
        description="The token by which sessions send jobs; left out, key condor_token of the Secret coffea-casa.",
    )
    port: Port = Field(8788, description="A worker's port in its container.")
    nanny_port: Port = Field(8001, description="Port of a worker's nanny in its container.")


class CoffeaCasa(Capability):
    """A coffea-casa instance."""

    url: Url | None = Field(None, description="Where users open it.")
    namespace: DnsLabel | None = Field(None, description="Its namespace; left out, coffea-casa.")
    image: Reference | None = Field(
        None, description="The image of sessions, and of workers unless they name another: one tag for both."
    )
    login: Name | None = Field(None, description="The one login that it asks; left out, the first that opens it.")
    admins: tuple[Word, ...] = Field((), description="Users who may administer it.")
    limits: Limits | None = Field(None, description="What a session may have, and how long it lasts.")
    profiles: tuple[Profile, ...] = Field((), description="Sizes of sessions that users may choose from.")
    home: Bytes = Field(10 * 1024**3, description="Volume of a user's home.")
    areas: tuple[Name, ...] = Field(
        (), description="Storage areas that sessions see; left out, none, as all sessions run as one user."
    )
    workers: CoffeaCasaWorkers = Field(CoffeaCasaWorkers(), description="The Dask workers of sessions.")
    dashboard_port: Port = Field(8785, description="Port of a session's Dask dashboard.")
    certificate: DnsName | None = Field(
        None,
        description="Secret with ca.pem, hostcert.pem (certificate and key) and hostkey.pem, for all sessions; left "
        "out, each session makes its own at its start, so that none can enter another's cluster.",
    )
    servicex: Name | None = Field(None, description="The ServiceX instance of sessions; left out, the first.")

"""Section `access`: the hosts, URLs and clusters that a user reaches; and `logins`: who may enter by which door."""

from __future__ import annotations

from enum import StrEnum
from typing import Literal

from pydantic import Field

from afspec.facility.common import Capability, Model, Named, NamedCapability, SecretRef
from afspec.facility.replica import SshReplica
from afspec.facility.words import Count, EntityID, Flag, Host, Hosts, Name, Port, Text, Url, Word, expand_hosts


class Door(StrEnum):
    """A way into a facility that a login opens."""

    SSH = "ssh"
    BATCH = "batch"
    JUPYTER = "jupyter"
    PORTAL = "portal"
    KUBERNETES = "kubernetes"
    STORAGE = "storage"
    COFFEA_CASA = "coffea_casa"
    SERVICEX = "servicex"
    TRITON = "triton"
    REANA = "reana"


class Bastion(Model):
    """A host that users pass through on the way to others."""

    host: Host = Field(description="Its name as seen from outside.", examples=["s3dflogin-mfa.slac.stanford.edu"])
    port: Port = Field(22, description="Its SSH port.")
    legacy: Host | None = Field(None, description="An older name that documents still show.")


class SshHost(Named):
    """A host, or a range of hosts of one kind, that users log in to."""

    host: Hosts = Field(description="Its name, or a range of names: attsub[01-08].")
    port: Port = Field(22, description="Its SSH port.")
    machines: Count | None = Field(None, description="How many machines answer to a name that they share.")
    role: Literal["login", "submit", "transfer", "cron"] = Field("login", description="What it is for.")
    via_bastion: Flag | None = Field(
        None, description="Whether it is reached through the bastion. Left out: it is, where there is a bastion."
    )

    @property
    def hosts(self) -> tuple[str, ...]:
        """Every host of the range."""
        return expand_hosts(self.host)


class Ssh(Capability):
    """Login by SSH."""

    bastion: Bastion | None = Field(None, description="The gateway in front of the hosts.")
    hosts: tuple[SshHost, ...] = Field((), description="The hosts that users work on.")
    key_only: Flag | None = Field(None, description="Whether only public keys are accepted.")
    key_types: tuple[Literal["ed25519", "ecdsa", "rsa"], ...] = Field((), description="Key types that are accepted.")
    operating_system: Text | None = Field(None, description="What the hosts run.", examples=["AlmaLinux 9.5"])
    replica: SshReplica = Field(SshReplica(), description="How a miniature of the hosts runs on one machine.")


class WebPage(Named):
    """A page that users open."""

    url: Url = Field(description="Its address.")
    title: Text | None = Field(None, description="What it is.")


class KubernetesAccess(Capability):
    """How users reach the cluster's API."""

    server: Url | None = Field(None, description="The API server; <name> stands for what the user is given.")
    context: Name | None = Field(None, description="The context's name in the kubeconfig.")
    issuer: Url | None = Field(None, description="The OpenID Connect issuer.")
    client_id: Text | None = Field(None, description="The OpenID Connect client.", examples=["vcluster--<name>"])


class Access(Model):
    """The hosts, URLs and clusters that a user reaches."""

    ssh: Ssh | None = Field(None, description="Login by SSH.")
    urls: tuple[WebPage, ...] = Field((), description="Pages that users open.")
    kubernetes: KubernetesAccess | None = Field(None, description="The cluster's API.")


class OidcClient(Model):
    """How a service of the site presents itself to the issuer (OpenID Connect Core 1.0, 9)."""

    id: Text = Field(description="The client's identifier.")
    secret: SecretRef = Field(description="Where the client's secret is.")


class Endpoints(Model):
    """An issuer's addresses, where its kind does not tell them (OpenID Connect Discovery 1.0, 3)."""

    authorize: Url = Field(description="Where users are sent to sign in.")
    token: Url = Field(description="Where codes are exchanged for tokens.")
    userinfo: Url = Field(description="Where claims about the user are read.")


class Login(NamedCapability):
    """A login: an account, how it proves who a user is, and which doors it opens."""

    method: Literal["cilogon", "globus", "oidc", "keycloak", "dex", "active-directory", "ssh-key", "atlas-iam"] = Field(
        description="What checks the user."
    )
    federated: Flag | None = Field(None, description="Whether an account of another institution is enough to enter.")
    issuer: Url | None = Field(None, description="The OpenID Connect issuer.")
    entity_ids: tuple[EntityID, ...] = Field((), description="Identity providers that are accepted, by EntityID.")
    identity_providers: tuple[Text, ...] = Field(
        (), description="Identity providers as the site names them, where EntityIDs are not published."
    )
    username_claim: Word | None = Field(None, description="The claim that becomes the user's name.")
    strip_domain: Host | None = Field(None, description="Domain that is cut off the claim: alice@cern.ch is alice.")
    client: OidcClient | None = Field(None, description="How the site's services present themselves to the issuer.")
    endpoints: Endpoints | None = Field(None, description="The issuer's addresses, where its kind does not tell them.")
    users: tuple[Word, ...] = Field((), description="Who may enter; left out, everybody whom the issuer vouches for.")
    groups: tuple[Word, ...] = Field(
        (), description="Groups whose members may enter, as the issuer names them.", examples=[["atlas/usatlas"]]
    )
    groups_claim: Word | None = Field(None, description="The claim that lists a user's groups.")
    uid_claim: Word | None = Field(
        None,
        description="The claim that is the user's number on the site's file systems; sessions on a cluster run as it.",
        examples=["uidNumber"],
    )
    mfa: Literal["required", "duo", "otp", "none"] | None = Field(None, description="The second factor.")
    opens: tuple[Door, ...] = Field((), description="The doors that this account opens; no others.")
    url: Url | None = Field(None, description="Where users sign in.")
    registration: Url | None = Field(None, description="Where users ask for the account.")

    @property
    def issuer_url(self) -> str | None:
        """The issuer without a slash at its end; that of CILogon and of Globus Auth everybody knows."""
        known = {"cilogon": "https://cilogon.org", "globus": "https://auth.globus.org"}
        issuer = self.issuer or known.get(self.method)
        return issuer.rstrip("/") if issuer else None

    @property
    def lacking(self) -> tuple[str, ...]:
        """Fields without which no hub of the site can send its users here; what takes no OpenID Connect lacks none.

        OAuthenticator 17.4: CILogon's needs the EntityIDs, and Globus' cuts off any domain but is told one.
        """
        needed: dict[str, object] = {"client": self.client, "issuer": self.issuer_url}
        match self.method:
            case "cilogon":
                needed["entity_ids"] = self.entity_ids
            case "globus":
                needed["strip_domain"] = self.strip_domain
            case "oidc":
                needed["endpoints"] = self.endpoints
            case "active-directory" | "ssh-key":
                return ()
        return tuple(field for field, value in needed.items() if not value)

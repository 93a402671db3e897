"""AF32: logins that open nothing or let in the wrong people, promises that no login opens, ways that lead nowhere."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from afspec.diagnostics import Severity
from afspec.facility import Capability, Stance, walk
from afspec.facility.access import Door
from afspec.facility.urls import locate
from afspec.rules.base import Context, Finding, Rule
from afspec.rules.parts import refused

if TYPE_CHECKING:
    from collections.abc import Iterator

    from afspec.facility import Facility

# The doors that a user cannot pass without a login, and what is behind each.
_BEHIND = {
    Door.SSH: "/access/ssh",
    Door.BATCH: "/batch/*",
    Door.JUPYTER: "/jupyter/*",
    Door.COFFEA_CASA: "/services/coffea_casa",
    Door.SERVICEX: "/services/servicex/*",
    Door.TRITON: "/services/triton",
    Door.REANA: "/services/reana",
}


class AF3201(Rule):
    """Login opens a door behind which there is nothing.

    The user signs in and finds nothing, or is sent to a service that was switched off.
    """

    def check(self, facility: Facility, _: Context) -> Iterator[Finding]:
        """Describe what is behind the door, or take the door out of `opens:`."""
        for login in facility.logins:
            for index, door in enumerate(login.opens):
                behind = facility.behind(door)
                if all(stance is Stance.NOT_PROMISED for stance in behind) and not refused(login):
                    what = "is not promised" if behind else "is not described"
                    yield Finding(f"/logins/{login.name}/opens/{index}", f"`{door}` {what}")


class AF3202(Rule):
    """Promised, but no login opens it.

    Users can read that the service is promised, and not which account lets them in; nor can it be proved as an
    ordinary user.
    """

    severity: ClassVar[Severity] = Severity.WARNING

    def check(self, facility: Facility, _: Context) -> Iterator[Finding]:
        """Add the door to the `opens:` of the login that leads there."""
        if not facility.logins:
            return
        # A planned login opens nothing today; one without a stance is taken at its word.
        opened = {door for login in facility.logins if login.stance is None or login.offered for door in login.opens}
        for door, pattern in _BEHIND.items():
            if door in opened:
                continue
            for pointer, capability in walk(facility, pattern):
                if isinstance(capability, Capability) and capability.stance is Stance.PROMISED:
                    yield Finding(f"{pointer}/stance", f"`{pointer}` needs the door `{door}`")


class AF3203(Rule):
    """Federated login that does not say whom it trusts.

    The hub cannot be configured to accept anybody, and users cannot tell whether their own institution is among those
    trusted.
    """

    severity: ClassVar[Severity] = Severity.WARNING

    def check(self, facility: Facility, _: Context) -> Iterator[Finding]:
        """Give its `issuer:`, the `entity_ids:` that it accepts, or its `identity_providers:` by name."""
        for login in facility.logins:
            if login.federated and not (login.issuer or login.entity_ids or login.identity_providers):
                yield Finding(f"/logins/{login.name}/federated", f"`{login.name}`")


class AF3204(Rule):
    """Host is reached through a bastion that is not described.

    Users' SSH configuration goes straight to the host then, which answers nobody from outside.
    """

    def check(self, facility: Facility, _: Context) -> Iterator[Finding]:
        """Describe the gateway under `access: ssh: bastion:`, or take `via_bastion:` out."""
        ssh = facility.access.ssh
        for host in ssh.hosts if ssh and ssh.bastion is None else ():
            if host.via_bastion:
                yield Finding(f"/access/ssh/hosts/{host.name}/via_bastion", f"`{host.name}`")


# What identity providers give as they like; CILogon passes it on (CILogon documentation, OpenID Connect scopes).
_UNSCOPED = frozenset({"cn", "given_name", "name", "nickname", "preferred_username", "uid"})


class AF3205(Rule):
    """Two people could get one user name.

    Through CILogon come people of many institutions, and each has its own alice. A claim that does not name the
    institution makes one user of them, with one home and one set of files.
    """

    def check(self, facility: Facility, _: Context) -> Iterator[Finding]:
        """Take a claim that tells institutions apart (eppn, email, sub), and `strip_domain:` for one of them."""
        for login in facility.logins:
            if login.method != "cilogon" or login.username_claim not in _UNSCOPED:
                continue
            # Where no provider is named, everybody's are accepted.
            if len(login.entity_ids or login.identity_providers) != 1:
                yield Finding(f"/logins/{login.name}/username_claim", f"`{login.username_claim}`")


_SIGN_IN = (
    ("/access/urls/*", ("url",)),
    ("/access/kubernetes", ("server", "issuer")),
    ("/logins/*", ("url", "issuer", "registration")),
    ("/jupyter/*", ("url",)),
    ("/dask/gateway", ("url",)),
    ("/services/coffea_casa", ("url",)),
    ("/services/servicex/*", ("url",)),
    ("/services/reana", ("url",)),
)


class AF3206(Rule):
    """Users sign in over a connection that anybody can read.

    Passwords, cookies and tokens travel as they are over http; whoever sees one of them is the user from then on.
    """

    severity: ClassVar[Severity] = Severity.WARNING

    def check(self, facility: Facility, _: Context) -> Iterator[Finding]:
        """Write the https address; a service on the user's own machine (127.0.0.1, localhost) may do without."""
        for pattern, fields in _SIGN_IN:
            for pointer, part in walk(facility, pattern):
                for field in fields:
                    url = getattr(part, field)
                    if url and url.startswith("http://") and not _is_here(url):
                        yield Finding(f"{pointer}/{field}", f"`{url}`")


def _is_here(url: str) -> bool:
    host = locate(url).host
    return host == "localhost" or host.startswith("127.")

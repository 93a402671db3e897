"""How users come in: accounts, hosts, pages."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from afspec.generators.aliases import aliases, bastion_alias
from afspec.generators.quoting import code

from .evidence import marked
from .layout import blocks, joined, link, notes, table
from .words import flag, standing

if TYPE_CHECKING:
    from afspec.facility import Facility
    from afspec.generators.quoting import Raw

_METHODS = {
    "cilogon": "CILogon",
    "globus": "Globus",
    "oidc": "OpenID Connect",
    "keycloak": "Keycloak",
    "dex": "Dex",
    "active-directory": "Active Directory",
    "ssh-key": "SSH key",
    "atlas-iam": "ATLAS IAM",
}
_ROLES = {"login": "interactive work", "submit": "submitting jobs", "transfer": "moving files", "cron": "cron jobs"}


def logins(facility: Facility) -> Raw:
    """Which account opens which door."""
    rows = [
        (
            login.name,
            marked(facility, f"/logins/{login.name}", standing(login)),
            joined(*(door.value.replace("_", "-") for door in login.opens), by=", "),
            joined(_METHODS[login.method], *login.identity_providers, by=", "),
            flag(login.federated, "your own institution's", "the site's"),
            "" if login.mfa is None else login.mfa,
        )
        for login in facility.logins
    ]
    remarks = [
        (
            login.name,
            joined(
                joined("sign in at", link(login.url), by=" ") if login.url else None,
                joined("ask for it at", link(login.registration), by=" ") if login.registration else None,
                login.note,
            ),
        )
        for login in facility.logins
    ]
    header = ("Login", "Stance", "Opens", "Checked by", "Account", "Second factor")
    return blocks(table(header, rows), notes(remarks))


def _ssh_made(facility: Facility) -> bool:
    ssh = facility.access.ssh
    return ssh is not None and ssh.offered and bool(ssh.hosts)


def first_alias(facility: Facility) -> str | None:
    """The first alias that is for working or submitting."""
    ssh = facility.access.ssh
    if ssh is None or not _ssh_made(facility):
        return None
    found = aliases(facility.name, ssh)
    return next((item.alias for item in found if item.item.role in {"login", "submit"}), found[0].alias)


def hosts(facility: Facility) -> Raw:
    """Hosts, and their aliases where ssh/config is made."""
    ssh = facility.access.ssh
    if ssh is None:
        return table((), ())
    made = _ssh_made(facility)
    rows: list[tuple[Any, ...]] = []
    if ssh.bastion:
        alias = bastion_alias(facility.name, ssh)
        rows.append((code(alias) if made else "", code(ssh.bastion.host), "passing on to the others", ""))
    for item in ssh.hosts:
        known = [found for found in aliases(facility.name, ssh) if found.item is item]
        names = f"{known[0].alias} ... {known[-1].alias}" if len(known) > 1 else known[0].alias
        through = "through the gateway" if known[0].through_bastion else "directly" if ssh.bastion else ""
        rows.append((code(names) if made else "", code(item.host), _ROLES[item.role], through))
    return table(("Alias", "Host", "For", "Reached"), rows)


def web(facility: Facility) -> Raw:
    """Pages."""
    return table(("Page", "Address"), [(page.title or page.name, link(page.url)) for page in facility.access.urls])

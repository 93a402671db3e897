"""Sections on what users meet: hosts, storage, services, logins; and where all of it was published."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from afspec.facility.services import Services
from afspec.init.layout import Marked, Noted, Row, known, section
from afspec.init.questions import parts
from afspec.init.resources import another

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_AREAS = ("home", "data", "scratch")


def access(answers: Mapping[str, Any]) -> Noted:
    """One kind of host."""
    note = "The hosts, pages and clusters that users reach."
    pages = [Row(name="portal", url="https://portal.example.org/", title="Portal")]
    host, bastion = answers.get("ssh_host"), answers.get("bastion")
    if host is None:
        return section(note, {"urls": pages}, example=True)
    ssh: dict[str, Any] = {"stance": "promised"}
    if bastion:
        ssh["bastion"] = Row(host=bastion)
    ssh["hosts"] = [Row(name="login", host=host)]
    ssh["key_only"] = Noted("Whether only public keys are accepted, and which.", Marked(value=True))
    ssh["key_types"] = Marked(["ed25519"])
    return section(note, {"ssh": ssh, "urls": Marked(pages)}, example=False)


def storage(answers: Mapping[str, Any]) -> Noted:
    """The three areas that nearly every facility has."""
    note = "Where files belong; a quota, a backup and an age at which files are removed are worth telling."
    areas: list[Any] = [
        Row(name=key, stance="promised", purpose=key, path=answers[key]) for key in _AREAS if key in answers
    ]
    taken = [str(answers[key]).rstrip("/") for key in _AREAS if key in answers]
    path = another(taken, "/group/atlas", "/shared/group", "/srv/group", "/export/group")
    group = Row(name="group", stance="promised", purpose="group", path=path, quota="10 TB", shared=True)
    if not areas:
        return section(note, {"areas": [group]}, example=True)
    door = Row(name="xcache", stance="promised", door="root://xcache.example.org:1094")
    xcache = Noted("Caches in front of remote files; the first is the default.", Marked([door]))
    return section(note, {"areas": [*areas, Marked(group)], "xcache": xcache}, example=False)


def services(answers: Mapping[str, Any]) -> Noted:
    """Each service that is promised; of another, that it is not is an example."""
    note = (
        "Services that analysts use. Of what is not listed nothing is said; a no is said with `stance: not_promised`."
    )
    promised = answers.get("services", [])
    made: dict[str, Any] = {}
    for name in promised:
        field = "http" if name == "triton" else "url"
        address = known(**{field: answers.get(f"{name}_url")})
        many = name == "servicex"
        made[name] = [Row(name=name, stance="promised", **address)] if many else Row(stance="promised", **address)
    absent = [name for name in parts(Services) if name not in promised and name != "servicex"]
    examples = {name: Marked(Row(stance="not_promised")) for name in absent[:1]}
    if not made:
        return section(note, {"triton": Row(stance="not_promised")}, example=True)
    return section(note, {**made, **examples}, example=False)


def logins(answers: Mapping[str, Any]) -> Noted:
    """One account."""
    note = "Accounts: what checks each, and which doors it opens, no others."
    method, opens = answers.get("login"), answers.get("opens")
    second = known(
        name="second-account",
        stance="promised",
        method="cilogon",
        federated=True,
        identity_providers=["CERN"],
        opens=opens[:1] if opens else None,
        registration="https://accounts.example.org/",
    )
    if method is None:
        return section(note, [second], example=True)
    first = known(
        name=method,
        stance="promised",
        method=method,
        federated=answers.get("federated"),
        identity_providers=answers.get("identity_providers"),
        mfa=answers.get("mfa"),
        opens=opens,
    )
    first["registration"] = Noted("Where users ask for the account.", Marked("https://accounts.example.org/"))
    return section(note, [first, Marked(second)], example=False)


def sources(answers: Mapping[str, Any], written: Sequence[str]) -> Noted:
    """The one document as the source of each section."""
    note = (
        "Where each fact was published. A source covers its field and all below that has none of its own; where "
        "documents disagree, both are kept."
    )
    doc = answers.get("source")
    if doc is None:
        return section(note, {"/title": {"doc": "The facility's pages", "as_of": "2026-03"}}, example=True)
    source = Row(known(doc=doc, url=answers.get("source_url"), as_of=answers.get("source_date")))
    made: dict[str, Any] = {f"/{key}": source for key in written}
    disputed = {
        "ssh_host": "/access/ssh/hosts/login/host",
        "home": "/storage/areas/home/path",
        "scheduler": f"/batch/{answers.get('scheduler')}/scheduler",
    }
    if pointer := next((disputed[key] for key in disputed if key in answers), None):
        rival = Row(value="Another value", doc="Another document", as_of="2025-11")
        made[pointer] = Noted("A fact that another document contradicts.", Marked({"doc": doc, "conflict": rival}))
    return section(note, made, example=False)

"""The generator ssh: what the SSH client makes of the configuration."""

from __future__ import annotations

import os
import shutil
import subprocess
from typing import TYPE_CHECKING, Any

import pytest
from afspec.generators.ssh import Ssh

from afspec.facility import Facility

if TYPE_CHECKING:
    from pathlib import Path

SLAC: dict[str, Any] = {
    "bastion": {"host": "s3dflogin-mfa.slac.stanford.edu", "legacy": "s3dflogin.slac.stanford.edu"},
    "hosts": [
        {"name": "iana", "host": "iana"},
        {"name": "dtn", "host": "s3dfdtn.slac.stanford.edu", "role": "transfer", "via_bastion": False},
    ],
    "operating_system": "RHEL 8",
}
BNL: dict[str, Any] = {
    "bastion": {"host": "ssh.sdcc.bnl.gov", "port": 2222},
    "hosts": [{"name": "attsub", "host": "attsub[01-08].sdcc.bnl.gov", "port": 2022}],
}
UCHICAGO: dict[str, Any] = {
    "hosts": [{"name": "login", "host": "login.af.uchicago.edu"}],
    "key_only": True,
    "key_types": ["ed25519", "ecdsa"],
}
DUO = {"name": "slac", "method": "active-directory", "mfa": "duo", "opens": ["ssh", "jupyter"]}


def facility(name: str, ssh: dict[str, Any] | None, **changes: Any) -> Facility:
    """A site with that SSH section, which it promises."""
    access = {"ssh": {"stance": "promised", **ssh}} if ssh is not None else {}
    spec = {"afspec": 1, "name": name, "title": f"The site {name}", "declared_by": "site", "access": access}
    return Facility.model_validate({**spec, **changes})


def render(site: Facility) -> str:
    """The client's configuration."""
    artifact, *servers = Ssh().render(site)
    assert artifact.path == "ssh/config"
    assert all(server.path.startswith("ssh/replica/") for server in servers)
    assert artifact.text.isascii()
    assert "\n\n\n" not in artifact.text
    assert all(line == line.rstrip() for line in artifact.text.split("\n"))
    return str(artifact.text)


def server(site: Facility, name: str) -> dict[str, list[str]]:
    """What follows each keyword of a server's configuration, line by line."""
    text = next(file.text for file in Ssh().render(site) if file.path == f"ssh/replica/{name}.conf")
    found: dict[str, list[str]] = {}
    for line in text.splitlines():
        if line and not line.startswith("#"):
            keyword, _, value = line.partition(" ")
            found.setdefault(keyword, []).append(value)
    return found


@pytest.fixture
def client(tmp_path: Path) -> Client:
    """The SSH client of this machine."""
    program = shutil.which("ssh")
    if program is None:
        if os.environ.get("CI") == "true":
            pytest.fail("ssh is needed: install openssh-client")
        pytest.skip("the OpenSSH client is not installed")
    return Client(program, tmp_path)


class Client:
    """What `ssh -G` says it would do."""

    def __init__(self, program: str, folder: Path) -> None:
        self.program = program
        self.folder = folder

    def options(self, text: str, alias: str, own: str = "") -> dict[str, str]:
        """The options for an alias where the configuration is included by a user's own."""
        site, config = self.folder / "site", self.folder / "config"
        site.write_text(text, encoding="ascii")
        config.write_text(f"Include {site}\n{own}", encoding="ascii")
        done = subprocess.run(
            [self.program, "-G", "-F", str(config), alias], capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        return dict(line.partition(" ")[::2] for line in done.stdout.splitlines())


def test_hosts_are_reached_through_the_gateway(client: Client) -> None:
    text = render(facility("slac", SLAC, logins=[DUO]))
    iana = client.options(text, "slac-iana", "Host slac-*\n    User jdoe\n")
    assert iana["hostname"] == "iana"
    assert iana["proxyjump"] == "slac-bastion"
    assert iana["port"] == "22"
    assert iana["user"] == "jdoe"
    assert iana["forwardagent"] == "no"
    assert iana["serveraliveinterval"] == "60"
    bastion = client.options(text, "slac-bastion")
    assert bastion["hostname"] == "s3dflogin-mfa.slac.stanford.edu"
    assert "proxyjump" not in bastion
    dtn = client.options(text, "slac-dtn")
    assert dtn["hostname"] == "s3dfdtn.slac.stanford.edu"
    assert "proxyjump" not in dtn
    assert "Older documents call it s3dflogin.slac.stanford.edu." in text


@pytest.mark.parametrize("alias", ["slac-bastion", "slac-iana"])
def test_the_second_factor_is_asked_once(alias: str, client: Client) -> None:
    options = client.options(render(facility("slac", SLAC, logins=[DUO])), alias)
    assert options["controlmaster"] == "auto"
    assert options["controlpersist"] == "28800"
    assert "/.ssh/af-" in options["controlpath"]


@pytest.mark.parametrize(
    "login",
    [
        {**DUO, "mfa": "none"},
        {**DUO, "opens": ["jupyter"]},
        {**DUO, "stance": "not_promised"},
        {key: value for key, value in DUO.items() if key != "mfa"},
    ],
)
def test_connections_are_not_shared_without_one(login: dict[str, Any], client: Client) -> None:
    text = render(facility("slac", SLAC, logins=[login]))
    assert "ControlMaster" not in text
    assert client.options(text, "slac-iana")["controlmaster"] == "false"


def test_a_range_gives_an_alias_to_each_host(client: Client) -> None:
    text = render(facility("bnl", BNL))
    for number in range(1, 9):
        options = client.options(text, f"bnl-attsub{number:02}")
        assert options["hostname"] == f"attsub{number:02}.sdcc.bnl.gov"
        assert options["proxyjump"] == "bnl-bastion"
        assert options["port"] == "2022"
    assert client.options(text, "bnl-bastion")["port"] == "2222"
    assert client.options(text, "bnl-attsub09")["hostname"] == "bnl-attsub09"


def test_keys_alone_where_passwords_are_refused(client: Client) -> None:
    text = render(facility("uchicago", UCHICAGO))
    options = client.options(text, "uchicago-login")
    assert options["hostname"] == "login.af.uchicago.edu"
    assert "proxyjump" not in options
    assert options["preferredauthentications"] == "publickey"
    accepted = options["pubkeyacceptedalgorithms"].split(",")
    assert {"ssh-ed25519", "sk-ssh-ed25519@openssh.com", "ecdsa-sha2-nistp256"} <= set(accepted)
    assert not [name for name in accepted if "rsa" in name]
    assert "ssh-keygen -t ed25519" in text
    with_factor = render(facility("uchicago", UCHICAGO, logins=[DUO]))
    found = client.options(with_factor, "uchicago-login")["preferredauthentications"]
    assert found == "publickey,keyboard-interactive"


def test_other_hosts_are_not_touched(client: Client) -> None:
    text = render(facility("uchicago", UCHICAGO, logins=[DUO]))
    plain = client.options("", "github.com")
    assert client.options(text, "github.com") == plain


def test_hosts_that_would_share_an_alias_keep_their_own(client: Client) -> None:
    hosts = [
        {"name": "farm", "host": "node[1-2].a.org"},
        {"name": "node1", "host": "other.b.org"},
        {"name": "bastion", "host": "inner.b.org"},
    ]
    text = render(facility("site", {"bastion": {"host": "gate.a.org"}, "hosts": hosts}))
    names = {alias: client.options(text, alias)["hostname"] for alias in ("site-node1", "site-node1-other")}
    assert names == {"site-node1": "node1.a.org", "site-node1-other": "other.b.org"}
    assert client.options(text, "site-bastion")["hostname"] == "gate.a.org"
    assert client.options(text, "site-bastion-inner")["hostname"] == "inner.b.org"
    aliases = [line for line in text.splitlines() if line.startswith("Host ")]
    assert len(aliases) == len(set(aliases))


def test_user_names_are_the_users_own() -> None:
    text = render(facility("slac", SLAC, logins=[DUO]))
    users = [line for line in text.splitlines() if "User " in line]
    assert users
    assert all(line.lstrip().startswith("#") for line in users)


def test_hostile_text_stays_in_comments(client: Client) -> None:
    hostile = "x\u2028ProxyCommand touch pwned # $(touch pwned)".replace("\u2028", " ")
    ssh = {**SLAC, "note": hostile, "operating_system": hostile}
    text = render(facility("slac", ssh, title=hostile))
    assert all(line.startswith("#") for line in text.splitlines() if "pwned" in line)
    assert "proxycommand" not in client.options(text, "slac-dtn")


@pytest.mark.parametrize("ssh", [None, {"hosts": []}, {**SLAC, "stance": "planned"}])
def test_it_applies_where_hosts_are_offered(ssh: dict[str, Any] | None) -> None:
    assert not Ssh().applies(facility("x", ssh))
    assert Ssh().applies(facility("x", SLAC))


def test_same_bytes_every_time() -> None:
    site = facility("bnl", BNL)
    assert list(Ssh().render(site)) == list(Ssh().render(site))


def test_every_host_has_a_server_that_listens_on_its_own_name_only() -> None:
    paths = [file.path for file in Ssh().render(facility("slac", SLAC))]
    assert paths == ["ssh/config", *(f"ssh/replica/{name}.conf" for name in ("bastion", "host-iana", "host-dtn"))]
    assert server(facility("slac", SLAC), "host-iana")["ListenAddress"] == ["iana:22"]
    bnl = server(facility("bnl", BNL), "host-attsub")
    assert bnl["ListenAddress"] == [f"attsub{number:02}.sdcc.bnl.gov:2022" for number in range(1, 9)]
    assert server(facility("bnl", BNL), "bastion")["ListenAddress"] == ["ssh.sdcc.bnl.gov:2222"]
    many = {"hosts": [{"name": "farm", "host": "node[1-100]"}]}
    assert len(server(facility("x", many), "host-farm")["ListenAddress"]) == 16


def test_a_bastion_leads_to_the_hosts_behind_it_and_gives_no_shell() -> None:
    bastion = server(facility("slac", SLAC), "bastion")
    assert bastion["PermitOpen"] == ["iana:22"]
    assert bastion["AllowTcpForwarding"] == ["local"]
    assert bastion["PermitTTY"] == ["no"]
    assert "ssh slac-iana" in bastion["ForceCommand"][0]
    assert "Subsystem" not in bastion
    lonely = {"bastion": {"host": "gate"}, "hosts": [{"name": "a", "host": "a.b.org", "via_bastion": False}]}
    assert server(facility("x", lonely), "bastion")["PermitOpen"] == ["none"]
    assert server(facility("x", lonely), "bastion")["AllowTcpForwarding"] == ["no"]


def test_servers_take_keys_alone_and_never_roots() -> None:
    for site, names in ((facility("slac", SLAC), ("bastion", "host-iana")), (facility("u", UCHICAGO), ("host-login",))):
        for name in names:
            found = server(site, name)
            assert found["PasswordAuthentication"] == found["KbdInteractiveAuthentication"] == ["no"]
            assert found["PermitRootLogin"] == found["UsePAM"] == ["no"]
    assert server(facility("u", UCHICAGO), "host-login")["PubkeyAcceptedAlgorithms"] == ["*ssh-ed25519*,*ecdsa-sha2-*"]
    assert "PubkeyAcceptedAlgorithms" not in server(facility("slac", SLAC), "host-iana")


def test_servers_without_a_bastion_stand_alone() -> None:
    paths = [file.path for file in Ssh().render(facility("uchicago", UCHICAGO))]
    assert paths == ["ssh/config", "ssh/replica/host-login.conf"]


def test_hostile_text_stays_in_the_servers_comments() -> None:
    hostile = "x' ForceCommand touch pwned; $(touch pwned)"
    for file in Ssh().render(facility("slac", {**SLAC, "note": hostile}, title=hostile)):
        assert all(line.startswith("#") for line in file.text.splitlines() if "pwned" in line)

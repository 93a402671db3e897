"""The JupyterHub generator: its configurations are loaded as a hub would load them, and asked what they say."""

from __future__ import annotations

import json
import re
import sys
from types import ModuleType, SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from afspec.generators.jupyterhub import JupyterHub
from support import HEAD, facility

from afspec.compiler.verify import problem_of

if TYPE_CHECKING:
    from pathlib import Path

    from afspec.generators import Artifact

HOSTILE = "x'''\\n\"; import os; os.system('pwned') #"
CILOGON = """\
logins:
  - name: federated
    stance: promised
    method: cilogon
    federated: true
    entity_ids: [https://cern.ch/login, https://idp.example.edu/idp]
    username_claim: eppn
    strip_domain: cern.ch
    client: {id: "cilogon:/client_id/1", secret: {env: HUB_SECRET}}
    opens: [jupyter]
"""
KEYCLOAK = """\
logins:
  - name: sdcc
    stance: promised
    method: keycloak
    issuer: https://sso.example.org/realms/af/
    client: {id: hub, secret: {env: HUB_SECRET}}
    opens: [ssh, jupyter]
"""
SLURM = """\
batch:
  - name: slurm
    scheduler: slurm
    stance: promised
    accounts: [atlas:usatlas]
    qos: [normal, preemptable]
    max_walltime: 2 d
    default_partition: roma
    unset: [KRB5CCNAME]
    partitions:
      - {name: roma, stance: promised, memory: 480G, max_walltime: 1 d}
      - {name: ampere, stance: promised, qos: [preemptable], memory: 1 GiB, gpus: [{name: a100, count: 4}]}
"""
HTCONDOR = """\
batch:
  - name: htcondor
    scheduler: htcondor
    stance: promised
    accounting_groups: [group_atlas.tier3]
    default_memory: 2.5G
    default_disk: 10 GB
    gpu_attributes: {want_gpus: true}
    queues:
      - {name: short, stance: promised, max_walltime: 4 h, attributes: {queue: short}}
"""
HUB = """\
jupyter:
  - name: main
    kind: hub_vm
    stance: promised
    title: The hub
    url: https://hub.example.org/
    spawner: SPAWNER
    kernels: /u0b/software/jupyter/kernels
    hub:
      python: /opt/hub/bin/python
      certificate: /etc/hub/tls.pem
      key: /etc/hub/tls.key
"""
IMAGES = """\
images:
  stance: promised
  named:
    - name: base
      reference: hub.example.org/iris-hep/base:1
      prefix: /opt/env
      kernel: {name: base}
"""
PROFILES = """\
    limits: {memory: 4 GiB, duration: 8 h, idle: 2 h}
    profiles:
      - {name: small, title: "A core & <some> memory", cpu: 1, memory: 1 GiB}
      - {name: gpu, cpu: 2, memory: 4 GiB, gpus: 1, gpu: a100, slots: ampere}
"""


def hub(spawner: str, more: str = "") -> str:
    return HUB.replace("SPAWNER", spawner).replace("    hub:\n", f"{more}    hub:\n")


LOCAL = CILOGON + hub("local")
ON_SLURM = CILOGON + SLURM + hub("slurm", PROFILES)
ON_HTCONDOR = CILOGON + HTCONDOR + hub("htcondor")


class Section(dict[str, Any]):
    """Settings that come into being when they are named, as traitlets' do."""

    def __getattr__(self, name: str) -> Any:
        return self.setdefault(name, Section())

    def __setattr__(self, name: str, value: Any) -> None:
        self[name] = value


class RefusalError(Exception):
    """What a hub shows as an error page."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(f"{status} {reason}")


def rendered(body: str, title: str = "A toy facility") -> dict[str, Artifact]:
    """Files of a facility, by path; each is what it says to be."""
    made = facility(body, HEAD.replace("A toy facility", json.dumps(title)))
    generator = JupyterHub()
    files = {file.path: file for file in generator.render(made)} if generator.applies(made) else {}
    assert {path: problem_of(file) for path, file in files.items()} == dict.fromkeys(files, "")
    return files


@pytest.fixture
def load(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Loads a facility's only configuration, as JupyterHub does."""
    tornado, batchspawner = ModuleType("tornado"), ModuleType("batchspawner")
    tornado.__dict__["web"] = SimpleNamespace(HTTPError=RefusalError)
    monkeypatch.setitem(sys.modules, "tornado", tornado)
    monkeypatch.setitem(sys.modules, "batchspawner", batchspawner)
    monkeypatch.setenv("HUB_SECRET", "s3cret")
    monkeypatch.setenv("TOKEN", "t0ken")

    def loaded(body: str, title: str = "A toy facility") -> Section:
        body = body.replace("      python:", f"      state: {tmp_path}/state\n      python:")
        settings = Section()
        text = rendered(body, title)["jupyterhub/jupyterhub_config.py"].text
        exec(compile(text, "jupyterhub_config.py", "exec"), {"get_config": lambda: settings})  # noqa: S102 - our own
        return settings

    return loaded


def choose(settings: Section, **options: Any) -> SimpleNamespace:
    """The spawner after a user's choice."""
    spawner = SimpleNamespace(user_options=options)
    settings.Spawner.apply_user_options(spawner, options)
    return spawner


def script(settings: Section, **options: Any) -> str:
    """The batch script as batchspawner fills it in."""
    lines = choose(settings, **options).req_options if "apply_user_options" in settings.Spawner else ""
    template = str(settings.BatchSpawnerBase.batch_script)
    # It takes Jinja's marks for Jinja.
    assert "{{" not in template
    assert "{%" not in template
    return template.format(cmd="CMD", homedir="/home/alice", keepvars="A,B", options=lines)


@pytest.mark.parametrize(
    "body",
    [
        hub("local"),
        LOCAL.replace('    client: {id: "cilogon:/client_id/1", secret: {env: HUB_SECRET}}\n', ""),
        LOCAL.replace("{env: HUB_SECRET}", "{kubernetes_secret: {name: a, key: b}}"),
        LOCAL.replace("    entity_ids: [https://cern.ch/login, https://idp.example.edu/idp]\n", ""),
        LOCAL.replace("opens: [jupyter]", "opens: [ssh]"),
        LOCAL.replace("    stance: promised\n    method", "    stance: planned\n    method"),
        LOCAL.replace("    url: https://hub.example.org/\n", ""),
        LOCAL.replace("https://hub.example.org/", "https://hub.example.org/<name>"),
        LOCAL.replace("kind: hub_vm", "kind: portal"),
        LOCAL.replace("      python: /opt/hub/bin/python\n", ""),
        LOCAL.replace("spawner: local", "spawner: kubernetes"),
        CILOGON + SLURM.replace("stance: promised\n    acc", "stance: planned\n    acc") + hub("slurm"),
        ON_SLURM.replace("    hub:\n", "    hub:\n      runs_as: hub\n"),
        CILOGON + HTCONDOR.replace("    queues", "    shared_home: false\n    queues") + hub("htcondor"),
        KEYCLOAK.replace("    issuer: https://sso.example.org/realms/af/\n", "") + hub("local"),
        KEYCLOAK.replace("keycloak", "oidc") + hub("local"),
        KEYCLOAK.replace("keycloak", "active-directory") + hub("local"),
    ],
)
def test_a_hub_of_which_too_little_is_said_is_not_written(body: str) -> None:
    assert rendered(body) == {}


def test_cilogon_takes_users_of_the_named_identity_providers_only(load: Any) -> None:
    settings = load(LOCAL)
    assert settings.JupyterHub.authenticator_class == "oauthenticator.cilogon.CILogonOAuthenticator"
    idps = settings.CILogonOAuthenticator.idps
    assert list(idps) == ["https://cern.ch/login", "https://idp.example.edu/idp"]
    assert idps["https://cern.ch/login"] == {
        "username_derivation": {"username_claim": "eppn", "action": "strip_idp_domain", "domain": "cern.ch"}
    }
    assert settings.OAuthenticator.authorize_url == "https://cilogon.org/authorize"
    assert settings.OAuthenticator.token_url == "https://cilogon.org/oauth2/token"  # noqa: S105 - an address
    assert settings.OAuthenticator.userdata_url == "https://cilogon.org/oauth2/userinfo"
    assert "org.cilogon.userinfo" in settings.OAuthenticator.scope


def test_without_a_domain_to_strip_the_claim_is_the_name(load: Any) -> None:
    idps = load(LOCAL.replace("    strip_domain: cern.ch\n", "")).CILogonOAuthenticator.idps
    assert idps["https://cern.ch/login"] == {"username_derivation": {"username_claim": "eppn"}}


@pytest.mark.parametrize(
    ("method", "authenticator", "authorize", "userinfo"),
    [
        ("keycloak", "generic.Generic", "/protocol/openid-connect/auth", "/protocol/openid-connect/userinfo"),
        ("dex", "generic.Generic", "/auth", "/userinfo"),
        ("atlas-iam", "generic.Generic", "/authorize", "/userinfo"),
        ("globus", "globus.Globus", "/v2/oauth2/authorize", "/v2/oauth2/userinfo"),
    ],
)
def test_the_addresses_of_an_issuer_come_from_its_kind(
    load: Any, method: str, authenticator: str, authorize: str, userinfo: str
) -> None:
    settings = load(KEYCLOAK.replace("keycloak", method) + hub("local"))
    assert settings.JupyterHub.authenticator_class == f"oauthenticator.{authenticator}OAuthenticator"
    assert settings.OAuthenticator.authorize_url == f"https://sso.example.org/realms/af{authorize}"
    assert settings.OAuthenticator.userdata_url == f"https://sso.example.org/realms/af{userinfo}"
    assert settings.OAuthenticator.username_claim == "preferred_username"


def test_addresses_that_the_spec_gives_are_taken(load: Any) -> None:
    given = "    endpoints: {authorize: http://a.org/1, token: http://a.org/2, userinfo: http://a.org/3}\n"
    settings = load(KEYCLOAK.replace("keycloak", "oidc") + given + hub("local"))
    said = settings.OAuthenticator
    assert (said.authorize_url, said.token_url, said.userdata_url) == (
        "http://a.org/1",
        "http://a.org/2",
        "http://a.org/3",
    )
    assert said.username_claim == "sub"


def test_a_federated_login_comes_first(load: Any) -> None:
    both = KEYCLOAK + CILOGON.removeprefix("logins:\n")
    assert "cilogon" in load(both + hub("local")).JupyterHub.authenticator_class
    planned = both.replace("stance: promised\n    method: cilogon", "stance: planned\n    method: cilogon")
    assert "generic" in load(planned + hub("local")).JupyterHub.authenticator_class


@pytest.mark.parametrize(
    ("claim", "name"),
    [
        ("alice@CERN.ch", "alice"),
        ("alice@other.org", "alice@other.org"),
        ("alice", "alice"),
        ("a@b@cern.ch", "a@b@cern.ch"),
    ],
)
def test_a_plain_issuer_strips_the_sites_own_domain_only(load: Any, claim: str, name: str) -> None:
    settings = load(KEYCLOAK + "    strip_domain: cern.ch\n" + hub("local"))
    assert settings.OAuthenticator.username_claim({"preferred_username": claim}) == name
    assert settings.OAuthenticator.username_claim({}) == ""


def test_secrets_are_read_when_the_hub_starts(load: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert load(LOCAL).OAuthenticator.client_secret == "s3cret"  # noqa: S105 - the test's own
    kept = tmp_path / "secret"
    kept.write_text("from a file\n")
    settings = load(LOCAL.replace("{env: HUB_SECRET}", f"{{file: {kept}}}"))
    assert settings.OAuthenticator.client_secret == "from a file"  # noqa: S105 - likewise
    monkeypatch.delenv("HUB_SECRET")
    with pytest.raises(KeyError, match="HUB_SECRET"):
        load(LOCAL)


def test_who_may_enter_is_what_the_login_says(load: Any) -> None:
    assert load(LOCAL).Authenticator.allow_all is True
    said = load(CILOGON + "    users: [bob, alice]\n" + hub("local")).Authenticator
    assert said.allowed_users == {"alice", "bob"}
    assert "allow_all" not in said
    admins = load(LOCAL.replace("      certificate", "      admins: [carol]\n      certificate"))
    assert admins.Authenticator.admin_users == {"carol"}


@pytest.mark.parametrize(
    "name", ["alice; id", "$(id)", "a b", "../root", "-x", "alice@cern.ch", "alice\n", "{cmd}", ""]
)
def test_a_name_that_a_shell_would_take_for_more_is_no_name(load: Any, name: str) -> None:
    pattern = re.compile(load(ON_SLURM).Authenticator.username_pattern)
    assert pattern.match("alice_2.x-y")
    assert not pattern.match(name)


def test_whoever_has_no_account_on_the_machine_is_refused(load: Any) -> None:
    hook = load(LOCAL).Authenticator.post_auth_hook
    model = {"name": "root"}
    assert hook(None, None, model) is model
    with pytest.raises(RefusalError, match="403 no-such-user has no account"):
        hook(None, None, {"name": "no-such-user"})


def test_a_hub_that_is_no_root_needs_no_accounts(load: Any) -> None:
    areas = "storage: {areas: [{name: home, stance: promised, purpose: home, path: /sdf/home/<u>/<user>}]}\n"
    settings = load(areas + LOCAL.replace("    hub:\n", "    hub:\n      runs_as: hub\n"))
    assert settings.JupyterHub.spawner_class == "jupyterhub.spawner.SimpleLocalProcessSpawner"
    assert settings.SimpleLocalProcessSpawner.home_dir_template.format(username="alice") == "/sdf/home/a/alice"
    assert "post_auth_hook" not in settings.Authenticator


def test_a_local_hub_listens_at_its_address_and_is_reached_by_its_own_sessions_only(load: Any) -> None:
    settings = load(LOCAL)
    assert settings.JupyterHub.bind_url == "https://hub.example.org:443/"
    assert (settings.JupyterHub.ssl_cert, settings.JupyterHub.ssl_key) == ("/etc/hub/tls.pem", "/etc/hub/tls.key")
    assert (settings.JupyterHub.hub_ip, settings.Spawner.ip) == ("127.0.0.1", "127.0.0.1")
    assert settings.OAuthenticator.oauth_callback_url == "https://hub.example.org/hub/oauth_callback"
    assert settings.Spawner.cmd == ["/opt/hub/bin/jupyterhub-singleuser"]


def test_jobs_reach_the_hub_by_its_name(load: Any) -> None:
    for body in (ON_SLURM, ON_HTCONDOR):
        assert load(body).JupyterHub.hub_ip == "hub.example.org"


def test_an_address_with_path_and_port_is_kept(load: Any) -> None:
    body = LOCAL.replace("https://hub.example.org/", "http://127.0.0.1:8000/jupyter").replace(
        "      certificate: /etc/hub/tls.pem\n      key: /etc/hub/tls.key\n", ""
    )
    settings = load(body)
    assert settings.JupyterHub.bind_url == "http://127.0.0.1:8000/jupyter/"
    assert settings.OAuthenticator.oauth_callback_url == "http://127.0.0.1:8000/jupyter/hub/oauth_callback"
    assert "ssl_cert" not in settings.JupyterHub


def test_without_a_certificate_a_hub_stays_behind_the_sites_proxy(load: Any) -> None:
    settings = load(LOCAL.replace("      certificate: /etc/hub/tls.pem\n", ""))
    assert settings.JupyterHub.bind_url == "http://127.0.0.1:8000/"
    assert settings.JupyterHub.public_url == "https://hub.example.org/"


def test_what_outlives_a_restart_is_in_the_state_folder(load: Any, tmp_path: Path) -> None:
    first, second = load(LOCAL), load(LOCAL)
    assert first.ConfigurableHTTPProxy.auth_token == second.ConfigurableHTTPProxy.auth_token
    assert len(first.ConfigurableHTTPProxy.auth_token) == 64
    assert (tmp_path / "state/proxy_token").stat().st_mode & 0o077 == 0
    assert (tmp_path / "state").stat().st_mode & 0o077 == 0
    assert first.JupyterHub.db_url == f"sqlite:///{tmp_path}/state/jupyterhub.sqlite"
    assert first.JupyterHub.cleanup_servers is False


def test_sessions_find_the_sites_kernels_and_those_of_images(load: Any) -> None:
    path = load(IMAGES + LOCAL).Spawner.environment["JUPYTER_PATH"]
    assert path == "/u0b/software/jupyter:/opt/env/share/jupyter"
    bare = LOCAL.replace("    kernels: /u0b/software/jupyter/kernels\n", "")
    assert "environment" not in load(bare).Spawner


def test_a_slurm_session_asks_for_what_the_choice_says(load: Any) -> None:
    settings = load(ON_SLURM)
    assert settings.JupyterHub.spawner_class == "batchspawner.SlurmSpawner"
    small = script(settings).splitlines()
    assert small[0] == "#!/bin/bash"
    for line in (
        "#SBATCH --account=atlas:usatlas",
        "#SBATCH --partition=roma",
        "#SBATCH --qos=normal",
        "#SBATCH --cpus-per-task=1",
        "#SBATCH --mem=1024M",
        "#SBATCH --time=0-08:00:00",
        "#SBATCH --chdir=/home/alice",
        "#SBATCH --export=A,B",
    ):
        assert line in small
    assert not [line for line in small if "gres" in line]
    assert small[-2:] == ["unset KRB5CCNAME", "exec CMD"]
    gpu = script(settings, profile="gpu").splitlines()
    for line in ("#SBATCH --partition=ampere", "#SBATCH --qos=preemptable", "#SBATCH --gres=gpu:a100:1"):
        assert line in gpu
    # A node of that partition has no more.
    assert "#SBATCH --mem=1024M" in gpu


def test_without_choices_a_session_is_small_and_has_the_partitions_time(load: Any) -> None:
    settings = load(CILOGON + SLURM + hub("slurm"))
    lines = script(settings)
    assert "#SBATCH --cpus-per-task=1\n" in lines
    assert "#SBATCH --mem=2048M\n" in lines
    assert "#SBATCH --time=1-00:00:00\n" in lines
    assert "options_form" not in settings.Spawner


def test_commands_of_the_scheduler_are_the_users_own(load: Any) -> None:
    said = load(ON_SLURM).BatchSpawnerBase
    assert said.exec_prefix.format(username="alice") == "runuser -u alice --"
    assert said.batchspawner_singleuser_cmd == "/opt/hub/bin/batchspawner-singleuser"


def test_no_option_but_the_choice_reaches_the_script(load: Any) -> None:
    settings = load(ON_SLURM)
    evil = "x\n#SBATCH --account=other"
    spawner = choose(settings, profile="small", homedir=evil, cmd="evil", options=evil)
    assert spawner.user_options == {"profile": "small"}
    for name in ("no-such", "", evil):
        with pytest.raises(RefusalError, match="400"):
            choose(settings, profile=name)
    single = choose(load(ON_HTCONDOR), profile="whatever", cmd="evil")
    assert single.user_options == {"profile": "default"}


def test_the_form_shows_titles_as_text(load: Any) -> None:
    settings = load(ON_SLURM)
    form = settings.Spawner.options_form
    assert '<option value="small">A core &amp; &lt;some&gt; memory</option>' in form
    assert '<option value="gpu">gpu</option>' in form
    assert settings.Spawner.options_from_form({"profile": ["gpu"]}) == {"profile": "gpu"}
    assert settings.Spawner.options_from_form({}) == {"profile": "small"}


def test_an_htcondor_session_asks_for_what_the_pool_wants(load: Any) -> None:
    settings = load(ON_HTCONDOR)
    assert settings.JupyterHub.spawner_class == "batchspawner.CondorSpawner"
    lines = script(settings).splitlines()
    for line in (
        "accounting_group = group_atlas.tier3",
        "request_cpus = 1",
        "request_memory = 2560 MB",
        "request_disk = 9536 MB",
        "allowed_job_duration = 14400",
        '+queue = "short"',
        "initialdir = /home/alice",
    ):
        assert line in lines
    assert lines[-1] == "queue"
    assert not [line for line in lines if "gpu" in line]


def test_an_htcondor_gpu_session_has_the_pools_attributes(load: Any) -> None:
    profile = "    profiles: [{name: gpu, gpus: 2, slots: short}]\n"
    lines = script(load(CILOGON + HTCONDOR + hub("htcondor", profile))).splitlines()
    assert "request_gpus = 2" in lines
    assert "+want_gpus = True" in lines


def test_no_token_is_left_where_condor_q_shows_it(load: Any) -> None:
    settings = load(ON_HTCONDOR)
    lines = script(settings).splitlines()
    assert "getenv = False" in lines
    assert "arguments = \"-c '. /home/alice/.jupyterhub.env; exec CMD'\"" in lines
    assert not [line for line in lines if line.startswith("environment")]
    submit = settings.BatchSpawnerBase.batch_submit_cmd.format(homedir="/home/alice")
    assert submit == "sh -c 'umask 077 && export -p > /home/alice/.jupyterhub.env && exec condor_submit'"


def test_services_have_their_tokens_and_scopes(load: Any) -> None:
    services = (
        "      services:\n"
        "        - {name: dask-gateway, token: {env: TOKEN}, scopes: ['read:users'], url: 'http://127.0.0.1:8787'}\n"
    )
    settings = load(LOCAL + services)
    assert settings.JupyterHub.services == [
        {"name": "dask-gateway", "api_token": "t0ken", "url": "http://127.0.0.1:8787"}
    ]
    assert settings.JupyterHub.load_roles == [
        {"name": "dask-gateway-role", "scopes": ["read:users"], "services": ["dask-gateway"]}
    ]
    assert rendered(LOCAL + services.replace("{env: TOKEN}", "{kubernetes_secret: {name: a, key: b}}")) == {}


def test_idle_and_old_sessions_are_ended(load: Any) -> None:
    (culler,) = load(ON_SLURM).JupyterHub.services
    assert culler["command"] == [
        "/opt/hub/bin/python",
        "-m",
        "jupyterhub_idle_culler",
        "--timeout=7200",
        "--max-age=28800",
    ]
    assert load(LOCAL).JupyterHub.services == []
    (old,) = load(CILOGON + hub("local", "    limits: {duration: 1 h}\n")).JupyterHub.services
    assert old["command"][-2:] == ["--timeout=3600", "--max-age=3600"]


def test_the_replica_knows_what_the_issuer_must_know_and_no_secret() -> None:
    file = rendered(LOCAL)["jupyterhub/replica/provider.json"]
    said = json.loads(file.text)
    assert said.pop("//").endswith("change the spec, not this file.")
    assert said == {
        "issuer": "https://cilogon.org",
        "endpoints": {"authorize": "/authorize", "token": "/oauth2/token", "userinfo": "/oauth2/userinfo"},
        "client": {"id": "cilogon:/client_id/1", "redirect_uris": ["https://hub.example.org/hub/oauth_callback"]},
        "scopes": ["openid", "email", "org.cilogon.userinfo", "profile"],
        "username_claim": "eppn",
        "strip_domain": "cern.ch",
        "entity_ids": ["https://cern.ch/login", "https://idp.example.edu/idp"],
    }


def test_several_hubs_have_folders_of_their_own() -> None:
    second = (
        hub("local")
        .removeprefix("jupyter:\n")
        .replace("name: main", "name: second")
        .replace("hub.example", "two.example")
    )
    assert sorted(rendered(LOCAL + second)) == [
        "jupyterhub/main/jupyterhub_config.py",
        "jupyterhub/main/replica/provider.json",
        "jupyterhub/second/jupyterhub_config.py",
        "jupyterhub/second/replica/provider.json",
    ]


def test_nothing_of_a_hostile_title_is_run(load: Any) -> None:
    for body in (LOCAL, ON_SLURM, ON_HTCONDOR):
        load(body, HOSTILE)
        text = rendered(body, HOSTILE)["jupyterhub/jupyterhub_config.py"].text
        assert all(line.startswith("#") for line in text.splitlines() if "pwned" in line)
        assert rendered(body, "Universit\u00e9") == rendered(body, "Universit\u00e9")

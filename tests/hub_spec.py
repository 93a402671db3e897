"""Facilities with a hub, and their configurations as a hub loads them: the settings, a choice, a batch script."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from afspec.generators.jupyterhub import JupyterHub
from support import HEAD, facility

from afspec.compiler.verify import problem_of

if TYPE_CHECKING:
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


def choose(settings: Section, server: str = "", /, **options: Any) -> SimpleNamespace:
    """The spawner of a user's session after her choice."""
    spawner = SimpleNamespace(user_options=options, name=server)
    settings.Spawner.apply_user_options(spawner, options)
    return spawner


def script(settings: Section, cmd: str = "CMD", home: str = "/home/alice", **options: Any) -> str:
    """The batch script as batchspawner fills it in."""
    spawner = choose(settings, **options)
    template = str(settings.BatchSpawnerBase.batch_script)
    # It takes Jinja's marks for Jinja.
    assert "{{" not in template
    assert "{%" not in template
    return template.format(
        cmd=cmd,
        homedir=home,
        keepvars="A,B",
        host="",
        options=spawner.req_options,
        prologue=getattr(spawner, "req_prologue", ""),
    )

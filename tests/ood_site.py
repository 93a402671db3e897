"""A site with Open OnDemand, and its app as the dashboard renders and submits it, with a real Ruby."""

from __future__ import annotations

import json
import os
import runpy
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from afspec.generators.ood import Ood
from support import facility

import afspec.twin

if TYPE_CHECKING:
    from afspec.facility import Facility
    from afspec.generators import Artifact


DASHBOARD = Path(afspec.twin.__file__).with_name("dashboard.rb")


REFERENCE = "hub.example.org/iris-hep/base:1"


SPEC = """
contact: help@example.org
batch:
  - name: slurm
    scheduler: slurm
    stance: promised
    accounts: [atlas:usatlas, atlas:other]
    qos: [normal, preemptable]
    max_walltime: 2 d
    default_partition: roma
    unset: [KRB5CCNAME]
    binds: [ROOT/etc/slurm]
    partitions:
      - {name: ampere, stance: promised, cores: 112, memory: 952G, gpus: [{name: a100, count: 4}]}
      - {name: roma, stance: promised, cores: 120, memory: 480G, max_walltime: 12 h}
      - {name: milano, stance: best_effort, qos: [preemptable], cores: 120, memory: 480G}
      - {name: silent, cores: 1}
images:
  stance: promised
  unpacked: ROOT/cvmfs
  binds: [ROOT/sdf, ROOT/absent]
  store: ROOT/store/<user>
  cache: ROOT/scratch/<user>
  named:
    - {name: base, reference: "hub.example.org/iris-hep/base:1"}
jupyter:
  - name: ondemand
    kind: open_ondemand
    title: Jupyter on the farm
    stance: promised
    url: https://ood.example.org/ondemand/pun
    pool: slurm
    paste_in: true
    ondemand: {app: af-jupyter, setup: ROOT/site}
"""


def site(root: str = "/nowhere", *changes: tuple[str, str]) -> Facility:
    text = SPEC.replace("ROOT", root)
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    return facility(text)


def rendered(found: Facility) -> dict[str, Artifact]:
    return {artifact.path: artifact for artifact in Ood().render(found)}


def form(found: Facility) -> dict[str, Any]:
    """The form; it holds no Ruby code."""
    (path,) = [path for path in rendered(found) if path.endswith("form.yml.erb")]
    loaded = yaml.safe_load(rendered(found)[path].text)
    assert isinstance(loaded, dict)
    return loaded


class App:
    """An app on disk, and the dashboard that submits it to a scheduler that only takes notes."""

    def __init__(self, ruby: str, folder: Path, found: Facility) -> None:
        self.ruby = ruby
        self.folder = folder
        self.home = folder / "home"
        self.bin = folder / "bin"
        self.home.mkdir()
        self.bin.mkdir()
        for path, artifact in rendered(found).items():
            target = folder / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(artifact.text)
            target.chmod(0o755 if artifact.executable else 0o644)
        self.notes = folder / "sbatch.notes"
        self.stub("sbatch", f'printf "%s\\n" "$@" > {self.notes}; cat > {self.notes}.script; echo 17')

    def stub(self, name: str, script: str) -> None:
        path = self.bin / name
        path.write_text(f"#!/bin/bash\n{script}\n")
        path.chmod(0o755)

    def run(self, *argv: str, stdin: str = "", **environment: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            argv,
            input=stdin,
            capture_output=True,
            text=True,
            check=False,
            cwd=self.folder,
            timeout=30,
            env={"PATH": f"{self.bin}:{os.environ['PATH']}", "HOME": str(self.home), "USER": "jdoe", **environment},
        )

    def press(self, **values: str) -> subprocess.CompletedProcess[str]:
        """What the dashboard does when a user submits the form."""
        return self.run(self.ruby, str(DASHBOARD), "submit", "ood/af-jupyter", stdin=json.dumps(values))

    def staged(self, **values: str) -> Path:
        """The folder of a session."""
        done = self.press(**values)
        assert done.returncode == 0, done.stderr
        return Path(json.loads(done.stdout)["folder"])

    def native(self, **values: str) -> list[str]:
        """What sbatch is asked for."""
        done = self.press(**values)
        assert done.returncode == 0, done.stderr
        native = json.loads(done.stdout)["native"]
        assert self.notes.read_text().splitlines()[-len(native) :] == native
        return list(native)

    def start(self, **values: str) -> subprocess.CompletedProcess[str]:
        """Run the session's script.sh as the job would, with a Jupyter and an Apptainer that take notes."""
        folder = self.staged(**values)
        config = str(folder / "config.py")
        path = f"{self.bin}:/usr/bin:/bin"  # without this environment's own Jupyter, if it has one
        return self.run(str(folder / "script.sh"), CONFIG_FILE=config, NOTEBOOK_ROOT=str(self.home), PATH=path)


HOSTILE = [
    "roma; touch pwned",
    "$(touch pwned)",
    "`touch pwned`",
    "roma\n--wrap=touch pwned",
    "<%= system('touch pwned') %>",
    '#{system("touch pwned")}',
    "'; touch pwned; '",
    '"\n    - --wrap=touch pwned\n    - "',
    "4\n",
    "!!ruby/object:Gem::Installer {}",
]


def told(config: Path, root: Path, version: str | None) -> dict[str, dict[str, Any]]:
    """What a configuration says to Jupyter Server of a version, or where there is none."""
    names = SimpleNamespace(
        ServerApp=SimpleNamespace(), NotebookApp=SimpleNamespace(), IdentityProvider=SimpleNamespace()
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("NOTEBOOK_ROOT", str(root))
        # None in its place makes an import fail.
        patch.setitem(sys.modules, "jupyter_server", SimpleNamespace(__version__=version) if version else None)
        runpy.run_path(str(config), {"c": names})
    return {name: vars(value) for name, value in vars(names).items()}

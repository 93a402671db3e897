"""A site that the generator user-setup compiled, a user's shell at it, and the specs of such sites."""

from __future__ import annotations

import shlex
import shutil
import subprocess
from typing import TYPE_CHECKING, Any

from afspec.generators.user_setup import UserSetup

from afspec.facility import Facility

if TYPE_CHECKING:
    from pathlib import Path

REFERENCE = "hub.opensciencegrid.org/iris-hep/analysis-systems-base:2022-12-15"
HOSTILE = "$(touch pwned) `touch pwned` ' \" ; touch pwned # \\ é \u2019 && touch pwned || touch pwned > pwned"
# All that the script may call, so that nothing of this machine (a real sbatch) is mistaken for the site's.
TOOLS = (
    "bash cat comm cut date dirname env grep id ln ls mkdir mktemp mv readlink rm sleep sort stat timeout touch tr true"
)
BARE: dict[str, Any] = {"afspec": 1, "name": "bare", "title": "A bare site", "declared_by": "site"}


def full(root: Path, **changes: Any) -> dict[str, Any]:
    """A spec with everything, whose file systems lie below `root`."""
    spec: dict[str, Any] = {
        **BARE,
        "name": "full",
        "title": "A full site",
        "contact": "help@example.org",
        "batch": [
            {
                "name": "slurm",
                "stance": "promised",
                "scheduler": "slurm",
                "unset": ["KRB5CCNAME"],
                "scratch_variable": "LSCRATCH",
                "binds": [f"{root}/etc/slurm"],
            }
        ],
        "gpus": {"stance": "promised"},
        "images": {
            "stance": "promised",
            "policy": "any",
            "unpacked": f"{root}/cvmfs/unpacked.cern.ch",
            "binds": [f"{root}/sdf", f"{root}/absent"],
            "cache": f"{root}/scratch/<u>/<user>/apptainer",
            "store": f"{root}/data/<user>/images",
            "named": [
                {
                    "name": "base",
                    "reference": REFERENCE,
                    "prefix": f"{root}/opt/env",
                    "kernel": {"name": "analysis-systems"},
                }
            ],
        },
        "software": {
            "cvmfs": {"stance": "promised", "repositories": ["atlas.example.org"]},
            "setup_atlas": {"stance": "promised", "root": f"{root}/cvmfs/alrb"},
            "rucio": {"stance": "promised", "site": "AF_200"},
            "voms": {
                "stance": "promised",
                "attribute": "atlas/usatlas",
                "valid": "96 h",
                "proxy": f"{root}/proxy/<user>/x509",
            },
        },
        "jupyter": [
            {
                "name": "ood",
                "stance": "promised",
                "kind": "open_ondemand",
                "paste_in": True,
                "url": "https://s3df.example.org/ondemand",
            }
        ],
        "storage": {
            "stance": "promised",
            "areas": [
                {"name": "home", "stance": "promised", "purpose": "home", "path": f"{root}/home/<u>/<user>"},
                {"name": "gone", "stance": "not_promised", "purpose": "data", "path": f"{root}/old/<user>"},
                {"name": "data", "stance": "promised", "purpose": "data", "path": f"{root}/data/<user>"},
                {"name": "scratch", "stance": "promised", "purpose": "scratch", "path": f"{root}/scratch/<u>/<user>"},
            ],
            "xcache": [
                {"name": "x", "stance": "promised", "door": "root://xcache.example.org:1094//", "source_port": True}
            ],
        },
        "agc": {
            "rewrites": [
                {"prefix": "https://xrootd.example.edu:1094", "replacement": "root://xrootd.example.edu:1094"},
                {"prefix": "https://eos.example.ch/", "replacement": "root://eos.example.ch//"},
            ]
        },
    }
    for path, value in changes.items():
        *parents, last = path.split("__")
        place = spec
        for parent in parents:
            place = place[parent]
        place[last] = value
    return spec


class Site:
    """A compiled site, and a user's shell at it."""

    def __init__(self, root: Path, spec: dict[str, Any]) -> None:
        self.root = root
        self.bin = root / "bin"
        self.home = root / "user"
        self.out = root / "out"
        for folder in (self.bin, self.home):
            folder.mkdir(exist_ok=True)
        self.tools = root / "tools"
        if not self.tools.exists():
            self.tools.mkdir()
            for name in TOOLS.split():
                (self.tools / name).symlink_to(shutil.which(name) or f"/bin/{name}")
        self.texts = {}
        for artifact in UserSetup().render(Facility.model_validate(spec)):
            path = self.out / artifact.path
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(artifact.text, encoding="ascii")
            path.chmod(0o755 if artifact.executable else 0o644)
            self.texts[path.name] = artifact.text
        self.setup = self.out / "user-setup" / "setup.sh"
        self.environment: dict[str, str | None] = {
            "PATH": f"{self.bin}:{self.tools}",
            "HOME": str(self.home),
            "USER": "jdoe",
            "LC_ALL": "C",
        }

    def stub(self, name: str, body: str = "") -> Path:
        """A command that records its arguments, NUL-ended, and returns the record's path."""
        log = self.root / f"{name}.log"
        path = self.bin / name
        path.write_text(f"#!/bin/bash\nprintf '%s\\0' \"$@\" >> {shlex.quote(str(log))}\n{body}\n")
        path.chmod(0o755)
        return log

    def bash(self, command: str, *, strict: bool = True, **environment: str | None) -> subprocess.CompletedProcess[str]:
        """`command` in a shell that has sourced the script."""
        options = "set -euo pipefail\n" if strict else ""
        script = f"{options}source {shlex.quote(str(self.setup))}\n{command}"
        merged = {**self.environment, **environment}
        return subprocess.run(
            ["bash", "--norc", "--noprofile", "-c", script],
            env={name: value for name, value in merged.items() if value is not None},
            cwd=self.root,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    def prints(self, command: str, **environment: str | None) -> str:
        """What a command prints; it must succeed without a word on standard error."""
        done = self.bash(command, strict=True, **environment)
        assert (done.returncode, done.stderr) == (0, ""), f"status {done.returncode}: {done.stderr}"
        return done.stdout.rstrip("\n")


def recorded(log: Path) -> list[str]:
    """The arguments that a stub was given."""
    return log.read_text().split("\0")[:-1]


def sif(site: Site) -> Path:
    """Where the default image is kept."""
    return site.root / "data/jdoe/images/hub.opensciencegrid.org/iris-hep/analysis-systems-base+2022-12-15.sif"


def variants(root: Path) -> dict[str, dict[str, Any]]:
    """Specs that reach every branch of the templates."""
    specs = {
        "bare": BARE,
        "full": full(root),
        "hostile": full(root, title=HOSTILE, gpus={"stance": "promised", "note": HOSTILE}, organisation=HOSTILE),
        "allow-list": full(root, images__policy="allow_list", images__allowed=[REFERENCE, "docker.io/library/x:1"]),
        "no-allowed": full(root, images__policy="allow_list", images__allowed=[]),
        "unpacked": full(root, images__policy="unpacked"),
        "kubernetes": full(root, images__runtime="kubernetes"),
        "nothing-named": full(root, images__named=[], images__unpacked=None, images__executable="/opt/apptainer"),
        "no-folders": full(root, images__cache=None, images__store=None, storage={"stance": "promised"}),
        "no-paste": full(root, jupyter=[], gpus=None, agc=None, software={}),
        "one-bind": full(root, images__binds=["/sdf"], batch=[]),
        "no-cache": full(root, storage__xcache=[]),
    }
    pools = [
        {
            "name": "shared-pool.1",
            "stance": "best_effort",
            "scheduler": "htcondor",
            "log_directory": f"{root}/logs/<user>",
        },
        {"name": "hpc", "stance": "promised", "scheduler": "slurm", "unset": ["KRB5CCNAME", "A_B"]},
    ]
    specs["two-pools"] = full(root, batch=pools)
    return specs

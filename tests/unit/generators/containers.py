"""A site that builds an image, its compiled files, and its scripts as they would run: in a folder, with toy tools."""

from __future__ import annotations

import re
import subprocess
import sys
from typing import TYPE_CHECKING

from afspec.generators.containers import Images
from support import facility

if TYPE_CHECKING:
    from pathlib import Path

    from afspec.generators import Artifact

SLURM = """
batch:
  - name: slurm
    scheduler: slurm
    stance: promised
    binds: [/etc/slurm, /run/slurm/conf, /usr/lib64/libmunge.so.2]
images:
  stance: promised
  runtime: apptainer
  registries: [hub.example.org]
  unpacked: /cvmfs/unpacked.cern.ch
  binds: [/sdf, /lscratch]
  named:
    - name: base
      reference: "hub.example.org/iris-hep/base:1"
      base: docker.io/library/debian:12
      prefix: /opt/envs/af
      kernel: {name: af, title: "The site's kernel"}
      packages: [coffea, dask]
      build: {manager: pip}
storage:
  areas:
    - {name: home, stance: promised, purpose: home, path: /sdf/home/<u>/<user>}
    - {name: silent, path: /sdf/nowhere}
"""
SCRIPT, CHECK, DEFINITION, CONTAINERFILE = (
    f"images/base/slurm.{kind}" for kind in ("sh", "check.sh", "def", "Containerfile")
)


def rendered(body: str, title: str = "A toy facility") -> dict[str, Artifact]:
    """The generator's files by path."""
    head = f"afspec: 1\nname: toy\ntitle: '{title.replace(chr(39), chr(39) * 2)}'\ndeclared_by: site\n"
    return {artifact.path: artifact for artifact in Images().render(facility(body, head))}


def with_build(build: str) -> str:
    return SLURM.replace("build: {manager: pip}", f"build: {build}")


def play(body: str, tmp_path: Path, **tools: str) -> tuple[subprocess.CompletedProcess[str], list[str]]:
    """Installation and check in an empty PATH but for `tools`, each a script of its own; and the commands given.

    The script runs in the system's own folders otherwise, so it names them below `tmp_path` here.
    """
    bin_folder, log = tmp_path / "bin", tmp_path / "log"
    bin_folder.mkdir()
    log.touch()
    for name, script in tools.items():
        tool = bin_folder / name.replace("_", "-")
        tool.write_text(f'#!/bin/sh\necho "{tool.name} $*" >> {log}\n{script}\n')
        tool.chmod(0o755)
    for name in ("cut", "dirname", "grep", "mkdir", "mktemp", "sort", "tail", "rm"):
        (bin_folder / name).symlink_to(f"/usr/bin/{name}")
    files = rendered(body)
    text = f"{files[SCRIPT].text}\nexport JUPYTER_PATH={tmp_path}/opt/envs/af/share/jupyter\n{files[CHECK].text}"
    for root in ("/opt", "/sdf", "/lscratch", "/etc/slurm", "/run/slurm", "/usr/lib64", "/usr/local/share", "/cvmfs"):
        text = re.sub(rf"(?<![\w/]){root}(?=[/\s'])", f"{tmp_path}{root}", text)
    path = tmp_path / "slurm.sh"
    path.write_text(text)
    done = subprocess.run(["/bin/sh", path], env={"PATH": str(bin_folder)}, capture_output=True, text=True, check=False)
    return done, log.read_text().splitlines()


APT = {"apt_get": "exit 0", "useradd": "exit 0", "getent": "exit 2"}


def environment(tmp_path: Path) -> str:
    """A `python3 -m venv` that puts a Python there whose ipykernel writes the path of Python that it is told.

    Its jupyter lists that kernel; what checks something with `python -c` has this Python.
    """
    python = tmp_path / "opt/envs/af/bin/python"
    kernel = tmp_path / "opt/envs/af/share/jupyter/kernels/af"
    body = f'mkdir -p {kernel}; echo "{{\\"argv\\": [\\"$KERNEL_PYTHON\\"]}}" > {kernel}/kernel.json'
    real = f'[ "$1" != -c ] || exec {sys.executable} "$@"'
    listed = f'echo "{{\\"kernelspecs\\": {{\\"af\\": {{\\"spec\\": $(/bin/cat {kernel}/kernel.json)}}}}}}"'
    return (
        f"mkdir -p {python.parent}; printf '%s\\n' '#!/bin/sh' '{real}' 'KERNEL_PYTHON={python}' '{body}' > {python}; "
        f"printf '%s\\n' '#!/bin/sh' '{listed}' > {python.parent}/jupyter; "
        f"/usr/bin/chmod 755 {python} {python.parent}/jupyter"
    )

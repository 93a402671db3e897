"""Triton's own layout, made of links in an environment that holds the wheel nvidia-pytriton 0.7.

The wheel brings the real server with its Python back end, made to be unpacked by a library. The back end runs models
in a stub, one for each version of Python, which must lie beside it, and which loads that Python's shared library.
"""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

from afspec.twin.needs import NeedError

# The wheel has stubs for 3.8 to 3.13; numpy below 2, which it asks for, has wheels up to 3.12.
PYTHONS = ("3.11", "3.12")
# To be raised when the layout changes: environments are then made anew.
REVISION = "1"

_FACTS = (
    "import json, sys, sysconfig; v = sysconfig.get_config_var; print(json.dumps("
    "['%d.%d' % sys.version_info[:2], v('LIBDIR'), v('INSTSONAME') or v('LDLIBRARY'), v('MULTIARCH') or '']))"
)


def shared_library(python: str) -> Path | None:
    """The shared library of a Python; None where it was built without one, or the package with it is not installed."""
    _, folder, name, multiarch = _facts(python)
    candidates = [Path(folder) / name, Path(folder) / multiarch / name]
    return next((path for path in candidates if ".so" in name and path.exists()), None)


def obstacle(python: str) -> str:
    """Why Triton's models cannot run in a Python, as a fragment; "" where they can."""
    version = _facts(python)[0]
    if version not in PYTHONS:
        return f"Triton's server needs Python {' or '.join(PYTHONS)}, not {version}"
    if shared_library(python) is None:
        return f"Python {version} has no shared library: in Debian, install libpython{version}"
    return ""


def lay_out(environment: Path) -> None:
    """Make the folder `server` in an environment: bin, backends, libraries, and python for Python's own library.

    Raises:
        NeedError: the environment's Python is not one that Triton's models can run in.
    """
    python = str(environment / "bin/python")
    if reason := obstacle(python):
        raise NeedError(reason)
    version, *_ = _facts(python)
    packages = environment / "lib" / f"python{version}" / "site-packages"
    wheel = packages / "pytriton/tritonserver"
    stub = wheel / "python_backend_stubs" / version / "triton_python_backend_stub"
    library = shared_library(python)
    if library is None or not stub.exists():
        raise NeedError(f"nvidia-pytriton has no stub for Python {version}")
    server = environment / "server"
    links = {
        server / "bin": wheel / "bin",
        server / "libraries": packages / "nvidia_pytriton.libs",
        server / "python": library.parent,
        server / "backends/python/triton_python_backend_stub": stub,
    }
    links |= {server / "backends/python" / path.name: path for path in (wheel / "backends/python").glob("*.*")}
    for link, target in links.items():
        link.parent.mkdir(parents=True, exist_ok=True)
        link.unlink(missing_ok=True)
        link.symlink_to(target)


def _facts(python: str) -> tuple[str, str, str, str]:
    """Version, library folder, library name and multiarch folder of a Python."""
    done = subprocess.run(  # noqa: S603 - the Python is one that was found or made here
        [python, "-c", _FACTS], capture_output=True, text=True, timeout=30, check=True
    )
    version, folder, name, multiarch = json.loads(done.stdout)
    return version, folder or "", name or "", multiarch

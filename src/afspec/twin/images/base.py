"""What the miniature's images start from: a small Debian that knows how this machine reaches Debian and PyPI.

A site's real base comes from a registry, which a twin does not ask.
"""

from __future__ import annotations

import os
import ssl
import subprocess
import sys
import tempfile
from pathlib import Path

from afspec.twin.apt import debian_mirror, settings
from afspec.twin.needs import NeedError, call

_MINUTES = 60
_LEFT_OUT = ("/usr/share/man/*", "/usr/share/info/*", "/usr/share/locale/*", "/usr/share/doc/*")
_TRUST = "/etc/ssl/machine.pem"
# What of pip's settings means the same inside an image.
_PIP = ("index-url", "extra-index-url", "trusted-host", "proxy")


def make_base(suite: str, tar: Path) -> None:
    """A tar file of a minimal Debian of a suite.

    Raises:
        NeedError: it cannot be had.
    """
    with tempfile.TemporaryDirectory(dir=tar.parent) as name:
        folder = Path(name)
        (folder / "pip.conf").write_text(pip_settings())
        trust = _authorities()
        arguments = [
            *("mmdebstrap", "--mode=root", "--variant=minbase", "--quiet", "--include=ca-certificates"),
            *(f"--aptopt={line}" for line in [*settings(), 'APT::Install-Recommends "false"']),
            *(f"--dpkgopt=path-exclude={pattern}" for pattern in _LEFT_OUT),
            *([f"--customize-hook=upload {trust} {_TRUST}"] if trust else []),
            f"--customize-hook=upload {folder / 'pip.conf'} /etc/pip.conf",
            *(suite, str(tar), debian_mirror()),
        ]
        alone = ["unshare", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc"]
        quiet = {"DEBIAN_FRONTEND": "noninteractive"}
        call([*alone, *arguments], title=f"mmdebstrap {suite}", timeout=15 * _MINUTES, env=quiet)


def _authorities() -> str | None:
    """File of the authorities that this machine trusts."""
    paths = ssl.get_default_verify_paths()
    return paths.cafile or (paths.openssl_cafile if Path(paths.openssl_cafile).exists() else None)


def pip_settings() -> str:
    """A pip.conf for the image: this machine's own index, where it has one, and whom it trusts."""
    lines = ["[global]", "disable-pip-version-check = true", "root-user-action = ignore"]
    if _authorities():
        lines.append(f"cert = {_TRUST}")
    for line in _configured().splitlines():
        name, _, value = line.partition("=")
        key, text = name.rpartition(".")[2], value.strip().strip("'")
        addresses = " ".join(word for word in text.replace("\\n", " ").split() if not word.startswith(("file:", "/")))
        if key in _PIP and addresses:
            lines.append(f"{key} = {addresses}")
    return "\n".join(lines) + "\n"


def _configured() -> str:
    """What `pip config list` says, of a Python that has pip; "" where there is none."""
    base = Path(sys.base_prefix) / f"bin/python{sys.version_info.major}.{sys.version_info.minor}"
    command = [str(base), "-m", "pip", "config", "list"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, env=dict(os.environ))  # noqa: S603
    except (OSError, subprocess.TimeoutExpired) as error:
        raise NeedError(f"pip config list: {error}") from error
    return done.stdout if done.returncode == 0 else ""

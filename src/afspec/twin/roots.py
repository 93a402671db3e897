"""Root file systems of private rooms, as data: which packages each is made of.

Debian's release decides which scheduler there is: Slurm's servers are in bookworm, HTCondor's in trixie. Apptainer is
in sid only, and needs a newer C library than bookworm's. It gets trixie's: with sid's, Slurm 22.05 reads nothing of a
process (glibc 2.43 wants as many characters for %39c as it says), and memory would not be enforced.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from afspec.twin.cache import cache_folder, digest
from afspec.twin.debian import DebianBuild
from afspec.twin.environments import REQUIREMENTS
from afspec.twin.rootsteps import OIDC_FILES, REVISION, Borrowed, install_hub, install_oidc, install_packages

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

_COMMON = (
    # A system that users log in to.
    *(
        "ca-certificates",
        "curl",
        "e2fsprogs",
        "iproute2",
        "less",
        "nano",
        "openssh-client",
        "openssh-server",
        "openssl",
    ),
    *("passwd", "procps", "sudo", "tini", "util-linux", "vim-tiny"),
    # Containers: podman with runc (crun refuses hybrid cgroups), for ordinary users too, and a registry.
    *("aardvark-dns", "buildah", "docker-registry", "fuse-overlayfs", "iptables", "netavark", "nftables", "podman"),
    *("runc", "skopeo", "slirp4netns", "squashfuse", "uidmap"),
    # Python, and XRootD's servers and clients.
    *("python3", "python3-venv", "xrootd-client", "xrootd-server"),
)


@dataclass(frozen=True)
class Root(DebianBuild):
    """A root file system in the cache, called as its suite; nothing is written to it once it is there.

    `borrowed` are packages of other suites; all else is the suite's own.
    """

    name: str
    title: str
    twin: str
    size: str
    packages: tuple[str, ...]
    borrowed: tuple[Borrowed, ...] = (Borrowed("sid", ("apptainer",)),)

    @property
    def path(self) -> Path:
        """Its folder, whether or not it is there."""
        files = (REQUIREMENTS / "hub.txt", *(REQUIREMENTS / "oidc" / name for name in OIDC_FILES))
        borrowed = (" ".join(item.packages) for item in self.borrowed)
        definition = [REVISION, self.name, " ".join(self.packages), *borrowed]
        name = f"{self.name}-{digest([*definition, *(file.read_text() for file in files)])}"
        return cache_folder() / "roots" / name

    def build(self, folder: Path, say: Callable[[str], None]) -> None:
        say(f"{self.title}: installing packages of Debian")
        install_packages(folder, self.name, self.packages, self.borrowed)
        say(f"{self.title}: installing packages of Python")
        install_hub(folder, REQUIREMENTS / "hub.txt")
        say(f"{self.title}: installing the OpenID Connect provider")
        install_oidc(folder, REQUIREMENTS / "oidc")


def bookworm(twin: str) -> Root:
    """Debian 12 with Slurm, its accounting, and Ruby for Open OnDemand's templates."""
    own = ("mariadb-server", "munge", "ruby", "slurm-wlm", "slurmdbd")
    library = Borrowed("trixie", ("base-files", "libc-bin", "libc6"))
    return Root(
        "bookworm", "Debian 12 with Slurm", twin, "1.9 GB", _COMMON + own, (Borrowed("sid", ("apptainer",)), library)
    )


def trixie(twin: str) -> Root:
    """Debian 13 with HTCondor."""
    return Root("trixie", "Debian 13 with HTCondor", twin, "1.7 GB", (*_COMMON, "minihtcondor"))

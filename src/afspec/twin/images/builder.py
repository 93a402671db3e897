"""Where images are built: a root file system that has the builders, with a scratch layer, on this machine's network."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from afspec.twin.containers import apptainer_for_root, containers
from afspec.twin.needs import call

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_ENTER = Path(__file__).with_name("enter.sh")
_MINUTES = 60
_ALONE = ("unshare", "--mount", "--pid", "--fork", "--kill-child")
_STORAGE = (
    '[storage]\ndriver = "overlay"\nrunroot = "/run/containers/storage"\ngraphroot = "/var/lib/containers/storage"\n'
)
# Subordinate numbers of root's, for Apptainer's --fakeroot (subuid(5)).
_SUBORDINATE = "root:1000000:65536\n"
_IMPORT = """\
container=$(buildah from scratch)
buildah add --quiet "$container" "$1" / >/dev/null
buildah config --cmd '["/bin/sh"]' "$container"
mkdir -p "$(dirname "$2")"
buildah commit --quiet --rm --disable-compression "$container" "oci-archive:$2"
"""
# A registry that nobody else can see: loopback of a network of its own.
_PUSH = """\
ip link set lo up
docker-registry serve "$1" >/share/registry.log 2>&1 &
registry=$!
trap 'kill "$registry"' EXIT
tries=0
until curl --silent --fail --output /dev/null http://127.0.0.1:5000/v2/; do
  tries=$((tries + 1))
  [ "$tries" -lt 100 ] || { cat /share/registry.log >&2; exit 1; }
  sleep 0.1
done
shift
while [ "$#" -gt 0 ]; do
  skopeo copy --quiet --dest-tls-verify=false --digestfile "$3" \
    "containers-storage:localhost/$1" "docker://127.0.0.1:5000/$2"
  shift 3
done
"""
_REGISTRY = """\
version: 0.1
log: {level: warn, accesslog: {disabled: true}}
storage: {filesystem: {rootdirectory: /share/registry}}
http: {addr: "127.0.0.1:5000", secret: of-one-push}
"""


@dataclass(frozen=True)
class Builder:
    """A builder over the root file system `root`; `work` is its own folder, which is thrown away afterwards."""

    root: Path
    work: Path

    @property
    def share(self) -> Path:
        """The folder that it sees as /share."""
        return self.work / "share"

    def set_up(self) -> None:
        """Configure the builders: runc, overlay storage, no capabilities that root may not have here."""
        etc = self.work / "upper/etc"
        for name, text in containers().items():
            self._write(etc / "containers" / name, text)
        self._write(etc / "containers/storage.conf", _STORAGE)
        self._write(
            etc / "apptainer/apptainer.conf",
            apptainer_for_root((self.root / "etc/apptainer/apptainer.conf").read_text()),
        )
        for name in ("subuid", "subgid"):
            there = self.root / "etc" / name
            self._write(etc / name, (there.read_text() if there.exists() else "") + _SUBORDINATE)
        self.share.mkdir(parents=True)

    def run(self, argv: Sequence[str], *, title: str, minutes: int = 10, offline: bool = False) -> str:
        """Run a command there; its output.

        Raises:
            NeedError: it fails, or takes longer.
        """
        alone = [*_ALONE, *(["--net"] if offline else []), "--", "sh", str(_ENTER)]
        return call([*alone, str(self.root), str(self.work), *argv], title=title, timeout=minutes * _MINUTES)

    def make_base(self, tar: str, archive: str) -> None:
        """An OCI archive, at a path there, of a root file system in a tar file below /share."""
        self.run(["sh", "-euc", _IMPORT, "import", tar, archive], title=f"base {archive}")

    def build_container(self, folder: str, container_file: str, tag: str) -> None:
        """Build a Containerfile; the image is called localhost/`tag` there."""
        options = ["--quiet", "--runtime=runc", "--isolation=oci", "--network=host", f"--file={container_file}"]
        script = 'cd "$1" && shift && exec buildah --cgroup-manager=cgroupfs build "$@" .'
        argv = ["sh", "-euc", script, "build", folder, *options, f"--tag={tag}"]
        self.run(argv, title=f"buildah build {container_file}")

    def build_tree(self, folder: str, definition_file: str, target: str) -> None:
        """Build an Apptainer definition into a folder."""
        script = 'cd "$1" && exec apptainer build --fakeroot --sandbox "$2" "$3"'
        self.run(
            ["sh", "-euc", script, "build", folder, target, definition_file], title=f"apptainer build {definition_file}"
        )

    def push(self, tags: Mapping[str, str]) -> dict[str, str]:
        """Push images to the registry whose storage is /share/registry: their tags here by their names there.

        The result is each name's digest.
        """
        self._write(self.share / "registry.yml", _REGISTRY)
        files = {name: f"digest-{number}" for number, name in enumerate(tags)}
        words = [word for name, tag in tags.items() for word in (tag, name, f"/share/{files[name]}")]
        argv = ["sh", "-euc", _PUSH, "push", "/share/registry.yml", *words]
        self.run(argv, title="push to the registry", offline=True)
        return {name: (self.share / file).read_text().strip() for name, file in files.items()}

    @staticmethod
    def _write(path: Path, text: str) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

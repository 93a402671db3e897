"""The need `images of SITE`: everything that the site's registry and its unpacked tree hold, as a layer for a room."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from afspec.twin.cache import cache_folder, digest
from afspec.twin.debian import DebianBuild
from afspec.twin.images.base import make_base
from afspec.twin.images.builder import Builder
from afspec.twin.images.definitions import Definition, definitions, digests_path
from afspec.twin.needs import NeedError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from afspec.facility import Facility

# To be raised when the steps below change what comes out.
_REVISION = "1"
# Bases of the miniature: archives that are called after Debian's releases.
_SUITES = ("bookworm", "trixie")


@dataclass(frozen=True)
class SiteImages(DebianBuild):
    """The images of a facility; `root` is the file system that has the builders, and must be there first."""

    name: str
    title: str
    twin: str
    size: str
    root: Path
    bases: tuple[str, ...]
    registry: str
    images: tuple[Definition, ...]

    @property
    def path(self) -> Path:
        """The layer's folder, whether or not it is there."""
        # Not the root: it has the tools, and leaves nothing of itself in the images.
        parts = [_REVISION, self.registry, *self.bases]
        for item in self.images:
            parts += [item.reference, item.unpacked or "", *(item.files[name] for name in sorted(item.files))]
        # Not after the facility: a spec of another name with the same images has the same layer.
        return cache_folder() / "images" / digest(parts)

    def build(self, folder: Path, say: Callable[[str], None]) -> None:
        # Named after the layer's own, so that whoever comes after a builder that died removes both.
        builder = Builder(self.root, folder.with_name(f"{folder.name}.work"))
        try:
            builder.set_up()
            self._make_bases(builder, say)
            folder.mkdir(parents=True)
            self._fill(builder, folder, say)
        finally:
            shutil.rmtree(builder.work, ignore_errors=True)

    def _make_bases(self, builder: Builder, say: Callable[[str], None]) -> None:
        for archive in self.bases:
            say(f"{self.title}: making the base {archive}")
            tar = builder.share / "base.tar"
            make_base(_suite(archive), tar)
            builder.make_base(f"/share/{tar.name}", archive)
            tar.unlink()

    def _fill(self, builder: Builder, layer: Path, say: Callable[[str], None]) -> None:
        tags: dict[str, str] = {}
        for item in self.images:
            folder = builder.share / item.image
            folder.mkdir(exist_ok=True)
            for name, text in item.files.items():
                (folder / name).write_text(text)
            say(f"{self.title}: building {item.image}/{item.container_file}")
            tags[item.repository] = f"{item.image}-{item.flavour}".lower()
            builder.build_container(f"/share/{item.image}", item.container_file, tags[item.repository])
            if item.unpacked:
                say(f"{self.title}: building {item.image}/{item.definition_file}")
                builder.build_tree(f"/share/{item.image}", item.definition_file, "/share/tree")
                _move(builder.share / "tree", layer, item.unpacked)
        say(f"{self.title}: filling the registry")
        digests = builder.push(tags)
        known = {item.reference: digests[item.repository] for item in self.images}
        (builder.share / "registry/digests.json").write_text(json.dumps(known, indent=2) + "\n")
        _move(builder.share / "registry", layer, self.registry)


def site_images(facility: Facility, files: Mapping[str, str], root: Path) -> SiteImages | None:
    """The need of a facility's images; None where it builds none, or has no registry to keep them in.

    `files` are the compiled ones by path, `root` is the root file system of its room.
    """
    images, digests = facility.images, digests_path(facility)
    found = definitions(facility, files)
    if images is None or digests is None or not found:
        return None
    return SiteImages(
        name=facility.name,
        title=f"images of {facility.name}",
        twin=facility.name,
        size=f"{_gigabytes(found):.1f} GB",
        root=root,
        bases=tuple(dict.fromkeys(image.base for image in images.named if image.base and image.build)),
        registry=str(PurePosixPath(digests).parent),
        images=found,
    )


def _gigabytes(images: Sequence[Definition]) -> float:
    """Roughly what the images take: compressed in the registry, and as files where they are unpacked."""
    return sum(0.6 if image.unpacked else 0.2 for image in images)


def _move(what: Path, layer: Path, path: str) -> None:
    """Put a folder where a path of the room leads to in its layer."""
    target = layer / path.lstrip("/")
    target.parent.mkdir(parents=True, exist_ok=True)
    what.rename(target)


def _suite(archive: str) -> str:
    """The release that a base is made of.

    Raises:
        NeedError: its name says none.
    """
    name = PurePosixPath(archive).name.partition(".")[0]
    if name not in _SUITES:
        raise NeedError(f"base {archive}: a twin's bases are called {' or '.join(_SUITES)}")
    return name

"""The files of a cluster: objects of the Kubernetes API, values of charts, and what must be there before them."""

from __future__ import annotations

import json
import re
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

from afspec.verify.check import Finding
from afspec.verify.cluster.official import is_official
from afspec.verify.cluster.reading import Document, Path, Place, UnreadableError, documents

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from afspec.verify.compiled import Compiled

_OBJECT = re.compile(rb"^apiVersion:", re.MULTILINE)
_CHART = re.compile(r"^# chart: (?P<name>\S+) (?P<version>\S+)$", re.MULTILINE)
# The head of a file is its first lines of comment.
_HEAD = 600
FACILITY = "facility.json"
REQUIRES = "requires.yaml"
# The group of files that kustomize reads, and no server.
KUSTOMIZE = "kustomize.config.k8s.io"


class Manifest(NamedTuple):
    """An object of the API, as a file has it."""

    document: Document

    @property
    def path(self) -> str:
        """The file."""
        return self.document.path

    @property
    def data(self) -> dict[str, Any]:
        """The object."""
        data: dict[str, Any] = self.document.data
        return data

    @property
    def version(self) -> str:
        """Its apiVersion."""
        return str(self.data.get("apiVersion", ""))

    @property
    def group(self) -> str:
        """The API group; empty for the first one, whose version is v1."""
        return self.version.rpartition("/")[0]

    @property
    def kind(self) -> str:
        """Its kind."""
        return str(self.data.get("kind", ""))

    @property
    def metadata(self) -> dict[str, Any]:
        """Its metadata; empty where they are no map."""
        found = self.data.get("metadata")
        return found if isinstance(found, dict) else {}

    @property
    def name(self) -> str:
        """Its name."""
        return str(self.metadata.get("name", ""))

    @property
    def namespace(self) -> str:
        """Its namespace; empty where it has none."""
        return str(self.metadata.get("namespace") or "")

    @property
    def is_custom(self) -> bool:
        """Whether it is a custom resource."""
        return not is_official(self.group) and self.group != KUSTOMIZE

    @property
    def title(self) -> str:
        """What a person calls it."""
        return f"{self.kind} {self.name}".strip()

    def place(self, at: Path = ()) -> Place:
        """Where a value of it is."""
        return self.document.place(at)


class Values(NamedTuple):
    """Values for a chart; `chart` and `version` are those that the file's head names."""

    document: Document
    chart: str
    version: str

    @property
    def path(self) -> str:
        """The file."""
        return self.document.path

    @property
    def data(self) -> dict[str, Any]:
        """The values."""
        data: dict[str, Any] = self.document.data
        return data

    def place(self, at: Path = ()) -> Place:
        """Where a value is."""
        return self.document.place(at)


class Need(NamedTuple):
    """An entry of a `requires.yaml`."""

    path: str
    kind: str
    namespace: str
    name: str
    holds: tuple[str | int, ...]


def is_manifests(path: str, content: bytes) -> bool:
    """Whether a file holds objects of the API; nothing is parsed."""
    return path.endswith((".yaml", ".yml")) and _OBJECT.search(content) is not None


def chart_of(content: bytes) -> tuple[str, str] | None:
    """The chart and version that a file's head names."""
    found = _CHART.search(content[:_HEAD].decode("utf-8", "replace"))
    return (found["name"], found["version"]) if found else None


def candidates(site: Compiled, *, objects: bool = False, values: bool = False, requires: bool = False) -> list[str]:
    """Paths of a cluster's files, told by their first lines: those with objects, values, `requires.yaml`."""
    return [path for path, content in site.contents.items() if _wanted(path, content, objects, values, requires)]


def _wanted(path: str, content: bytes, objects: bool, values: bool, requires: bool) -> bool:  # noqa: FBT001 - own
    if not path.endswith((".yaml", ".yml")):
        return False
    if path.rpartition("/")[2] == REQUIRES:
        return requires
    if is_manifests(path, content):
        return objects
    return values and chart_of(content) is not None


class Cluster:
    """A site's files for its cluster, read once for all checks."""

    def __init__(self, site: Compiled) -> None:
        self._site = site

    @cached_property
    def _read(self) -> tuple[dict[str, list[Document]], dict[str, UnreadableError]]:
        found: dict[str, list[Document]] = {}
        unreadable: dict[str, UnreadableError] = {}
        for path in candidates(self._site, objects=True, values=True, requires=True):
            try:
                found[path] = documents(path, self._site.text(path))
            except UnreadableError as error:
                unreadable[path] = error
        return found, unreadable

    @property
    def unreadable(self) -> dict[str, UnreadableError]:
        """The files that are not YAML, and why."""
        return self._read[1]

    def misread(self, paths: list[str]) -> Iterator[Finding]:
        """What keeps files from being read, or from being read as they look."""
        for path in paths:
            if path in self.unreadable:
                error = self.unreadable[path]
                yield Finding(path, error.line, f"cannot be read: {error}")
            for document in self._documents.get(path, ()):
                for place, key in document.twice():
                    yield Finding(path, place.line, f"{key!r} is there twice in one map", place.column)

    @property
    def _documents(self) -> dict[str, list[Document]]:
        return self._read[0]

    @cached_property
    def manifests(self) -> tuple[Manifest, ...]:
        """Every object."""
        return tuple(
            Manifest(found)
            for path, all_found in self._documents.items()
            if is_manifests(path, self._site.contents[path])
            for found in all_found
            if isinstance(found.data, dict)
        )

    @cached_property
    def strays(self) -> tuple[Document, ...]:
        """Documents among objects that are no map, and so no object."""
        return tuple(
            found
            for path, all_found in self._documents.items()
            if is_manifests(path, self._site.contents[path])
            for found in all_found
            if not isinstance(found.data, dict)
        )

    @cached_property
    def values(self) -> tuple[Values, ...]:
        """Every file of values for a chart."""
        found = []
        for path, all_found in self._documents.items():
            chart = chart_of(self._site.contents[path])
            if chart and not is_manifests(path, self._site.contents[path]):
                found += [Values(one, *chart) for one in all_found if isinstance(one.data, dict)]
        return tuple(found)

    @cached_property
    def needs(self) -> tuple[Need, ...]:
        """What must be there before."""
        return tuple(
            need
            for path, all_found in self._documents.items()
            if path.rpartition("/")[2] == REQUIRES
            for found in all_found
            for need in _needs(path, found.data)
        )

    @cached_property
    def facility(self) -> Mapping[str, Any]:
        """What the spec says, as facility.json has it; empty where that is not there."""
        try:
            data = json.loads(self._site.contents.get(FACILITY, b"{}"))
        except ValueError:
            return {}
        return data if isinstance(data, dict) else {}

    @cached_property
    def orchestration(self) -> Mapping[str, Any]:
        """What the spec says of the cluster."""
        found = self.facility.get("orchestration")
        return found if isinstance(found, dict) else {}


def _needs(path: str, data: Any) -> Iterator[Need]:
    listed = data.get("requires") if isinstance(data, dict) else None
    for item in listed if isinstance(listed, list) else ():
        if isinstance(item, dict) and item.get("kind") and item.get("name"):
            holds = item.get("holds")
            keys = tuple(holds) if isinstance(holds, list) else ()
            yield Need(path, str(item["kind"]), str(item.get("namespace") or ""), str(item["name"]), keys)

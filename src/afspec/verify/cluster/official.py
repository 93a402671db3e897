"""The official schemas of the Kubernetes API, as the package kubernetes-validate has them, a folder a version."""

from __future__ import annotations

import importlib.util
import json
import re
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from afspec.verify.cluster.schemas import Fault, faults, validator

if TYPE_CHECKING:
    from jsonschema.protocols import Validator

_FOLDER = re.compile(r"v(?P<major>\d+)\.(?P<minor>\d+)\.\d+-local-strict")
_VERSION = re.compile(r"(?P<major>\d+)\.(?P<minor>\d+)")
# Groups of the API itself, those that are gone too; others are of custom resources (Kubernetes documentation, API
# reference and Deprecated API Migration Guide).
_PLAIN = frozenset({"", "apps", "autoscaling", "batch", "extensions", "policy"})
_SUFFIX = ".k8s.io"
_DOTTED = frozenset(
    f"{group}{_SUFFIX}"
    for group in (
        "admissionregistration", "apiextensions", "apiregistration", "authentication", "authorization", "certificates",
        "coordination", "discovery", "events", "flowcontrol.apiserver", "internal.apiserver", "networking", "node",
        "rbac.authorization", "resource", "scheduling", "storage", "storagemigration",
    )
)  # fmt: skip


class Version(NamedTuple):
    """Which schemas are asked, and why those."""

    name: str
    why: str


def _folder() -> Path:
    found = importlib.util.find_spec("kubernetes_validate")
    places = found.submodule_search_locations if found else None
    return Path(next(iter(places or ["."])), "kubernetes-json-schema")


@cache
def known() -> tuple[str, ...]:
    """The versions that there are schemas of, oldest first."""
    found = [match for path in _folder().glob("v*-local-strict") if (match := _FOLDER.fullmatch(path.name))]
    return tuple(
        f"{major}.{minor}" for major, minor in sorted((int(match["major"]), int(match["minor"])) for match in found)
    )


def choose(declared: str | None) -> Version:
    """The schemas for the version that a spec declares: those, or the nearest; the newest where it declares none."""
    versions = known()
    match = _VERSION.match((declared or "").removeprefix("v"))
    if not match:
        return Version(versions[-1], "the spec declares no version")
    asked = int(match["minor"]) + 1000 * (int(match["major"]) - 1)
    minors = [int(version.partition(".")[2]) for version in versions]
    nearest = min(minors, key=lambda minor: abs(minor - asked))
    chosen = versions[minors.index(nearest)]
    return Version(chosen, "" if f"1.{asked}" == chosen else f"there are none of {declared}")


def is_official(group: str) -> bool:
    """Whether a group is one of the API itself."""
    return group in _PLAIN or group in _DOTTED


class Official:
    """The schemas of one version; what all of them refer to is read once."""

    def __init__(self, version: str) -> None:
        from referencing import Registry, Resource  # noqa: PLC0415 - comes with jsonschema, and is slow to import

        self._folder = _folder() / f"v{version}.0-local-strict"
        shared = Resource.from_contents(json.loads((self._folder / "_definitions.json").read_text()))
        self._registry: Any = shared @ Registry()
        self._validators: dict[tuple[str, str], Validator | None] = {}

    def knows(self, api_version: str, kind: str) -> bool:
        """Whether there is a schema of a kind."""
        return self._validator(api_version, kind) is not None

    def unknown(self, api_version: str, kind: str, version: str) -> Fault:
        """What is wrong with a kind of the API's own groups that it does not have."""
        if not kind:
            return Fault((), "has no kind")
        others = [path.name for path in self._folder.glob(f"{kind.lower()}-*.json")]
        served = [name for name in _versions(kind, others, self._folder) if name]
        alike = "" if served else _called(others, self._folder)
        hint = f"; it has {', '.join(sorted(set(served)))}" if served else f"; did you mean `{alike}`?" if alike else ""
        return Fault(
            ("apiVersion" if served else "kind",),
            f"Kubernetes {version} has no {kind} of {api_version or 'no version'}{hint}",
        )

    def faults(self, data: dict[str, Any]) -> list[Fault]:
        """What the schema has against an object of a kind that is known."""
        found = self._validator(str(data.get("apiVersion", "")), str(data.get("kind", "")))
        return faults(found, data) if found else []

    def _validator(self, api_version: str, kind: str) -> Validator | None:
        key = (api_version, kind)
        if key not in self._validators:
            self._validators[key] = self._load(*key)
        return self._validators[key]

    def _load(self, api_version: str, kind: str) -> Validator | None:
        group, _, version = api_version.rpartition("/")
        if not is_official(group) or not re.fullmatch(r"[A-Za-z0-9]+", version + kind):
            return None
        # In the names of the files, groups are shortened to their first word.
        first = f"{group.partition('.')[0]}-" if group else ""
        try:
            schema = json.loads((self._folder / f"{kind.lower()}-{first}{version}.json").read_text())
        except FileNotFoundError:
            return None
        # The parts of objects have files, too; and the shortened group may be somebody else's.
        named = schema.get("properties", {})
        is_kind = kind in named.get("kind", {}).get("enum", ()) and api_version in named["apiVersion"].get("enum", ())
        return validator(schema, registry=self._registry) if is_kind else None


def _called(files: list[str], folder: Path) -> str:
    """The kind that files are about, whose names are in lower case."""
    for name in files:
        kinds = json.loads((folder / name).read_text()).get("properties", {}).get("kind", {}).get("enum", ())
        for kind in kinds:
            if name.startswith(f"{kind.lower()}-"):
                return str(kind)
    return ""


def _versions(kind: str, files: list[str], folder: Path) -> list[str]:
    """The versions that a kind is served in, by the files that might be its schemas."""
    found: list[str] = []
    for name in files:
        named = json.loads((folder / name).read_text()).get("properties", {})
        if kind in named.get("kind", {}).get("enum", ()):
            found += [str(version) for version in named["apiVersion"].get("enum", ())]
    return found

"""Folders that kustomize ties: what is in them, and what kubectl makes of them where it is there."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

import kubernetes_validate
import pytest
import yaml

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from afspec.generators import Artifact

Object = dict[str, Any]
# Of the API servers that the charts are made for, an old one.
VERSION = "1.30"
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def parse(text: str) -> list[Object]:
    """The objects of a file, a YAML document each."""
    return [item for item in yaml.load_all(text, Loader=_LOADER) if item]


def tied(artifacts: Iterable[Artifact], folder: str) -> list[Object]:
    """The objects that a folder's kustomization ties; every file is there, and every object once.

    Files that the kustomization leaves out hold no objects.
    """
    texts = {item.path: item.text for item in artifacts}
    (kustomization,) = parse(texts[f"{folder}/kustomization.yaml"])
    assert kustomization["kind"] == "Kustomization"
    named = [str(PurePosixPath(folder) / name) for name in kustomization["resources"]]
    assert len(named) == len(set(named))
    found = [item for path in named for item in parse(texts[path])]
    identities = [identity(item) for item in found]
    assert len(identities) == len(set(identities)), identities
    for path, text in texts.items():
        if path.startswith(f"{folder}/") and path not in named and not path.startswith(f"{folder}/host/"):
            assert all("requires" in item or item["kind"] == "Kustomization" for item in parse(text)), path
    return found


def identity(item: Object) -> tuple[str, str, str, str]:
    """What an object is known by."""
    metadata = item["metadata"]
    return item["apiVersion"], item["kind"], metadata.get("namespace", ""), metadata["name"]


def of_kind(found: Iterable[Object], kind: str, namespace: str | None = None) -> list[Object]:
    """The objects of a kind, in a namespace where one is named."""
    return [
        item
        for item in found
        if item["kind"] == kind and (namespace is None or item["metadata"].get("namespace") == namespace)
    ]


def one(found: Iterable[Object], kind: str, name: str, namespace: str | None = None) -> Object:
    """The only object of that kind and name."""
    (item,) = [item for item in of_kind(found, kind, namespace) if item["metadata"]["name"] == name]
    return item


def official(item: Object) -> Object:
    """An object that the official schemas let pass, strictly."""
    kubernetes_validate.validate(item, VERSION, strict=True)
    return item


def kubectl_kustomize(folder: Path) -> list[Object]:
    """What `kubectl kustomize` makes of a folder; the test is skipped where kubectl is not there."""
    program = os.environ.get("AFSPEC_TEST_KUBECTL") or shutil.which("kubectl")
    if not program:
        pytest.skip("needs kubectl, on PATH or where AFSPEC_TEST_KUBECTL says")
    done = subprocess.run([program, "kustomize", str(folder)], capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
    return parse(done.stdout)


def written(artifacts: Iterable[Artifact], folder: Path) -> Path:
    """The folder with all the files in it."""
    for item in artifacts:
        path = folder / item.path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(item.text)
    return folder

"""The lock file: digests of the spec, its bases, the generators and every output; written last."""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from afspec.source.text import fail

if TYPE_CHECKING:
    from afspec.source import Document

LOCK_NAME = "afspec.lock.json"
LOCK_VERSION = 1


@dataclass(frozen=True, slots=True)
class Input:
    """A file that the spec was read from, relative to the folder of the spec."""

    path: str
    sha256: str


@dataclass(frozen=True, slots=True)
class Record:
    """What one generator wrote: digests of its code, of the inputs then, and of each output."""

    code: str
    inputs: str
    outputs: dict[str, str]


@dataclass(frozen=True, slots=True)
class Lock:
    """What is on disk, and from what it was made."""

    site: str
    core: str
    inputs: tuple[Input, ...]
    generators: dict[str, Record] = field(default_factory=dict)

    @property
    def outputs(self) -> dict[str, str]:
        """Digest of every output by path."""
        return {path: sha for record in self.generators.values() for path, sha in record.outputs.items()}

    def dump(self) -> str:
        """The lock as text, the same for the same content."""
        data = {
            "afspec-lock": LOCK_VERSION,
            "site": self.site,
            "core": self.core,
            "inputs": [{"path": item.path, "sha256": item.sha256} for item in self.inputs],
            "generators": {
                name: {"code": record.code, "inputs": record.inputs, "outputs": dict(sorted(record.outputs.items()))}
                for name, record in sorted(self.generators.items())
            },
        }
        return json.dumps(data, indent=1) + "\n"


def digest_inputs(inputs: tuple[Input, ...]) -> str:
    """One digest for all the files that a spec was read from."""
    return hashlib.sha256("\n".join(f"{item.path} {item.sha256}" for item in inputs).encode()).hexdigest()


def inputs_of(document: Document) -> tuple[Input, ...]:
    """The files of a document, relative to the folder of the spec, so that a checkout may be anywhere."""
    folder = os.path.dirname(document.files[0].name) or "."
    return tuple(Input(os.path.relpath(file.name, folder), file.sha256) for file in document.files)


def stays_inside(path: str) -> bool:
    """Whether a path of a lock or journal, which anybody may have written, is one of a file below its folder."""
    return "\0" not in path and not {"", ".", ".."} & set(path.split("/"))


def _record(data: dict[str, Any]) -> Record:
    if outside := [path for path in data["outputs"] if not stays_inside(path)]:
        raise ValueError(f"{outside[0]!r} is not below the output folder")
    outputs = {str(path): str(sha) for path, sha in data["outputs"].items()}
    return Record(str(data["code"]), str(data["inputs"]), outputs)


def parse_lock(text: str, place: str) -> Lock:
    """The lock that `text` holds.

    Raises:
        AfspecError: AF4009 where it is not a lock of this version.
    """
    try:
        data = json.loads(text)
        if data["afspec-lock"] != LOCK_VERSION:
            raise fail("AF4009", f"lock file has version {data['afspec-lock']}, not {LOCK_VERSION}", place=place)
        return Lock(
            str(data["site"]),
            str(data["core"]),
            tuple(Input(str(item["path"]), str(item["sha256"])) for item in data["inputs"]),
            {str(name): _record(record) for name, record in data["generators"].items()},
        )
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise fail("AF4009", f"lock file cannot be read: {error}", place=place) from error

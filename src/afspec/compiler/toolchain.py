"""What an output depends on besides the spec: the code of afspec's core and of each generator, by digest."""

from __future__ import annotations

import hashlib
import inspect
import os
from functools import cache
from pathlib import Path

import afspec
from afspec.generators import Generator, all_generators

# Rules decide whether there is output at all.
_CORE = ("source", "facility", "rules", "generators", "compiler")


def _digest_folder(folder: str, digest: hashlib._Hash, apart: frozenset[str] = frozenset()) -> None:
    """Every file below `folder` by name and content, in order of name; byte-code, dotfiles and `apart` aside."""
    for entry in sorted(os.scandir(folder), key=lambda entry: entry.name):
        if entry.name.startswith((".", "__pycache__")) or entry.path in apart:
            continue
        if entry.is_dir():
            digest.update(entry.name.encode() + b"/")
            _digest_folder(entry.path, digest, apart)
        elif entry.name.endswith((".py", ".j2")):
            digest.update(entry.name.encode() + b"\0")
            digest.update(Path(entry.path).read_bytes() + b"\0")


@cache
def core_digest() -> str:
    """Digest of the parts of afspec that every output passes through."""
    root = Path(afspec.__file__).parent
    digest = hashlib.sha256(afspec.__version__.encode())
    # Installed, the generators are below afspec/generators: they have digests of their own.
    apart = frozenset(os.path.dirname(inspect.getfile(type(generator))) for generator in all_generators().values())
    for name in _CORE:
        digest.update(name.encode() + b"\0")
        _digest_folder(str(root / name), digest, apart)
    return digest.hexdigest()


@cache
def generator_digest(cls: type[Generator]) -> str:
    """Digest of a generator's folder: its code and its templates."""
    digest = hashlib.sha256()
    _digest_folder(str(Path(inspect.getfile(cls)).parent), digest)
    return digest.hexdigest()


@cache
def generator_digests() -> dict[str, str]:
    """The digest of every generator by name."""
    return {name: generator_digest(type(generator)) for name, generator in all_generators().items()}

"""The spec's digest in what is deployed: it is the one in the lock, so that an object leads to its spec."""

from __future__ import annotations

from typing import TYPE_CHECKING

from afspec.compiler.lock import digest_inputs, inputs_of
from afspec.generators.cluster.objects import SPEC_DIGEST

if TYPE_CHECKING:
    from afspec.generators import Artifact
    from afspec.source import Document


def digest_of(document: Document) -> str:
    """The SHA-256 of a spec and all files that it was read from."""
    return digest_inputs(inputs_of(document))


def stamped(artifact: Artifact, digest: str) -> Artifact:
    """A file with the digest where it was rendered with a place for it."""
    if SPEC_DIGEST not in artifact.text:
        return artifact
    return artifact._replace(text=artifact.text.replace(SPEC_DIGEST, digest))

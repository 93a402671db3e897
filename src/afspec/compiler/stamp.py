"""The spec's digest in what is deployed: that of facility.json, so that an object in a cluster leads to its spec.

It is the digest of what the merged spec says, not of its text: a comment in it changes no manifest.
"""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING

from afspec.facility.dump import STATE_FILE
from afspec.generators import all_generators
from afspec.generators.cluster.objects import SPEC_DIGEST

if TYPE_CHECKING:
    from afspec.facility import Facility
    from afspec.generators import Artifact

_WRITTEN = re.compile(r'(spec-sha256: "?)[0-9a-f]{64}(?![0-9a-f])')


def digest_of(facility: Facility) -> str:
    """The SHA-256 of the file that holds the merged spec, whether or not it is written now."""
    state = next(file for file in all_generators()["facility"].render(facility) if file.path == STATE_FILE)
    return hashlib.sha256(state.text.encode("ascii")).hexdigest()


def stamped(artifact: Artifact, digest: str) -> Artifact:
    """A file with the digest where it was rendered with a place for it."""
    if SPEC_DIGEST not in artifact.text:
        return artifact
    return artifact._replace(text=artifact.text.replace(SPEC_DIGEST, digest))


def restamped(text: str, digest: str) -> str:
    """The text of a file that was written for another state of the spec, with the digest of this one."""
    return _WRITTEN.sub(rf"\g<1>{digest}", text) if "spec-sha256: " in text else text

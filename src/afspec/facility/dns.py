"""Names of objects (Kubernetes documentation, Object Names and IDs)."""

from __future__ import annotations

import hashlib
import re

_LONGEST = 63
_OTHER = re.compile(r"[^a-z0-9]+")


def dns_label(*parts: str) -> str:
    """One label of lower-case letters, digits and dashes, at most 63, from the parts with dashes between them.

    What would be too long is cut, and told from others by eight digits of its SHA-256.
    """
    whole = "-".join(filter(None, parts))
    label = _OTHER.sub("-", whole.lower()).strip("-") or "x"
    if len(label) <= _LONGEST:
        return label
    return f"{label[: _LONGEST - 9].rstrip('-')}-{hashlib.sha256(whole.encode()).hexdigest()[:8]}"

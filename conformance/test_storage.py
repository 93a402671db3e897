"""Storage: areas keep what users write, quotas are those that were promised, sessions and jobs see the same files."""

from __future__ import annotations

import hashlib
import secrets
from typing import TYPE_CHECKING

from afspec.conformance.suite import check

if TYPE_CHECKING:
    from afspec.conformance.probe import Probe


@check("AF-STORAGE-001", "bytes")
def test_bytes_come_back(probe: Probe) -> None:
    """A file of random bytes, named for this run, written and read back."""
    user = probe.user
    folder = probe.value.path.replace("<user>", user).replace("<u>", user[0])
    path = f"{folder}/{probe.name}"
    data = secrets.token_bytes(64 * 1024)
    probe.later(lambda: probe.sh('rm -f "$1"', path, check=True), f"rm {path}")
    probe.put(path, data)
    answer = probe.sh('sha256sum <"$1"', path)
    probe.expect(answer.out.split()[:1] == [hashlib.sha256(data).hexdigest()], "the bytes come back", answer.words)

"""XCache: the door answers, a file read through it is its source's, and a second read needs no source."""

from __future__ import annotations

from typing import TYPE_CHECKING

from afspec.conformance.checks import check
from afspec.conformance.clients import xrootd
from afspec.conformance.trouble import FailedError
from afspec.verdict import Reason

if TYPE_CHECKING:
    from afspec.conformance.clients.xrootd import Read
    from afspec.conformance.probe import Probe

# Seconds in which a door answers, and in which a file may be read.
SOON, READ = 10, 60
# Bytes of a file that are compared.
MOST = 16 * 1024**2
# A name that never resolves (RFC 6761): a file that is read from there anyway comes from the cache.
NOWHERE = "afspec.invalid"


@check("AF-XCACHE-001", "door")
def test_door_answers(probe: Probe) -> None:
    """The handshake of the protocol; no file is opened, and no client needed."""
    host, port = xrootd.place(probe.value.door)
    with probe.way().dialer.dial(host, port, SOON) as connection:
        try:
            version = xrootd.handshake(connection, min(SOON, probe.remaining()))
        except FailedError as trouble:
            raise FailedError(f"{host}:{port}: {trouble.text}") from trouble
    probe.expect(version, f"{host}:{port} answers as an XRootD server", f"protocol {version}")
    probe.note("protocol", version)


def _source(probe: Probe) -> str:
    url = probe.run.credentials.xrootd_file
    if url is None:
        hint = "Give `xrootd_file:` in the run's credentials: root://HOST//PATH of a file that you may read."
        probe.unverified(Reason.NO_CREDENTIALS, "nothing says which file to read", hint)
    return url


def _read(probe: Probe, url: str) -> Read:
    probe.spend(size=MOST)
    return xrootd.read(probe, url, MOST, timeout=READ)


def _cached(probe: Probe, url: str) -> Read:
    """A read through the cache, which must work where the source does."""
    found = _read(probe, xrootd.through(probe.value.door, url))
    if "auth" in found.trouble.lower():
        message = f"the cache does not let the user in: {found.trouble}"
        probe.unverified(Reason.NO_CREDENTIALS, message, "Does it want a proxy of VOMS?")
    probe.expect(not found.trouble, "a file is read through the cache", found.trouble)
    return found


def _direct(probe: Probe, url: str) -> Read:
    """A read at the source; where it gives nothing, the cache is not to blame."""
    found = _read(probe, url)
    if found.trouble or not found.size:
        message = f"the source itself gives no file: {found.trouble or 'it is empty'}"
        probe.unverified(Reason.PREREQUISITE_ABSENT, message, "Name another file as `xrootd_file:`.")
    return found


@check("AF-XCACHE-002", "bytes")
def test_bytes_are_the_sources(probe: Probe) -> None:
    """Digests of what source and cache give; the second read of the cache is what it has kept."""
    url = _source(probe)
    direct = _direct(probe, url)
    for what in ("first", "second"):
        found = _cached(probe, url)
        same = (found.size, found.digest) == (direct.size, direct.digest)
        told = f"{found.size} bytes, {found.digest[:12]}, not {direct.size} bytes, {direct.digest[:12]}"
        probe.expect(same, f"the {what} read through the cache gives the bytes of the source", "" if same else told)


@check("AF-XCACHE-003", "kept")
def test_second_read_needs_no_source(probe: Probe) -> None:
    """The same path at a host that does not exist, or what the server says of the file.

    A cache that forwards to any source keeps files by their paths (XRootD documentation, Proxy Storage Services): if
    it serves one whose source is nowhere, it was kept. One that keeps them by host as well refuses; then its entry
    tells: kXR_cachersp, or times of its own. The source's entry handed through says that nothing is kept.
    """
    url = _source(probe)
    first = _cached(probe, url)
    second = _cached(probe, url)
    probe.evidence.sample("read", [first.seconds, second.seconds], "s")
    missing = _read(probe, xrootd.through(probe.value.door, xrootd.with_host(url, NOWHERE)))
    if not missing.trouble and missing.digest == second.digest:
        probe.expect(True, "a file that was read once is served without its source", missing.digest[:12])  # noqa: FBT003
        return
    door, path = probe.value.door.rstrip("/"), xrootd.with_host(url, xrootd.place(url)[0])
    source, _, name = path.partition("//")[2].partition("//")
    kept = xrootd.stat(probe, door, f"/{path}", timeout=SOON)
    origin = xrootd.stat(probe, f"root://{source}", f"/{name}", timeout=SOON)
    if kept is None or origin is None:
        probe.unverified(Reason.PREREQUISITE_ABSENT, "the cache tells nothing of what it keeps")
    own = kept.from_cache or kept.changed != origin.changed
    probe.expect(own, "a file that was read twice is kept", "the cache knows it from the source alone")

"""Triton: the server is ready, serves what users upload, bears one user's bad model, and counts what it does."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from afspec.conformance.checks import check
from afspec.conformance.clients.kserve import door_of
from afspec.conformance.clients.triton import Affine, Models, addresses, bad_files, no_address
from afspec.verdict import Reason

if TYPE_CHECKING:
    from afspec.conformance.probe import Probe

_TIMES = 3


@check("AF-TRITON-001", "ready")
def test_server_is_ready(probe: Probe) -> None:
    """It lives, is ready, and says what it is."""
    address = addresses(probe.value).get(probe.item)
    if not address:
        raise no_address()
    door = door_of(probe, probe.item, address)
    probe.expect(door.live(), "the server says that it is live")
    probe.expect(door.ready(), "the server says that it is ready")
    about = door.about()
    probe.note("server", f"{about.name} {about.version}")
    probe.note("extensions", ", ".join(about.extensions))
    probe.expect(about.name and about.version, "the server says its name and version", about)


@check("AF-TRITON-002", "own_model")
def test_uploaded_model_computes(probe: Probe) -> None:
    """A model that nobody else has is uploaded, asked by every protocol, and taken away."""
    own = Models(probe)
    model = _served(probe, own)
    _computes(probe, own, model)
    own.remove(model.name)
    probe.expect(own.await_gone(model.name), "a model that was taken away is not served any more")


@check("AF-TRITON-003", "bad_model")
def test_bad_model_harms_nobody(probe: Probe) -> None:
    """A model that raises a text of this run lies beside one that works."""
    own = Models(probe)
    model = _served(probe, own)
    bad = own.name("-bad")
    # The nonce as such is in the model's name, which the index holds in any case.
    text = f"cannot be loaded: {probe.nonce[::-1]}"
    own.upload(bad, bad_files(text), loads=False)
    told = probe.poll(lambda: text in own.said_of(bad), own.patience)
    for protocol, door in own.doors.items():
        probe.expect(door.ready(), f"the server stays ready beside a model that cannot be loaded ({protocol})")
        probe.expect(not door.serves(bad), f"a model that cannot be loaded is not said to be ready ({protocol})")
    _computes(probe, own, model)
    probe.expect(told, "the server's index says why the model cannot be loaded", own.said_of(bad) or "not a word")


@check("AF-TRITON-004", "counted")
def test_metrics_count(probe: Probe) -> None:
    """The counter of a model of this run's own, which nobody else asks."""
    triton = probe.value
    http = addresses(triton).get("http")
    if not http or triton.server is None:
        probe.unverified(Reason.PREREQUISITE_ABSENT, "the spec does not say where the metrics are")
    host = urlsplit(http).hostname or ""
    web = probe.web(f"http://{f'[{host}]' if ':' in host else host}:{triton.server.metrics_port}")
    own = Models(probe)
    model = _served(probe, own)
    for _ in range(_TIMES):
        own.door.infer(model.name, model.values)
    pattern = re.compile(
        rf'^nv_inference_request_success{{[^}}]*model="{re.escape(model.name)}"[^}}]*}} (\d+(?:\.\d+)?)$', re.MULTILINE
    )

    def counted() -> str:
        # They name other users' models too.
        answer = web.get("/metrics", shown=False)
        probe.expect(answer.is_success, "the metrics answer", f"status {answer.status_code}")
        found = pattern.findall(answer.text)
        return found[0] if found and float(found[0]) >= _TIMES else ""

    # Counters are brought up to date every two seconds (--metrics-interval-ms).
    value = probe.poll(counted, 10) or "not counted"
    probe.expect(value in {str(_TIMES), f"{_TIMES}.0"}, f"{_TIMES} inferences of a model are counted", value)


def _served(probe: Probe, own: Models) -> Affine:
    """A model of this attempt's own that the server serves."""
    model = Affine.of(probe, own.name())
    own.upload(model.name, model.files)
    instead = own.await_served(model.name)
    probe.expect(not instead, "a model that was uploaded is served", instead)
    return model


def _computes(probe: Probe, own: Models, model: Affine) -> None:
    for protocol, door in own.doors.items():
        found = door.infer(model.name, model.values)
        probe.expect(found == model.expected, f"the model computes what it is made to ({protocol})", found)

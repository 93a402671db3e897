"""ServiceX: an instance says what it can, refuses strangers, and gives a user the columns that were asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from afspec.conformance.checks import check
from afspec.conformance.clients.documents import document
from afspec.conformance.clients.servicex import WAITING, ServiceX, refresh_token
from afspec.verdict import Reason

if TYPE_CHECKING:
    from afspec.conformance.clients.servicex import Progress
    from afspec.conformance.probe import Probe
    from afspec.conformance.web import Web

_REFUSALS = {401, 403}
# A file of ATLAS' open data that anybody may read, and a branch that is small in it; ServiceX_frontend's own example.
_FILE = "root://eospublic.cern.ch//eos/opendata/atlas/rucio/data16_13TeV/DAOD_PHYSLITE.37019878._000001.pool.root.1"
_TREE, _BRANCH = "CollectionTree", "AnalysisElectronsAuxDyn.pt"
_GENERATOR = "uproot"
# Transformers are pods that have to be started. [s]
_WAIT, _EVERY = 540, 2
_MAGIC = b"PAR1"


def _web(probe: Probe) -> Web:
    if not probe.value.url:
        probe.unverified(Reason.PREREQUISITE_ABSENT, "the spec gives no address", "Give the instance's `url`.")
    return probe.web(probe.value.url)


@check("AF-SERVICEX-001", "answers")
def test_instance_says_what_it_can(probe: Probe) -> None:
    """Its version, its code generators, its capabilities: anybody may know them."""
    answer = _web(probe).get("/servicex")
    found = document(answer, "GET /servicex")
    version, generators = found.get("app-version"), found.get("code-gen-image")
    probe.expect(isinstance(version, str) and version, "it says its version", version)
    probe.note("version", version)
    # Instances before 1.6 list no capabilities.
    probe.note("capabilities", found.get("capabilities") or "none listed")
    usable = isinstance(generators, dict) and bool(generators)
    probe.expect(usable, "it has code generators", generators)
    missing = [name for name in probe.value.code_generators if name not in (generators or ())]
    probe.expect(not missing, "every declared code generator is there", f"missing: {', '.join(missing)}")


@check("AF-SERVICEX-001", "refuses")
def test_instance_refuses_strangers(probe: Probe) -> None:
    """The list of transformations is for who has a token."""
    answer = _web(probe).get("/servicex/transformation", shown=False)
    claim = "transformations are refused to whoever has no token"
    probe.expect(answer.status_code in _REFUSALS, claim, f"it answers {answer.status_code}")


@check("AF-SERVICEX-002", "object")
def test_transformation_gives_what_was_asked(probe: Probe) -> None:
    """A column under a name that is new comes back in the transformation's object."""
    web = _web(probe)
    service = ServiceX(web, probe.run.wallet)
    generators = document(web.get("/servicex"), "GET /servicex").get("code-gen-image") or {}
    if _GENERATOR not in generators:
        has = ", ".join(generators) or "none"
        text = f"the instance has no code generator {_GENERATOR}, which this check writes for, but {has}"
        probe.unverified(Reason.PREREQUISITE_ABSENT, text)
    service.sign_in(refresh_token(probe.secret("servicex_token"), probe.value.url))
    column = f"n_{probe.nonce}"
    probe.spend(jobs=1)
    request = service.submit(_request(probe.name, column))
    probe.later(lambda: service.remove(request), f"servicex transforms delete {request}")
    probe.note("transformation", request)
    progress = _ended(probe, service, request)
    probe.expect(progress.status == "Complete", "the transformation completes", progress.words)
    objects = service.objects(request, progress)
    probe.expect(objects, "its bucket has an object")
    probe.spend(size=sum(map(len, objects.values())))
    sizes = {name: len(content) for name, content in objects.items()}
    probe.note("objects", ", ".join(f"{name}: {size} bytes" for name, size in sizes.items()))
    footers = [_footer(content) for content in objects.values()]
    probe.expect(all(footers), "its objects are Parquet files", sizes)
    probe.expect(
        any(column.encode() in footer for footer in footers), f"the object has the column {column} that was asked for"
    )


def _request(title: str, column: str) -> dict[str, object]:
    event = f"(lambda (list e) (dict (list '{column}') (list (subscript e '{_BRANCH}'))))"
    return {
        "title": title,
        "file-list": [_FILE],
        "selection": f"(Select (call EventDataset 'bogus.root' '{_TREE}') {event})",
        "codegen": _GENERATOR,
        "result-destination": "object-store",
        "result-format": "parquet",
        "workers": 1,
    }


def _ended(probe: Probe, service: ServiceX, request: str) -> Progress:
    """The end of a transformation; one that was not even started in time may come yet, one that was has failed."""
    seen: list[Progress] = []

    def ended() -> bool:
        seen.append(service.progress(request))
        return seen[-1].ended

    probe.poll(ended, _WAIT, _EVERY)
    last = seen[-1]
    if last.status in WAITING:
        probe.unverified(Reason.QUEUE_WAIT_EXCEEDED, f"the transformation still waits: {last.words}", "Is it busy?")
    return last


def _footer(content: bytes) -> bytes:
    """The metadata of a Parquet file, where its columns have their names; "" if it is none."""
    size = int.from_bytes(content[-8:-4], "little")
    framed = content.startswith(_MAGIC) and content.endswith(_MAGIC) and size <= len(content) - 12
    return content[-8 - size : -8] if framed else b""

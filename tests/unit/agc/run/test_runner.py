"""Runs from plan to result: complete or not, interrupted and gone on with, and what they write."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from afspec.agc.errors import AgcError, ClusterError, InputError
from afspec.agc.histogram import of_documents
from afspec.agc.run.executors.threads import Inline, Threads
from afspec.agc.run.filelist import File, FileList
from afspec.agc.run.files import OutputError
from afspec.agc.run.runner import InterruptedRunError, run_analysis
from afspec.agc.run.work import Partial, process_unit
from afspec.agc.ttbar.samples import CROSS_SECTIONS, LUMINOSITY

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from afspec.agc.run.result import Result
    from afspec.agc.run.work import Unit


@pytest.fixture
def four(world: Any) -> Any:
    """A world of four files, of 37, 50, 0 and 63 events."""
    for name, entries in zip("abcd", (37, 50, 0, 63), strict=True):
        world.add(name, entries, (11, 22))
    return world


@dataclass
class Heard:
    """Progress, as it is told."""

    told: list[tuple[Any, ...]] = field(default_factory=list)

    def begin(self, planned: int, resumed: int) -> None:
        self.told.append(("begin", planned, resumed))

    def advance(self, events: int, failed: int) -> None:
        self.told.append((events, failed))

    def end(self) -> None:
        self.told.append(("end",))


def bins(result: Result) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Events in each bin, all samples together, weights undone."""
    total = np.zeros(27)
    for sample in result.samples:
        if sample.events:
            name = f"4j1b_{sample.process}"
            total += result.histograms[name].contents / sample.weight
    return total


@pytest.mark.parametrize("executor", [Inline(), Threads(3)], ids=repr)
@pytest.mark.parametrize("chunk", [1, 10, 1000])
def test_every_event_counts_once(executor: Any, chunk: int, four: Any, numbers: Any, tmp_path: Path) -> None:
    heard = Heard()
    result = run_analysis(numbers, four.listed(), executor, tmp_path, chunk_events=chunk, progress=heard)
    assert result.complete
    assert bins(result) == pytest.approx(four.truth(), rel=1e-12)
    assert result.events == 150
    assert heard.told[0] == ("begin", 150, 0)
    assert heard.told[-1] == ("end",)
    assert sum(events for events, _ in heard.told[1:-1]) == 150
    assert sorted(path.name for path in tmp_path.iterdir()) == ["histograms.json", "result.json"]


def test_normalisation(four: Any, numbers: Any, tmp_path: Path) -> None:
    result = run_analysis(numbers, four.listed(), Inline(), tmp_path)
    ttbar, wjets = result.samples
    assert (ttbar.listed, wjets.listed) == (37, 113)
    assert ttbar.weight == CROSS_SECTIONS["ttbar"] * LUMINOSITY / 37
    region = wjets.yields["4j1b"]
    assert region.selected == 113
    assert region.expected == pytest.approx(CROSS_SECTIONS["wjets"] * LUMINOSITY, rel=1e-12)
    assert region.uncertainty == pytest.approx(region.expected / np.sqrt(113), rel=1e-12)


def test_what_is_written(four: Any, numbers: Any, tmp_path: Path) -> None:
    result = run_analysis(numbers, four.listed(), Threads(2), tmp_path / "new/out", chunk_events=10)
    text = (tmp_path / "new/out/histograms.json").read_text()
    written = of_documents(json.loads(text))
    assert list(written) == list(result.histograms)
    for name, histogram in written.items():
        assert histogram.contents.tobytes() == result.histograms[name].contents.tobytes()
    document = json.loads((tmp_path / "new/out/result.json").read_text())
    assert document == json.loads(json.dumps(result.document()))
    assert document["schema"] == "afspec-agc-result/1"
    assert document["histograms_sha256"] == hashlib.sha256(text.encode()).hexdigest()
    assert document["input"]["files"] == 4
    assert document["executor"]["workers"] == 2
    assert document["times"]["startup"] == 1.5
    assert document["times"]["first"] == 1.5
    assert document["times"]["read"] == 0.5 * document["input"]["units"]
    assert document["versions"]["numpy"] == np.__version__
    assert document["samples"][0]["flow"]["all"] == 37


def test_a_file_that_fails_is_named_and_done_later(four: Any, numbers: Any, tmp_path: Path) -> None:
    four.troubles["b"] = [InputError("it broke", "b", transient=True)] * 3
    four.troubles["d"] = [InputError("it broke", "d", transient=True)] * 2
    first = run_analysis(numbers, four.listed(), Inline(), tmp_path)
    assert not first.complete
    (failure,) = first.failures
    assert (failure.process, failure.file, failure.start, failure.stop, failure.tries) == ("wjets", "b", 0, 50, 3)
    assert [sample.events for sample in first.samples] == [37, 63]
    assert first.samples[1].weight == CROSS_SECTIONS["wjets"] * LUMINOSITY / 63
    assert json.loads((tmp_path / "result.json").read_text())["complete"] is False
    before = dict(four.opened)
    second = run_analysis(numbers, four.listed(), Inline(), tmp_path)
    assert second.complete
    assert second.resumed == 100
    assert {name for name in "abcd" if four.opened[name] > before[name]} == {"b"}
    assert bins(second) == pytest.approx(four.truth(), rel=1e-12)


def test_a_list_that_is_corrected(four: Any, numbers: Any, tmp_path: Path) -> None:
    right = four.listed()
    wjets = [File(file.path, file.events + (file.path == "d")) for file in right.samples["wjets", "nominal"]]
    wrong = FileList({**right.samples, ("wjets", "nominal"): tuple(wjets)}, "x")
    assert not run_analysis(numbers, wrong, Inline(), tmp_path).complete
    result = run_analysis(numbers, right, Inline(), tmp_path)
    assert result.complete
    assert result.resumed == 87
    assert bins(result) == pytest.approx(four.truth(), rel=1e-12)


def test_a_file_that_vanishes_half_way(four: Any, numbers: Any, tmp_path: Path) -> None:
    class Vanishing(Inline):
        def run(self, analysis: Any, units: Sequence[Unit]) -> Iterator[Partial]:
            for partial in super().run(analysis, units):
                yield partial
                if four.opened.get("d") == 2:
                    four.files.pop("d", None)

    listed = four.listed()
    result = run_analysis(numbers, listed, Vanishing(), tmp_path, chunk_events=20)
    assert not result.complete
    assert {failure.file for failure in result.failures} == {"d"}
    failed = sum((failure.stop or 0) - failure.start for failure in result.failures)
    assert 0 < result.events < 150
    # Both count from the same plan; its ends may have moved by less than half a unit.
    assert abs(result.events + failed - 150) <= 10


def test_a_file_of_another_size_is_a_failure(four: Any, numbers: Any, tmp_path: Path) -> None:
    listed = four.listed()
    four.files["d"] += [1]
    four.boundaries["d"] = [0, 64]
    result = run_analysis(numbers, listed, Inline(), tmp_path)
    assert [failure.file for failure in result.failures] == ["d"]
    assert "64 entries, the file list says 63" in result.failures[0].error


def test_a_file_that_changes_between_units_is_found_out(four: Any, numbers: Any, tmp_path: Path) -> None:
    class Changing(Inline):
        def run(self, analysis: Any, units: Sequence[Unit]) -> Iterator[Partial]:
            for partial in super().run(analysis, units):
                yield partial
                if four.opened.get("d") == 1:
                    four.boundaries["d"] = [0, 63]

    # The first unit ends at 11, where the file could be split; the second begins at 12, for now it cannot.
    result = run_analysis(numbers, four.listed(), Changing(), tmp_path, chunk_events=13)
    assert not result.complete
    assert result.events == 149
    (failure,) = result.failures
    assert "62 events were counted, 63 were planned: it changed while it was read" in failure.error


@pytest.mark.parametrize("limit", range(1, 16, 3))
@pytest.mark.parametrize("executor", [Inline(), Threads(2)], ids=repr)
def test_an_interrupted_run_goes_on(executor: Any, limit: int, four: Any, numbers: Any, tmp_path: Path) -> None:
    run_analysis(numbers, four.listed(), Inline(), tmp_path / "whole", chunk_events=10)
    four.opened.clear()
    four.limit = limit
    with pytest.raises(InterruptedRunError, match=r"same command goes on.*--fresh") as stopped:
        run_analysis(numbers, four.listed(), executor, tmp_path / "out", chunk_events=10)
    assert stopped.value.planned == 150
    assert not (tmp_path / "out/histograms.json").exists()
    four.limit = None
    heard = Heard()
    result = run_analysis(numbers, four.listed(), executor, tmp_path / "out", chunk_events=10, progress=heard)
    assert result.complete
    assert heard.told[0] == ("begin", 150, result.resumed)
    assert result.resumed >= stopped.value.done
    texts = [(tmp_path / name / "histograms.json").read_bytes() for name in ("whole", "out")]
    assert texts[0] == texts[1]


def test_fresh_forgets(four: Any, numbers: Any, tmp_path: Path) -> None:
    four.limit = 3
    with pytest.raises(InterruptedRunError):
        run_analysis(numbers, four.listed(), Inline(), tmp_path, chunk_events=10)
    four.limit = None
    assert run_analysis(numbers, four.listed(), Inline(), tmp_path, chunk_events=10, resume=False).resumed == 0


@pytest.mark.parametrize("way", ["drops", "doubles", "invents"])
def test_executors_are_not_believed(way: str, four: Any, numbers: Any, tmp_path: Path) -> None:
    class Wrong(Inline):
        def run(self, analysis: Any, units: Sequence[Unit]) -> Iterator[Partial]:
            parts = [process_unit(analysis, unit) for unit in units]
            yield from {"drops": parts[1:], "doubles": [*parts, parts[0]]}.get(way, parts)
            if way == "invents":
                yield Partial({99: 5})

    if way == "drops":
        result = run_analysis(numbers, four.listed(), Wrong(), tmp_path)
        assert not result.complete
        assert [failure.file for failure in result.failures] == ["a"]
        assert "never came back" in result.failures[0].error
    else:
        with pytest.raises(AssertionError, match="came twice, or were not asked for"):
            run_analysis(numbers, four.listed(), Wrong(), tmp_path)


def test_a_cluster_that_goes_away_loses_nothing_that_was_done(four: Any, numbers: Any, tmp_path: Path) -> None:
    class Gone(Inline):
        def run(self, analysis: Any, units: Sequence[Unit]) -> Iterator[Partial]:
            yield process_unit(analysis, units[0])
            raise ClusterError("all workers are gone", "Ask for others")

    with pytest.raises(ClusterError, match=r"are gone\. Ask for others\. 37 events are done and kept"):
        run_analysis(numbers, four.listed(), Gone(), tmp_path)
    assert run_analysis(numbers, four.listed(), Inline(), tmp_path).resumed == 37


@pytest.mark.parametrize(
    ("sample", "why"), [(("zjets", "nominal"), "no cross section"), (("wjets", "ME_var"), "no variation 'ME_var'")]
)
def test_what_cannot_be_normalised_is_refused_first(
    sample: tuple[str, str], why: str, four: Any, numbers: Any, tmp_path: Path
) -> None:
    files = FileList({**four.listed().samples, sample: (File("a", 37),)}, "x")
    with pytest.raises(AgcError, match=why):
        run_analysis(numbers, files, Inline(), tmp_path)
    assert four.opened == {}


def test_samples_without_events(world: Any, numbers: Any, tmp_path: Path) -> None:
    world.add("a", 0)
    result = run_analysis(numbers, world.listed(), Inline(), tmp_path)
    assert result.complete
    assert result.histograms == {}
    assert result.notes == ("ttbar nominal has no events: no histograms of it",)


def test_a_file_without_events_that_is_not_there(four: Any, numbers: Any, tmp_path: Path) -> None:
    listed = four.listed()
    del four.files["c"]
    result = run_analysis(numbers, listed, Inline(), tmp_path)
    assert result.events == 150
    assert not result.complete


def test_secrets_are_not_written(world: Any, numbers: Any, tmp_path: Path) -> None:
    address = "root://me:secret@door//a.root?authz=secret"
    world.add("a", 5)
    files = FileList({("ttbar", "nominal"): (File(address, 5), File("a", 5))}, "x")
    result = run_analysis(numbers, files, Inline(), tmp_path)
    assert result.failures[0].file == "root://***@door//a.root?authz=***"
    assert not [path for path in tmp_path.rglob("*") if path.is_file() and "secret" in path.read_text()]


def test_an_output_that_cannot_be_written(four: Any, numbers: Any, tmp_path: Path) -> None:
    (tmp_path / "histograms.json").mkdir()
    with pytest.raises(OutputError, match="cannot be written"):
        run_analysis(numbers, four.listed(), Inline(), tmp_path)
    # What was done is not lost with it.
    (tmp_path / "histograms.json").rmdir()
    assert run_analysis(numbers, four.listed(), Inline(), tmp_path).resumed == 150

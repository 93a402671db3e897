"""Figures: medians of turns, ratios within a turn, what is printed, and what is held against older ones."""

from __future__ import annotations

import copy
import json
import socket
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from afspec.agc.bench import machine, memory, words
from afspec.agc.bench.floor import Floor
from afspec.agc.bench.passes import Case, Pass, Turn
from afspec.agc.bench.plot import draw
from afspec.agc.bench.report import FORMAT, Report, figures
from afspec.agc.bench.startup import Start, StartUp
from afspec.agc.errors import AgcError
from afspec.agc.events.stats import ReadStats
from afspec.agc.run.filelist import File, FileList

SECONDS = st.floats(0.0, 100.0)


def case(path: str = "a.root", name: str = "zstd:5 ttree") -> Case:
    return Case(name, FileList({("ttbar", "nominal"): (File(path, 1000),)}))


def turn(cpu: float, floor: float = 0.5, several: float = 0.6) -> Turn:
    stats = ReadStats(0.1 * cpu, 0.1 * cpu, 0.5 * cpu, 0.2 * cpu, compressed=5_000, uncompressed=9_000)
    both = Pass(1000, cpu, several, stats)
    return Turn(Pass(1000, cpu, cpu, stats), Floor(floor, 4_000, 9_000), both)


def report(*cpus: float, name: str = "zstd:5 ttree", threads: int = 2) -> Report:
    start = StartUp(Start(0.9, 11.0, 12.0, 2_000_000), Start(0.5, 0.2, 1.25, 300_000_000))
    found = figures(case(name=name), [turn(cpu) for cpu in cpus], threads)
    return Report("ttbar-v2", machine.describe(), len(cpus), 25e9, start, (found,))


class TestPasses:
    @given(each=st.tuples(SECONDS, SECONDS, SECONDS, SECONDS), share=st.floats(0.0, 3.0), remote=st.booleans())
    def test_parts_are_what_the_pass_took(
        self, each: tuple[float, float, float, float], share: float, *, remote: bool
    ) -> None:
        wall = sum(each) + 1.0
        cpu = min(share, 1.0) * wall
        parts = Pass(1, cpu, wall, ReadStats(*each)).parts(remote=remote)
        assert all(seconds >= 0.0 for seconds in parts.values())
        if not remote:
            assert sum(parts.values()) == pytest.approx(cpu)

    def test_waiting_for_a_server_is_no_work(self) -> None:
        parts = Pass(1, 2.0, 10.0, ReadStats(0.5, 8.5, 0.7, 0.1)).parts(remote=True)
        assert parts["read"] == pytest.approx(0.5)
        assert parts["decompress"] == 0.7

    @pytest.mark.parametrize(("path", "remote"), [("a.root", False), ("root://x//a.root", True)])
    def test_remote(self, path: str, *, remote: bool) -> None:
        assert case(path).remote is remote


class TestFigures:
    def test_medians(self) -> None:
        found = figures(case(), [turn(1.0), turn(0.5), turn(4.0)], 2)
        assert (found.slowest, found.rate, found.fastest) == (250.0, 1000.0, 2000.0)
        assert sum(found.parts.values()) == pytest.approx(1e6)
        assert found.compressed == 4.0

    def test_ratios_are_taken_within_a_turn(self) -> None:
        # The machine was four times slower in the second turn: the share is the same in both.
        found = figures(case(), [turn(1.0, 0.8, 0.5), turn(4.0, 3.2, 2.0)], 2)
        assert found.of_floor == pytest.approx(0.8)
        assert found.speed_up == pytest.approx(2.0)

    def test_without_compression_there_is_no_floor(self) -> None:
        found = figures(case(), [turn(1.0, 0.0)], 1)
        assert (found.floor, found.of_floor, found.speed_up) == (None, None, None)


class TestWords:
    def test_a_report_is_told(self) -> None:
        text = "\n".join(words.told(report(0.001, 0.001)))
        assert "1000" in text
        assert "2: 0.00x" in text
        assert "compilation 10.80 s once; first events after 1.25 s (12.00 s uncompiled)" in text
        assert "300 MB" in text

    def test_fallbacks_are_told(self) -> None:
        one = Turn(Pass(1, 1.0, 1.0, ReadStats(fallbacks={"Jet_pt": "embedded"})), Floor(0.1, 1, 1), None)
        told = Report("x", machine.describe(), 1, 1e9, None, (figures(case(), [one], 1),))
        assert "zstd:5 ttree: Jet_pt was read by uproot: embedded" in list(words.told(told))

    def test_ratios(self) -> None:
        new, old = report(0.5).document(), report(1.0).document()
        lines = list(words.ratios(new, old))
        assert any(line.startswith("zstd:5 ttree, kHz") and line.endswith("2.00") for line in lines)
        assert not any(line.startswith("another") for line in lines)

    def test_another_machine_is_told(self) -> None:
        new = report(1.0).document()
        old = copy.deepcopy(new)
        old["machine"]["cpu"] = "Abacus"
        assert any("another cpu: Abacus then" in line for line in words.ratios(new, old))

    @pytest.mark.parametrize(
        ("change", "said"),
        [({"format": "x"}, FORMAT), ({"analysis": "hzz"}, "of hzz"), ({"cases": {"y": {}}}, "older figures have y")],
    )
    def test_what_cannot_be_compared(self, change: dict[str, Any], said: str) -> None:
        new = report(1.0).document()
        with pytest.raises(AgcError, match=said):
            list(words.ratios(new, {**new, **change}))


class TestDocument:
    def test_it_is_json_and_names_nobody(self) -> None:
        text = json.dumps(report(1.0).document())
        # Not in the whole text: a host may be called "vm", which is a part of llvmlite.
        assert f'"{socket.gethostname()}"' not in text
        assert str(Path.home()) not in text
        assert json.loads(text)["cases"]["zstd:5 ttree"]["rate"] == 1000.0
        assert json.loads(text)["start_up"]["jit"] == pytest.approx(10.8)

    def test_a_machine_is_described(self) -> None:
        found = machine.describe()
        assert found["cpu"]
        assert 1 <= int(str(found["usable_cores"])) <= int(str(found["cores"]))
        assert set(machine.versions(("numpy", "no-such-package"))) == {"numpy"}
        assert machine.peak() > 10_000_000

    def test_bandwidth_is_that_of_a_memory(self) -> None:
        # From a slow machine's to more than any has.
        assert 1e8 < memory.bandwidth(repeats=1, size=1 << 24) < 1e13

    def test_the_plot_is_written(self, tmp_path: Path) -> None:
        written = draw(report(1.0), tmp_path)
        assert sorted(path.name for path in written) == ["bench.png", "bench.svg"]
        svg = (tmp_path / "bench.svg").read_text()
        assert "<svg" in svg

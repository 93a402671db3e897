"""Measuring: processes that are started, files that are made up, and the command."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from afspec.agc.bench import startup
from afspec.agc.bench.suite import generated, run
from afspec.agc.errors import AgcError
from afspec.agc.run.filelist import File, FileList
from afspec.agc.ttbar.analysis import Ttbar
from afspec.cli.agc.bench import bench


def command(*arguments: str | Path) -> Result:
    return CliRunner().invoke(bench, [str(argument) for argument in arguments])


@pytest.fixture(scope="module")
def events(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The path of 2,000 events."""
    (case,) = generated(tmp_path_factory.mktemp("events"), 2_000, ["zstd:5"], ["ttree"], 700)
    ((_, file),) = case.files
    return Path(file.path)


class TestStartUp:
    def test_a_process_tells_what_it_took(self, events: Path, capsys: pytest.CaptureFixture[str]) -> None:
        job = {"file": str(events), "variation": "nominal", "version": 2, "systematics": True}
        startup.main(json.dumps(job))
        first, last = map(json.loads, capsys.readouterr().out.splitlines())
        assert first["compile"] > 0.0
        assert first["imports"] > 0.0
        assert last["memory"] > 10_000_000

    def test_a_process_that_fails(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("sys.executable", "/bin/false")
        with pytest.raises(AgcError, match="failed"):
            startup.measure(Ttbar(), "no-such-file.root")


class TestSuite:
    def test_every_codec_and_form_is_a_case(self, tmp_path: Path) -> None:
        cases = generated(tmp_path, 50, ["lz4:4", "none"], ["ttree", "rntuple"], 20)
        assert [case.name for case in cases] == ["lz4:4 ttree", "none ttree", "lz4:4 rntuple", "none rntuple"]
        assert [case.files.events for case in cases] == [50] * 4

    def test_cases_take_turns(self, tmp_path: Path) -> None:
        cases = generated(tmp_path, 300, ["zstd:5", "lz4:4"], ["ttree"], 100)
        said: list[str] = []
        report = run(Ttbar(), cases, repeats=2, threads=2, start_up=False, progress=said.append)
        turns = [line.partition(": turn ")[::2] for line in said if "turn" in line]
        assert [name for name, _ in turns] == ["zstd:5 ttree", "lz4:4 ttree"] * 2
        assert [figures.events for figures in report.figures] == [300, 300]
        assert all(figures.rate > 0 and figures.speed_up for figures in report.figures)

    def test_nothing_to_measure(self, tmp_path: Path) -> None:
        with pytest.raises(AgcError, match="--generate 1"):
            generated(tmp_path, 0, ["zstd:5"], ["ttree"], 10)
        empty = generated(tmp_path, 1, ["zstd:5"], ["ttree"], 10)[0]
        nothing = FileList({("ttbar", "nominal"): (File("a.root", 0),)})
        with pytest.raises(AgcError, match="no event"):
            run(Ttbar(), [type(empty)("x", nothing)], repeats=1, threads=1, start_up=False, progress=print)


class TestCommand:
    def test_made_up_events(self, tmp_path: Path) -> None:
        done = command(
            *("--generate", "300", "--codec", "lz4:4", "--repeat", "1", "--threads", "1", "--no-start-up"),
            *("--output", tmp_path / "out", "--json"),
        )
        assert done.exit_code == 0, done.output
        told = json.loads(done.stdout)
        assert told["cases"]["lz4:4 ttree"]["events"] == 300
        assert json.loads((tmp_path / "out/bench.json").read_text()) == told
        assert (tmp_path / "out/bench.png").stat().st_size > 0

    def test_files_and_an_older_measurement(self, events: Path, tmp_path: Path) -> None:
        listed = tmp_path / "files.json"
        files = [{"path": str(events), "nevts": 2_000}]
        listed.write_text(json.dumps({"ttbar": {"nominal": {"nevts_total": 2_000, "files": files}}}))
        options = ("--repeat", "1", "--threads", "1", "--no-start-up")
        assert command(listed, *options, "--output", tmp_path).exit_code == 0
        done = command(listed, *options, "--compare", tmp_path / "bench.json")
        assert done.exit_code == 0, done.output
        assert "files, kHz" in done.stdout

    def test_a_list_of_files_that_are_not_there(self, tmp_path: Path) -> None:
        listed = tmp_path / "files.json"
        files = [{"path": "gone.root", "nevts": 10}]
        listed.write_text(json.dumps({"ttbar": {"nominal": {"nevts_total": 10, "files": files}}}))
        done = command(listed, "--repeat", "1")
        assert done.exit_code == 1
        assert "gone.root" in done.stderr

    def test_files_are_not_made_up(self, tmp_path: Path) -> None:
        listed = tmp_path / "files.json"
        listed.write_text("{}")
        assert command(listed, "--generate", "10").exit_code == 2

    def test_a_codec_that_is_none(self) -> None:
        done = command("--generate", "10", "--codec", "rar")
        assert done.exit_code == 1
        assert "rar" in done.stderr

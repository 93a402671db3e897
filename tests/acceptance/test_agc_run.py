"""`afspec agc run` as people run it: on files, interrupted, killed, and with input that is not what it should be."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner

from afspec.agc.generate.nanoaod import write
from afspec.cli import cli

if TYPE_CHECKING:
    from pathlib import Path

    from click.testing import Result

EVENTS = {("ttbar", "nominal"): 4000, ("ttbar", "ME_var"): 1500, ("ttbar", "PS_var"): 1500, ("wjets", "nominal"): 2000}
CHUNK = ("--chunk-events", "500")
# The process gets a real signal when the n-th partial result has been remembered.
SIGNALLED = """
import os, signal, sys
from afspec.agc.run.journal import Journal
from afspec.cli import main
which, left, real = int(sys.argv.pop(1)), int(sys.argv.pop(1)), Journal.add
def add(self, partial):
    global left
    real(self, partial)
    left -= 1
    if left == 0:
        os.kill(os.getpid(), which)
Journal.add = add
main()
"""


@pytest.fixture(scope="session")
def listed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file list, with files made up beside it."""
    folder = tmp_path_factory.mktemp("events")
    document: dict[str, Any] = {}
    for (process, variation), events in EVENTS.items():
        name = f"{process}_{variation}.root"
        write(folder / name, events, process=process, variation=variation, cluster=250)
        document.setdefault(process, {})[variation] = {
            "nevts_total": events,
            "files": [{"path": name, "nevts": events}],
        }
    (folder / "files.json").write_text(json.dumps(document))
    return folder / "files.json"


@pytest.fixture(scope="session")
def whole(listed: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What a run gives that nothing disturbs."""
    output = tmp_path_factory.mktemp("whole")
    assert run(listed, "-o", output, "--no-plots", *CHUNK).exit_code == 0
    return output


def run(*arguments: str | Path) -> Result:
    """The command in this process."""
    done = CliRunner().invoke(cli, ["agc", "run", *map(str, arguments)])
    assert done.exception is None or isinstance(done.exception, SystemExit), repr(done.exception)
    return done


def signalled(which: signal.Signals, left: int, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """The command in a process of its own that gets a signal after so many partial results."""
    command = [sys.executable, "-c", SIGNALLED, str(int(which)), str(left), "agc", "run", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)


def changed(listed: Path, folder: Path, **more: Any) -> Path:
    """The list with other W+jets files, beside those that it names."""
    document = json.loads(listed.read_text())
    for variations in document.values():
        for each in variations.values():
            for file in each["files"]:
                file["path"] = str(listed.parent / file["path"])
    document["wjets"]["nominal"]["files"][0].update(more)
    (folder / "changed.json").write_text(json.dumps(document))
    return folder / "changed.json"


def test_a_run_says_what_it_did(listed: Path, tmp_path: Path) -> None:
    done = run(listed, "-o", tmp_path, *CHUNK)
    assert done.exit_code == 0, done.output
    assert "9,000 events in 4 files, normalised to 3378/pb" in done.stdout
    assert "pseudodata / expected" in done.stdout
    document = json.loads((tmp_path / "result.json").read_text())
    assert document["complete"] is True
    assert {(each["process"], each["variation"]): each["events"] for each in document["samples"]} == EVENTS
    assert document["fallbacks"] == {}
    # The age of a process is told in hundredths of a second.
    assert document["times"]["first"] >= document["times"]["startup"] > 0
    histograms = json.loads((tmp_path / "histograms.json").read_text())
    assert len(histograms["4j2b_ttbar_pt_scale_up"]["contents"]) == 27
    assert {f"{region}_pseudodata" for region in ("4j1b", "4j2b")} <= histograms.keys()
    assert list((tmp_path / "plots").glob("*.png"))


def test_chunks_and_threads_change_nothing(listed: Path, whole: Path, tmp_path: Path) -> None:
    assert run(listed, "-o", tmp_path, "--no-plots", "--threads", "1").exit_code == 0
    one, other = (json.loads((folder / "histograms.json").read_text()) for folder in (whole, tmp_path))
    assert one.keys() == other.keys()
    for name in one:
        assert one[name]["contents"] == pytest.approx(other[name]["contents"], rel=1e-12), name
        assert one[name]["variances"] == pytest.approx(other[name]["variances"], rel=1e-12), name


@pytest.mark.parametrize(("which", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 130), (signal.SIGKILL, -9)])
def test_after_a_signal_it_goes_on(which: signal.Signals, code: int, listed: Path, whole: Path, tmp_path: Path) -> None:
    arguments = (listed, "-o", tmp_path, "--no-plots", "--threads", "2", *CHUNK)
    stopped = signalled(which, 5, *arguments)
    assert stopped.returncode == code, stopped.stderr
    assert [path.name for path in tmp_path.iterdir()] == [".partial"]
    if code > 0:
        assert "The same command goes on from there; --fresh starts anew" in stopped.stderr
    resumed = run(*arguments)
    assert resumed.exit_code == 0
    assert "Goes on where it was interrupted: " in resumed.stderr
    assert json.loads((tmp_path / "result.json").read_text())["resumed"] >= 5 * 250
    one, again = (json.loads((folder / "histograms.json").read_text()) for folder in (whole, tmp_path))
    assert one.keys() == again.keys()
    for name in one:
        assert one[name]["contents"] == pytest.approx(again[name]["contents"], rel=1e-12), name
        assert one[name]["variances"] == pytest.approx(again[name]["variances"], rel=1e-12), name
    assert not (tmp_path / ".partial").exists()


@pytest.mark.parametrize(
    ("more", "why"),
    [({"nevts": 1999}, "it has 2,000 entries, the file list says 1,999"), ({"path": "absent.root"}, "absent.root")],
    ids=["entries", "absent"],
)
def test_a_file_that_is_not_what_it_should_be(more: dict[str, Any], why: str, listed: Path, tmp_path: Path) -> None:
    done = run(changed(listed, tmp_path, **more), "-o", tmp_path / "out", "--no-plots", "--json")
    assert done.exit_code == 1
    assert "NOT COMPLETE" in done.stderr
    assert why in done.stderr
    document = json.loads(done.stdout)
    assert document == json.loads((tmp_path / "out/result.json").read_text())
    assert document["complete"] is False
    assert [each["process"] for each in document["failures"]] == ["wjets"]
    assert [each["events"] for each in document["samples"]] == [4000, 1500, 1500, 0]


def test_a_file_cut_short(listed: Path, tmp_path: Path) -> None:
    (tmp_path / "short.root").write_bytes((listed.parent / "wjets_nominal.root").read_bytes()[:30_000])
    done = run(changed(listed, tmp_path, path=str(tmp_path / "short.root")), "-o", tmp_path / "out", "--no-plots")
    assert done.exit_code == 1
    assert "short.root" in done.stdout
    assert "4,000" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "code", "why"),
    [
        ((), 2, "Give either FILES.json or --generate N"),
        (("x.json", "--generate", "5"), 2, "Give either FILES.json or --generate N"),
        (("x.json",), 1, "x.json cannot be read: No such file"),
        (("x.json", "--threads", "2", "--executor", "dask"), 2, "give --workers"),
        (("x.json", "--workers", "2"), 2, "--workers is for Dask"),
        (("x.json", "--executor", "threads", "--dask", "tcp://h:1"), 2, "not for --executor threads"),
        (("x.json", "--via", "gateway"), 2, "are for --cluster"),
        (("x.json", "--xcache", "cache"), 1, "is no cache"),
        (("x.json", "--rewrite", "a"), 1, "PREFIX=REPLACEMENT"),
        (("x.json", "--chunk-events", "0"), 2, "chunk-events"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else None,
)
def test_misuse(
    arguments: tuple[str, ...], code: int, why: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    done = run(*arguments)
    assert done.exit_code == code, done.output
    assert why in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_an_output_that_cannot_be_written(listed: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    done = run(listed, "-o", tmp_path / "file/out")
    assert done.exit_code == 4
    assert "cannot be written" in done.stderr


def test_a_disk_that_is_full(listed: Path, whole: Path, tmp_path: Path) -> None:
    assert whole.exists()  # so that compiled code is in its cache
    arguments = ["agc", "run", str(listed), "-o", str(tmp_path), "--no-plots", *CHUNK]
    # No file can become larger than eight blocks.
    command = ["bash", "-c", 'ulimit -f 8; exec "$@"', "bash", sys.executable, "-m", "afspec", *arguments]
    full = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    assert full.returncode == 4, full.stderr
    assert f"{tmp_path} cannot be written: File too large. Make room there" in full.stderr
    assert run(listed, "-o", tmp_path, "--no-plots", *CHUNK).exit_code == 0
    one, other = (json.loads((folder / "histograms.json").read_text()) for folder in (whole, tmp_path))
    assert one["4j1b_ttbar"] == other["4j1b_ttbar"]


# As many histograms as upstream has: of its reference, and of its ROOT file with two more for ZZ's normalisation.
@pytest.mark.parametrize(("kind", "count"), [("ttbar", 124), ("hzz", 18)])
def test_made_up_events(kind: str, count: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    for _ in range(2):
        done = run("--generate", "20_000", "--analysis", kind, "-o", tmp_path / "out", "--no-plots")
        assert done.exit_code == 0, done.output
        assert " events in 9 files" in done.stdout
    document = json.loads((tmp_path / "out/result.json").read_text())
    assert document["complete"] is True
    assert sum(sample["events"] for sample in document["samples"]) == pytest.approx(20_000, rel=0.03)
    assert len(json.loads((tmp_path / "out/histograms.json").read_text())) == count


def test_a_process_without_a_cross_section(listed: Path, tmp_path: Path) -> None:
    text = listed.read_text().replace('"wjets"', '"zjets"')
    (tmp_path / "z.json").write_text(text)
    done = run(tmp_path / "z.json", "-o", tmp_path / "out")
    assert done.exit_code == 1
    assert "no cross section is known for 'zjets'. Known are ttbar, " in done.stderr
    assert not (tmp_path / "out").exists()


def test_the_help_teaches() -> None:
    done = run("--help")
    assert done.exit_code == 0
    for word in ("--generate 1_000_000", "--xcache", "goes on where it was", "130 interrupted", "--cluster build/slac"):
        assert word in done.stdout

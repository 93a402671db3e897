"""The analysis is exact: every bin and variance is that of an implementation with coffea that shares no code with it.

coffea has an environment of its own (benchmarks/agc/peers.py), which is made where CI is set; elsewhere these tests are
skipped until someone makes it.
"""

from __future__ import annotations

import itertools
import os
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import peers
import pytest
from measured import Job, Sample
from running import Running

from afspec.agc.compare.bins import exactly
from afspec.agc.compare.sets import compare
from afspec.agc.compare.words import told
from afspec.agc.generate.files import FORMS, Batch, create
from afspec.agc.generate.nanoaod import BRANCHES, TREE, batch, write
from afspec.agc.histogram import of_documents
from afspec.agc.run.executors.threads import in_process
from afspec.agc.run.filelist import File, FileList
from afspec.agc.run.plan import plan
from afspec.agc.run.work import Unit, merge
from afspec.agc.ttbar.analysis import Ttbar
from afspec.agc.ttbar.histograms import histograms

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from afspec.agc.histogram import Histogram

RELATIVE = 1e-6
CODECS = ("zstd:5", "lz4:4", "zlib:6", "lzma:6", "none")
# Samples with all variations, with those that only W+jets has, and those that pseudodata is made of.
EVENTS = {
    ("ttbar", "nominal"): 8_000,
    ("wjets", "nominal"): 8_000,
    ("ttbar", "ME_var"): 2_000,
    ("ttbar", "PS_var"): 2_000,
}
VARIATIONS = 11
# Two regions: two samples with variations, W+jets with two more, two samples without; pseudodata.
HISTOGRAMS = 2 * (2 * VARIATIONS + 2 + 2 + 1)
BAD = (np.nan, np.inf, -np.inf, 0.0, -1.0, 30.0)


@pytest.fixture(scope="module")
def coffea() -> Iterator[Running]:
    if os.environ.get("CI"):
        peers.setup("coffea")
    elif peers.python("coffea") is None:
        pytest.skip("coffea is not there to compare with: python benchmarks/agc/peers.py --setup coffea")
    with Running("coffea", Job(())) as program:
        yield program


def job_of(files: dict[tuple[str, str], tuple[Path, int]]) -> Job:
    return Job(
        tuple(Sample(*sample, (str(path),), events) for sample, (path, events) in files.items()),
        # So that coffea reads more than one chunk.
        chunk=5_000,
    )


def by_coffea(program: Running, job: Job) -> dict[str, Histogram]:
    return of_documents(program.analyse(job))


def by_afspec(job: Job, chunk: int = 1_000_000, threads: int = 1) -> dict[str, Histogram]:
    """In units of about so many events."""
    files = {(s.process, s.variation): tuple(File(path, s.events) for path in s.files) for s in job.samples}
    return done(plan(FileList(files), chunk), threads)


def done(units: Sequence[Unit], threads: int = 1) -> dict[str, Histogram]:
    with in_process(threads, tries=1) as executor:
        total = merge(executor.run(Ttbar(), units))
    assert not total.failures
    return histograms(total.tallies)


def assert_same(got: dict[str, Histogram], expected: dict[str, Histogram], tolerance: float = RELATIVE) -> None:
    held = compare(got, expected, exactly(tolerance))
    assert held.alike, "\n".join(told(held))
    assert all(each.variances and not each.skipped for each in held.checked)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("codec", CODECS)
def test_every_bin_is_coffeas(codec: str, form: Any, coffea: Running, tmp_path: Path) -> None:
    files = {}
    for (process, variation), events in EVENTS.items():
        path = tmp_path / f"{process}-{variation}.root"
        # Few events of W+jets are selected: top quarks stand in for them.
        made_of, seed = ("ttbar", 2) if process == "wjets" else (process, 1)
        write(path, events, process=made_of, variation=variation, seed=seed, codec=codec, cluster=3_000, form=form)
        files[process, variation] = path, events
    job = job_of(files)
    expected = by_coffea(coffea, job)
    assert len(expected) == HISTOGRAMS
    assert all(each.contents.sum() > 0 for each in expected.values())
    whole = by_afspec(job)
    assert_same(whole, expected)
    # Units that end within clusters, units that follow them, and several at a time: nothing changes.
    for chunk, threads in ((701, 1), (3_000, 1), (1_500, 3)):
        assert_same(by_afspec(job, chunk, threads), whole, 1e-12)
    ends = (0, 1, 2_999, 3_001, None)
    sample = ("ttbar", "nominal")
    one = str(files[sample][0])
    cut = [Unit(number, sample, one, start or 0, stop) for number, (start, stop) in enumerate(itertools.pairwise(ends))]
    pieces = done(cut)
    assert_same(pieces, {name: each for name, each in whole.items() if name in pieces}, 1e-12)


def spoiled(events: int, seed: int) -> Batch:
    """Events with what is no number, infinite, negative, nothing, or just at a threshold, here and there."""
    random = np.random.default_rng(seed)
    clean = batch("ttbar", "nominal", seed, 0, events)
    columns = dict(clean.columns)
    for name, values in clean.columns.items():
        if values.dtype.kind == "f":
            columns[name] = np.where(random.random(len(values)) < 0.03, random.choice(BAD, len(values)), values).astype(
                np.float32
            )
    return replace(clean, columns=columns)


def crowded(jets: int, hard: int) -> Batch:
    """An event with one muon and far more jets than any has, of which some are hard."""
    random = np.random.default_rng(5)
    pt = np.where(np.arange(jets) < hard, random.uniform(31, 90, jets), random.uniform(5, 25, jets))
    columns = {branch.name: np.zeros(0, branch.dtype) for branch in BRANCHES if branch.counter}
    columns |= {branch.name: np.zeros(1, branch.dtype) for branch in BRANCHES if not branch.counter}
    columns |= {
        f"Jet_{name}": random.uniform(-2.3, 2.3, jets).astype(np.float32) for name in ("eta", "phi", "btagCSVV2")
    }
    columns |= {f"Jet_{name}": random.uniform(1, 9, jets).astype(np.float32) for name in ("mass", "qgl")}
    columns |= {"Jet_pt": random.permutation(pt).astype(np.float32), "Jet_jetId": np.full(jets, 6, np.int32)}
    muon = {"pt": 45.0, "eta": 0.4, "phi": 1.0, "mass": 0.1, "charge": 1, "tightId": True, "sip3d": 1.0}
    columns |= {f"Muon_{name}": np.array([value]) for name, value in {**muon, "pfRelIso04_all": 0.01}.items()}
    counts = {"nJet": np.array([jets]), "nMuon": np.array([1]), "nElectron": np.array([0])}
    return Batch(1, counts, columns)


@pytest.mark.filterwarnings("ignore:invalid value:RuntimeWarning")
@pytest.mark.parametrize("form", FORMS)
def test_bad_numbers_and_crowds_are_coffeas(form: Any, coffea: Running, tmp_path: Path) -> None:
    path = tmp_path / "bad.root"
    with create(path, TREE, BRANCHES, codec="zstd:5", form=form, clusters=3) as writer:
        for part in (spoiled(4_000, 1), crowded(500, 60), spoiled(3_000, 2)):
            writer.extend(part)
    job = job_of({("ttbar", "nominal"): (path, 7_001)})
    expected = by_coffea(coffea, job)
    # An infinite pt makes an infinite weight: such events are there, and end in the same bin.
    assert any(np.isinf(each.contents).any() for each in expected.values())
    assert_same(by_afspec(job), expected)
    assert_same(by_afspec(job, 333, 2), expected)


def test_simulated_gpu_is_coffeas(coffea: Running, tmp_path: Path) -> None:
    path = tmp_path / "few.root"
    write(path, 800, cluster=300)
    job = job_of({("ttbar", "nominal"): (path, 800)})
    with Running("afspec", replace(job, device="cuda"), environment={"NUMBA_ENABLE_CUDASIM": "1"}) as simulated:
        simulated.ask("run")
        got = of_documents(simulated.histograms())
    expected = by_coffea(coffea, job)
    assert expected["4j2b_ttbar"].contents.sum() > 0
    assert_same(got, expected)
    assert_same(got, by_afspec(job), 1e-12)

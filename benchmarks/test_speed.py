"""The compiler's passes one by one, warm: `pytest benchmarks --benchmark-only`.

Times are CPU seconds of one core. extra_info gives the milliseconds an output file where a pass makes files. What is
asserted is that the work was done, never how long it took.
"""

from __future__ import annotations

import datetime as dt
import itertools
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from afspec.compiler import Checked, Frontend, Site, compile_site, render_site, unchanged
from afspec.compiler.verify import problem_of
from afspec.facility import validate
from afspec.generators import all_generators
from afspec.rules import check
from afspec.source import Loader, to_plain

if TYPE_CHECKING:
    from pytest_benchmark.fixture import BenchmarkFixture

SITES = Path(__file__).resolve().parents[1] / "specs" / "sites"
TODAY = dt.date(2026, 10, 1)
pytestmark = pytest.mark.benchmark(timer=time.process_time, min_time=0.01, max_time=0.5)


@pytest.fixture(params=["bnl", "uchicago", "slac"])
def spec(request: pytest.FixtureRequest) -> str:
    return str(SITES / f"{request.param}.yaml")


@pytest.fixture
def checked(spec: str) -> Checked:
    return Frontend(TODAY).check(spec)


def per_file(benchmark: BenchmarkFixture, count: int) -> None:
    """Note the milliseconds an output file; pytest-benchmark has no statistics with --benchmark-disable."""
    benchmark.extra_info["files"] = count
    if benchmark.stats and count:
        benchmark.extra_info["ms_per_file"] = round(1000 * benchmark.stats.stats.median / count, 4)


def test_load(benchmark: BenchmarkFixture, spec: str) -> None:
    loader = Loader()
    loader.load(spec)  # bases are read once for a fleet
    assert benchmark(loader.load, spec).files


def test_validate(benchmark: BenchmarkFixture, checked: Checked) -> None:
    assert to_plain(checked.document.root)
    assert benchmark(validate, checked.document) == checked.facility


def test_rules(benchmark: BenchmarkFixture, checked: Checked) -> None:
    assert benchmark(check, checked.facility, checked.document, TODAY) == checked.warnings


@pytest.mark.parametrize("name", list(all_generators()))
def test_render(benchmark: BenchmarkFixture, checked: Checked, name: str) -> None:
    generator = all_generators()[name]
    if not generator.applies(checked.facility):
        pytest.skip("the generator does not apply to this facility")
    per_file(benchmark, len(benchmark(lambda: list(generator.render(checked.facility)))))


def test_verify(benchmark: BenchmarkFixture, checked: Checked) -> None:
    artifacts = list(itertools.chain.from_iterable(render_site(checked).values()))
    assert not any(benchmark(lambda: [problem_of(artifact) for artifact in artifacts]))
    per_file(benchmark, len(artifacts))


def test_compile(benchmark: BenchmarkFixture, checked: Checked, spec: str, tmp_path: Path) -> None:
    """Render, verify and write, each time into a new folder."""
    numbers = itertools.count()
    outcome = benchmark(lambda: compile_site(Site(spec, str(tmp_path / str(next(numbers)))), checked))
    assert outcome.differs
    per_file(benchmark, outcome.outputs)


def test_whole_site(benchmark: BenchmarkFixture, spec: str, tmp_path: Path) -> None:
    """Everything that a site of a fleet takes, from its file to its outputs in a new folder."""
    numbers, frontend = itertools.count(), Frontend(TODAY)
    outcome = benchmark(lambda: compile_site(Site(spec, str(tmp_path / str(next(numbers)))), frontend.check(spec)))
    assert outcome.differs
    per_file(benchmark, outcome.outputs)


def test_unchanged(benchmark: BenchmarkFixture, checked: Checked, spec: str, tmp_path: Path) -> None:
    site = Site(spec, str(tmp_path))
    compile_site(site, checked)
    outcome = benchmark(unchanged, site)
    assert outcome is not None
    per_file(benchmark, outcome.outputs)

"""One run, several workers: threads and processes over the same state ask each check once between them."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest
from support import until
from unit.conformance.toy import LEAF, ROOT, fails, passes, requirement

from afspec.verdict import Outcome, Verdict

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from unit.conformance.toy import Box, Toy

    from afspec.conformance.probe import Probe

WORKERS = 4
PAIR = requirement(ROOT, checks=({"name": "root"},)), requirement(LEAF, ROOT, checks=({"name": "leaf"},))


def in_threads(toy: Toy) -> None:
    with ThreadPoolExecutor(WORKERS) as pool:
        list(pool.map(lambda _: toy.told(LEAF, "leaf"), range(WORKERS)))


def in_processes(toy: Toy) -> None:
    context = multiprocessing.get_context("fork")
    workers = [context.Process(target=toy.told, args=(LEAF, "leaf")) for _ in range(WORKERS)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
        assert worker.exitcode == 0


def calls_in(path: Path) -> list[str]:
    return path.read_text().split()


@pytest.mark.parametrize("several", [in_threads, in_processes])
def test_each_check_is_asked_once_between_all_of_them(box: Box, tmp_path: Path, several: Callable[[Toy], None]) -> None:
    calls = tmp_path / "calls"

    def noting(name: str) -> Callable[[Probe], None]:
        def ask(probe: Probe) -> None:
            with calls.open("a") as file:
                file.write(f"{name}\n")
            passes(probe)

        return ask

    toy = box(*PAIR, asks={"root": noting("root"), "leaf": noting("leaf")})
    several(toy)
    assert calls_in(calls) == ["root", "leaf"]
    assert [row.verdict for row in toy.report().results] == [Verdict.VERIFIED, Verdict.VERIFIED]


@pytest.mark.parametrize("several", [in_threads, in_processes])
def test_a_cause_is_one_however_many_find_it(box: Box, several: Callable[[Toy], None]) -> None:
    toy = box(*PAIR, asks={"root": fails})
    several(toy)
    (cause,) = toy.report().causes
    assert (cause.id, cause.blocked) == (ROOT, 1)


def test_a_worker_that_is_killed_leaves_its_mark_and_the_others_results(box: Box, tmp_path: Path) -> None:
    begun = tmp_path / "begun"

    def hang(probe: Probe) -> None:
        del probe
        begun.touch()
        threading.Event().wait(60)

    toy = box(*PAIR, asks={"leaf": hang})
    worker = multiprocessing.get_context("fork").Process(target=toy.told, args=(LEAF, "leaf"))
    worker.start()
    assert until(begun.exists)
    os.kill(worker.pid or 0, signal.SIGKILL)
    worker.join()
    report = toy.report()
    assert [row.verdict for row in report.results] == [Verdict.VERIFIED, Verdict.ERROR]
    assert report.results[1].checks[0].outcome is Outcome.ERROR
    (problem,) = report.problems
    assert (problem.kind, problem.requirement) == ("crash", LEAF)
    assert "pytest conformance --site toy -k" in problem.next
    assert report.exit_code == 102
    # Its locks went with it: whoever comes next is not held up.
    toy.asks["leaf"] = passes
    assert toy.told(LEAF, "leaf").outcome is Outcome.PASS

"""The state on disk: what is told comes back, locks exclude, nobody takes more of a budget than there is."""

from __future__ import annotations

import datetime as dt
import hashlib
import multiprocessing
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from afspec.conformance.store import Store, Told
from afspec.report.model import Attempt, Cause, EvidenceRef, Problem
from afspec.verdict import Outcome, Proof, Reason

if TYPE_CHECKING:
    from pathlib import Path

AT = dt.datetime(2026, 11, 22, 12, tzinfo=dt.UTC)
REFS = st.builds(EvidenceRef, file=st.just("evidence/a.json"), sha256=st.just("0" * 64), bytes=st.integers(0, 2**40))
ATTEMPTS = st.builds(
    Attempt,
    at=st.just(AT),
    seconds=st.floats(0, 1e6),
    outcome=st.sampled_from(Outcome),
    reason=st.none() | st.sampled_from(Reason),
    text=st.text(max_size=20),
    assertions=st.integers(0, 9),
    evidence=st.lists(REFS, max_size=2).map(tuple),
)
TOLD = st.builds(
    Told,
    st.lists(ATTEMPTS, max_size=3).map(tuple),
    st.none() | st.text(max_size=9),
    st.lists(st.text(max_size=9), max_size=2).map(tuple),
    st.sampled_from(Proof),
    st.text(max_size=20),
)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "state")


@given(told=TOLD)
def test_what_is_told_comes_back(tmp_path_factory: pytest.TempPathFactory, told: Told) -> None:
    assert Told.read(told.plain()) == told
    folder = tmp_path_factory.getbasetemp() / "told"
    Store(folder).tell("AF-TOY-001.asks[a/b]", told)
    assert Store(folder).told("AF-TOY-001.asks[a/b]") == told


def test_nobody_knows_what_was_not_told(store: Store) -> None:
    assert store.told("AF-TOY-001.asks[]") is None
    assert Told().outcome is Outcome.NOT_RUN


def test_names_of_any_form_are_told_apart(store: Store) -> None:
    names = ["a[b]", "a[B]", "a[/../b]", "a[b ]", "x" * 5000]
    for name in names:
        store.tell(name, Told(text=name))
    assert [told.text for name in names if (told := store.told(name))] == names


def test_the_mark_of_asking_stays_until_something_is_told(store: Store) -> None:
    assert not store.was_asking("a")
    store.asking("a")
    assert Store(store.folder).was_asking("a")
    store.tell("a", Told())
    assert not store.was_asking("a")


def hold(folder: Path, log: Path, mark: str) -> None:
    with Store(folder).lock("key"), log.open("a") as file:
        file.write(f"{mark}(")
        file.flush()
        threading.Event().wait(0.02)
        file.write(f"{mark})")
        file.flush()


def test_a_lock_excludes_processes_and_threads(store: Store, tmp_path: Path) -> None:
    log = tmp_path / "log"
    context = multiprocessing.get_context("fork")
    marks = ["a", "b", "c"]
    workers: list[Any] = [context.Process(target=hold, args=(store.folder, log, mark)) for mark in marks]
    workers += [threading.Thread(target=hold, args=(store.folder, log, mark)) for mark in ("d", "e")]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    text = log.read_text()
    pairs = [text[place : place + 4] for place in range(0, len(text), 4)]
    assert sorted(pairs) == [f"{mark}({mark})" for mark in "abcde"]


def test_a_lock_is_let_go_after_an_error(store: Store) -> None:
    with pytest.raises(KeyError), store.lock("key"):
        raise KeyError
    with store.lock("key"):
        pass


def take(folder: Path, times: int) -> int:
    return sum(Store(folder).take({"jobs": 1.0, "bytes": 10.0}, {"jobs": 50.0, "bytes": 1e9}) for _ in range(times))


def taken_in_process(folder: Path, found: Path) -> None:
    with found.open("a") as file:
        file.write(f"{take(folder, 10)}\n")


def test_eight_threads_take_no_more_than_there_is(store: Store) -> None:
    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(lambda _: take(store.folder, 10), range(8))) == 50
    assert take(store.folder, 1) == 0


def test_eight_processes_take_no_more_than_there_is(store: Store, tmp_path: Path) -> None:
    context = multiprocessing.get_context("fork")
    found = tmp_path / "found"
    workers = [context.Process(target=taken_in_process, args=(store.folder, found)) for _ in range(8)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert sum(map(int, found.read_text().split())) == 50


@given(wanted=st.lists(st.integers(0, 40), max_size=12), allowed=st.integers(0, 100))
def test_what_is_taken_never_exceeds_what_is_allowed(
    tmp_path_factory: pytest.TempPathFactory, wanted: list[int], allowed: int
) -> None:
    store = Store(tmp_path_factory.mktemp("store"))
    got = [value for value in wanted if store.take({"jobs": float(value)}, {"jobs": float(allowed)})]
    assert sum(got) <= allowed
    # Nothing is refused that would have fitted.
    so_far = 0
    for value in wanted:
        fits = so_far + value <= allowed
        so_far += value if fits else 0
    assert so_far == sum(got)


def test_what_does_not_fit_takes_nothing_of_the_rest(store: Store) -> None:
    allowed = {"jobs": 5.0, "bytes": 10.0}
    assert not store.take({"jobs": 1.0, "bytes": 11.0}, allowed)
    assert store.take({"jobs": 5.0, "bytes": 10.0}, allowed)


def test_pace_keeps_a_distance_whoever_goes(store: Store) -> None:
    begun = time.monotonic()
    for _ in range(3):
        Store(store.folder).pace("bad credentials", 0.05)
    # The file system's clock may be coarser than ours.
    assert time.monotonic() - begun >= 0.08


def test_the_first_word_on_a_cause_stands(store: Store) -> None:
    first = Cause(id="AF-TOY-001", target="toys", reason=Reason.UNREACHABLE, text="first", at=AT)
    assert store.cause(first) == store.cause(first.model_copy(update={"text": "second"})) == "AF-TOY-001"
    assert [cause.text for cause in store.causes()] == ["first"]


def test_a_problem_that_is_told_twice_is_one(store: Store) -> None:
    for text in ("a", "a", "b"):
        store.problem(Problem(kind="cleanup", text=text))
    assert sorted(problem.text for problem in store.problems()) == ["a", "b"]


def test_evidence_is_named_with_its_digest(store: Store) -> None:
    ref = store.evidence("evidence/AF-TOY-001/site.asks.1.json", {"a": "é"})
    (data,) = store.evidence_files().values()
    assert (ref.sha256, ref.bytes) == (hashlib.sha256(data).hexdigest(), len(data))
    assert list(store.evidence_files()) == [ref.file]


def test_many_threads_write_one_file_whole(store: Store) -> None:
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda number: store.tell("a", Told(text="x" * number * 1000)), range(40)))
    told = store.told("a")
    assert told is not None
    assert len(told.text) % 1000 == 0
    assert not [path for path in store.folder.rglob(".*") if path.is_file()]

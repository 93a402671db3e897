"""Many values on every core: the same as one after another."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from support import HEAD, Toy, text_file, tree

from afspec.explain import parallel
from afspec.explain.counterfactual import Study
from afspec.explain.parallel import straight, try_all
from afspec.facility import Facility
from afspec.generators import Artifact, Format
from afspec.source import to_plain

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from afspec.explain.counterfactual import Trial


class Titles(Toy):
    """Files that hold the title and the contact."""

    def render(self, facility: Facility) -> Iterator[Artifact]:
        yield text_file("same")
        yield Artifact("title", f"{facility.title}\n", Format.TEXT)
        yield Artifact("contact", f"{facility.contact}\n", Format.TEXT)


@pytest.fixture
def study() -> Study:
    root = tree(HEAD + "contact: help@example.org\n")
    return Study(root, Facility.model_validate(to_plain(root)), {"toy": Titles()})


def told(trials: Iterable[Trial]) -> list[tuple[str, str | None, list[str]]]:
    return [(t.leaf.pointer, t.instead.text if t.instead else None, sorted(t.changed)) for t in trials]


@pytest.mark.parametrize("of", [None, ("toy", "contact")])
def test_same_in_processes(study: Study, of: tuple[str, str] | None, monkeypatch: pytest.MonkeyPatch) -> None:
    alone = told(try_all(study, study.leaves, of, straight))
    monkeypatch.setattr(parallel, "WORTH_IT", 0)
    monkeypatch.setattr("os.sched_getaffinity", lambda _: {0, 1})
    assert told(try_all(study, study.leaves, of, straight)) == alone != []


def test_one_file_asks_for_what_changes_it_only(study: Study) -> None:
    found = told(try_all(study, study.leaves, ("toy", "contact"), straight))
    assert {pointer for pointer, _, _ in found} == {"/contact"}
    assert all(paths == ["contact"] for _, _, paths in found)


def test_progress_is_told_how_many_values_there_are(study: Study) -> None:
    seen: list[int] = []

    def steps(trials: Iterable[list[Trial]], length: int) -> Iterable[list[Trial]]:
        seen.append(length)
        return trials

    list(try_all(study, study.leaves, None, steps))
    assert seen == [len(study.leaves)]

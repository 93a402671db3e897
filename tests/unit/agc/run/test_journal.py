"""What an interrupted run leaves: to the last bit, never twice, and nothing of other work."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from afspec.agc.errors import AgcError
from afspec.agc.events.stats import ReadStats
from afspec.agc.run.files import OutputError
from afspec.agc.run.journal import Journal, _checked, _document, _line, _partial
from afspec.agc.run.work import Partial, Unit
from afspec.agc.tally import Tally

if TYPE_CHECKING:
    from pathlib import Path

SAMPLE = ("ttbar", "nominal")
UNITS = [Unit(number, SAMPLE, f"root://door//{number}.root", 0, 10) for number in range(4)]
KEYS = ["a", "b", "c", "d"]
FLOATS = st.floats(allow_nan=False)


def partial(*numbers: int, value: float = 0.1) -> Partial:
    tally = Tally(np.full((2, 3), value), np.full((2, 3), value * value), np.array([10, 3]))
    return Partial(dict.fromkeys(numbers, 10), {SAMPLE: tally}, stats=ReadStats(read=0.3, fallbacks={"b": "why"}))


def journal(folder: Path, work: str = "d", units: list[Unit] = UNITS) -> Journal:
    return Journal(folder / ".partial", units, [f"{work}{unit.number}" for unit in units])


def kept(folder: Path, *partials: Partial, units: list[Unit] = UNITS) -> list[Partial]:
    """What the next run finds of these."""
    with journal(folder, units=units).open() as first:
        for each in partials:
            first.add(each)
    with journal(folder, units=units).open() as second:
        return second.found


def done(found: list[Partial]) -> list[list[int]]:
    return [sorted(each.done) for each in found]


def test_what_was_added_is_found(tmp_path: Path) -> None:
    assert done(kept(tmp_path, partial(0), partial(2, 1))) == [[0], [1, 2]]


@given(st.lists(FLOATS, min_size=1, max_size=5), st.integers(0, 2**62))
def test_to_the_last_bit(values: list[float], events: int) -> None:
    tally = Tally(np.array([values]), np.array([values[::-1]]), np.array([events]))
    document = _checked(_line(_document(Partial({1: events}, {SAMPLE: tally}), UNITS, KEYS, {UNITS[1].file: ""})))
    assert document is not None
    again = _partial(document, {"b": 1}).tallies[SAMPLE]
    assert again.sums.tobytes() == tally.sums.tobytes()
    assert again.squares.tobytes() == tally.squares.tobytes()
    assert (again.flow.dtype, again.flow.tolist()) == (np.dtype(np.int64), [events])


@given(st.integers(0, 400))
def test_a_line_cut_anywhere_does_not_count(length: int) -> None:
    line = _line(_document(partial(1), UNITS, KEYS, {UNITS[1].file: ""}))
    assert _checked(line[: min(length, len(line) - 1)]) is None


def test_after_a_line_was_cut_others_can_be_added(tmp_path: Path) -> None:
    kept(tmp_path, partial(0), partial(1))
    lines = tmp_path / ".partial/done.jsonl"
    lines.write_bytes(lines.read_bytes()[:-20])
    assert done(kept(tmp_path, partial(2))) == [[0], [2]]


def test_a_line_that_was_changed_does_not_count(tmp_path: Path) -> None:
    kept(tmp_path, partial(0), partial(1))
    lines = tmp_path / ".partial/done.jsonl"
    lines.write_text(lines.read_text().replace('["d0",10]', '["d0",11]'))
    assert done(kept(tmp_path)) == [[1]]


def test_failures_alone_are_not_kept(tmp_path: Path) -> None:
    assert kept(tmp_path, Partial(failures=())) == []


def test_no_unit_counts_twice(tmp_path: Path) -> None:
    assert done(kept(tmp_path, partial(0, 1), partial(1, 2), partial(3))) == [[0, 1], [3]]


def test_other_work_is_not_mixed_in_and_not_lost(tmp_path: Path) -> None:
    kept(tmp_path, partial(0), partial(3))
    with journal(tmp_path, "other").open() as opened:
        assert opened.found == []
        opened.add(partial(1))
    assert done(kept(tmp_path)) == [[0], [3]]
    with journal(tmp_path, "other").open() as opened:
        assert done(opened.found) == [[1]]
    # Work of which not all is wanted cannot be taken apart.
    assert done(kept(tmp_path, partial(1, 2))) == [[0], [3], [1, 2]]
    assert done(kept(tmp_path, units=UNITS[:2])) == [[0]]


def test_fresh_forgets(tmp_path: Path) -> None:
    kept(tmp_path, partial(0))
    with journal(tmp_path).open(fresh=True) as opened:
        assert opened.found == []
    assert kept(tmp_path) == []


def test_a_local_file_that_is_another_is_read_again(tmp_path: Path) -> None:
    for name in "ab":
        (tmp_path / name).write_text("old")
    units = [Unit(number, SAMPLE, str(tmp_path / name), 0, 10) for number, name in enumerate("ab")]
    assert done(kept(tmp_path, partial(0), partial(1), units=units)) == [[0], [1]]
    (tmp_path / "a").write_text("newer")
    assert done(kept(tmp_path, units=units)) == [[1]]


def test_one_run_at_a_time(tmp_path: Path) -> None:
    with journal(tmp_path).open(), pytest.raises(AgcError, match="another run is writing"):
        journal(tmp_path).open()
    with journal(tmp_path).open():
        pass


def test_a_finished_run_leaves_nothing(tmp_path: Path) -> None:
    opened = journal(tmp_path).open()
    opened.add(partial(0))
    opened.close(finished=True)
    assert list(tmp_path.iterdir()) == []


def test_an_output_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match=r"file cannot be written: .*another --output"):
        journal(tmp_path / "file").open()


def test_a_full_disk_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened = journal(tmp_path).open()

    class Full:
        def write(self, _: str) -> None:
            raise OSError(28, "No space left on device")

        def close(self) -> None: ...

    own: Any = opened._lines
    own.close()
    monkeypatch.setattr(opened, "_lines", Full())
    with pytest.raises(OutputError, match="No space left on device"), opened:
        opened.add(partial(0))

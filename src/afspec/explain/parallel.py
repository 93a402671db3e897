"""Many values to try: on every core where that pays."""

from __future__ import annotations

import multiprocessing
import os
import signal
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from afspec.explain.counterfactual import Study, Trial
    from afspec.explain.leaves import Leaf

    Steps = Callable[[Iterable[list[Trial]], int], Iterable[list[Trial]]]

# Below this many pairs of a value and a generator, starting processes takes longer than they save.
WORTH_IT = 200
_shared: list[tuple[Study, list[Leaf], tuple[str, str] | None]] = []


def _try(index: int) -> list[Trial]:
    study, leaves, of = _shared[-1]
    return list(study.trials(leaves[index], of))


def _ignore_interrupts() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent ends its workers


def straight(trials: Iterable[list[Trial]], _: int) -> Iterable[list[Trial]]:
    """No progress shown."""
    return trials


def try_all(study: Study, leaves: list[Leaf], of: tuple[str, str] | None, steps: Steps) -> Iterator[Trial]:
    """Every trial of some values, in their order.

    Args:
        study: the spec.
        leaves: the values to try.
        of: see `Study.trials`.
        steps: goes through the trials of each value, told how many values there are: a progress bar.
    """
    pairs = sum(1 for leaf in leaves for name in study.readers(leaf) if of is None or name == of[0])
    cores = len(os.sched_getaffinity(0))
    if pairs < WORTH_IT or cores == 1:
        for found in steps((list(study.trials(leaf, of)) for leaf in leaves), len(leaves)):
            yield from found
        return
    _shared.append((study, leaves, of))
    try:
        # Forked, the workers have the study as it is: nothing is sent to them but numbers.
        with multiprocessing.get_context("fork").Pool(cores, _ignore_interrupts) as pool:
            for found in steps(pool.imap(_try, range(len(leaves)), chunksize=4), len(leaves)):
                yield from found
    finally:
        _shared.pop()

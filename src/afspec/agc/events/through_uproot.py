"""What uproot reads: branches, or parts of them, that afspec's own reader does not understand."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from afspec.agc.errors import InputError
from afspec.agc.events.trouble import told

if TYPE_CHECKING:
    from numpy.typing import NDArray


class ThroughUproot:
    """A tree as uproot has it, which takes a moment, and only happens where it is needed."""

    def __init__(self, directory: Any, tree: str, file: str) -> None:
        self._directory = directory
        self._name = tree
        self._file = file
        self._tree: Any = None

    @property
    def tree(self) -> Any:
        """Uproot's tree."""
        if self._tree is None:
            try:
                self._tree = self._directory[self._name]
            except InputError:
                raise
            except Exception as error:
                raise told(error, self._file, what=f"tree {self._name} cannot be read") from error
        return self._tree

    def numbers(self, branch: str, start: int, stop: int) -> tuple[NDArray[Any], NDArray[np.int64] | None]:
        """The numbers of some entries, and how many each entry has; None for that where each has one.

        Raises:
            InputError: uproot cannot read them, or they are no numbers.
        """
        try:
            array = self.tree[branch].array(entry_start=start, entry_stop=stop, library="ak")
        except InputError:
            raise
        except Exception as error:
            raise told(error, self._file, branch=branch, entry=start) from error
        return flat(array, branch, self._file, start)


def flat(array: Any, branch: str, file: str, start: int) -> tuple[NDArray[Any], NDArray[np.int64] | None]:
    """An awkward array of numbers, or of lists of numbers, as its numbers and the lists' lengths.

    Raises:
        InputError: it is something else.
    """
    import awkward as ak  # noqa: PLC0415 (0.3 s, and most files need none of it)

    counts = None
    if array.ndim == 2:  # noqa: PLR2004 (entries, and numbers in them)
        counts = ak.to_numpy(ak.num(array, axis=1)).astype(np.int64)
        array = ak.flatten(array, axis=1)
    try:
        values = ak.to_numpy(array, allow_missing=False)
    except (ValueError, TypeError):
        values = np.empty(0, object)
    if array.ndim != 1 or values.dtype.kind not in "fiub":
        raise InputError(f"it holds {array.type.content}, no numbers", file, branch=branch, entry=start)
    return values, counts

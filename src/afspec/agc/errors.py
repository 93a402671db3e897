"""What can go wrong with the input and the machines: what was wrong, where, and what to do next."""

from __future__ import annotations

from functools import partial


class AgcError(Exception):
    """The work cannot be done as asked; the message says what, where and what next."""

    def __init__(self, what: str, hint: str = "") -> None:
        super().__init__(what, hint)
        self.what = what
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.what}. {self.hint}" if self.hint else self.what


class InputError(AgcError):
    """A file cannot be read as the analysis needs it.

    Attributes:
        file: its address, as it was asked for.
        branch: the branch concerned, "" where it is the file as a whole.
        entry: the first entry that cannot be read, None where none can.
        transient: trying again may help (a connection that broke), or cannot (a branch that is missing).
    """

    def __init__(
        self,
        what: str,
        file: str,
        *,
        branch: str = "",
        entry: int | None = None,
        transient: bool = False,
        hint: str = "",
    ) -> None:
        super().__init__(what, hint)
        self.file = file
        self.branch = branch
        self.entry = entry
        self.transient = transient

    def __str__(self) -> str:
        place = self.file
        if self.branch:
            place += f", branch {self.branch}"
        if self.entry is not None:
            place += f", entry {self.entry}"
        return f"{place}: {super().__str__()}"

    def __reduce__(self) -> tuple[partial[InputError], tuple[()]]:
        # Dask carries errors from worker to client.
        place = partial(InputError, branch=self.branch, entry=self.entry, transient=self.transient)
        return partial(place, self.what, self.file, hint=self.hint), ()


class DeviceError(AgcError):
    """The device that was asked for is not there, or cannot do the work."""


class ClusterError(AgcError):
    """The Dask cluster does not start, or its workers cannot run the analysis."""

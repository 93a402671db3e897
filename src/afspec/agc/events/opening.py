"""Opening a file of events: what it is, whether it is whole, and what it holds."""

from __future__ import annotations

import struct
import time
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any, Final

import uproot
from uproot.source.fsspec import FSSpecSource

from afspec.agc.errors import InputError
from afspec.agc.events.metadata import tree_of_uproot
from afspec.agc.events.ntuple import NtupleFile
from afspec.agc.events.source import Source
from afspec.agc.events.stats import ReadStats
from afspec.agc.events.storage import Local, ShortError, options, storage
from afspec.agc.events.streamer import UnknownError, tree_of_bytes
from afspec.agc.events.through_uproot import ThroughUproot
from afspec.agc.events.tree import TreeFile
from afspec.agc.events.trouble import missing, told

if TYPE_CHECKING:
    from collections.abc import Iterator

    from afspec.agc.columns import Layout
    from afspec.agc.events.interface import EventFile
    from afspec.agc.events.metadata import Tree

_TREES: Final = {"TTree", "TNtuple", "TNtupleD", "TChain"}
_NTUPLES: Final = {"ROOT::RNTuple", "ROOT::Experimental::RNTuple"}
# "root", the version, where records begin, where the file ends; a version from a million on has 64 bits for that.
_HEADER: Final = struct.Struct(">4sii")
_LARGE: Final = 1_000_000


class _Source(FSSpecSource):  # type: ignore[misc]
    """Uproot's source, with a limit to how long a server may take: uproot keeps `timeout` to itself."""

    def _open(self) -> None:
        self._fsspec_options = options(self._file_path_orig)
        super()._open()


@contextmanager
def open_events(file: str, layout: Layout) -> Iterator[EventFile]:
    """Open a ROOT file's events.

    Arguments:
        file: a path, or an address: root://, https://, or what else fsspec knows.
        layout: what will be read. Only its branches are looked at.

    Raises:
        InputError: the file is not there, is no ROOT file, is truncated, or lacks the tree or some of the branches.
    """
    begun = time.perf_counter()
    stats = ReadStats()
    with ExitStack() as stack:
        try:
            place = storage(file)
            stack.callback(place.close)
            if isinstance(place, Local):
                _look(place, file)
            # No caches: nothing is read twice.
            address = {file.removeprefix("file://"): None}
            opened = uproot.open(address, handler=_Source, object_cache=None, array_cache=None)
            directory = stack.enter_context(opened)
        except InputError:
            raise
        except Exception as error:
            # Uproot, fsspec and the clients of servers raise errors of all kinds.
            raise told(error, file, what="it cannot be opened as a ROOT file") from error
        key = _key(directory, layout.tree, file)
        found: EventFile
        if key.fClassName in _NTUPLES:
            found = NtupleFile(file, directory[layout.tree], layout, stats)
        else:
            through_uproot = ThroughUproot(directory, layout.tree, file)
            tree = _tree(key, layout, through_uproot, file)
            found = TreeFile(tree, layout, Source(file, place, through_uproot, stats))
        stats.open += time.perf_counter() - begun
        yield found


def _look(place: Local, file: str) -> None:
    """Look whether a file is one of ROOT's, and all there.

    Raises:
        InputError: it is not.
    """
    size = place.size
    if size == 0:
        raise InputError("the file is empty, 0 bytes", file, hint="Copy it again")
    try:
        start = place.get(0, 20)
    except ShortError:
        start = memoryview(b"-" * 20)
    magic, version, _ = _HEADER.unpack_from(start)
    if magic != b"root":
        raise InputError("it is not a ROOT file", file, hint="A ROOT file begins with the letters root")
    (end,) = struct.unpack_from(">q" if version >= _LARGE else ">i", start, _HEADER.size)
    if end > size:
        raise InputError(f"the file is truncated, {size} bytes of {end} are there", file, hint="Copy it again")


def _key(directory: Any, tree: str, file: str) -> Any:
    """The record of the tree."""
    try:
        key = directory.key(tree)
    except uproot.exceptions.KeyInFileError:
        names = directory.classnames(cycle=False)
        trees = [name for name, kind in names.items() if kind in _TREES | _NTUPLES]
        has = f"it has {', '.join(trees)}" if trees else "it has no tree at all"
        raise InputError(f"there is no tree {tree}, {has}", file, hint="Is this a file of events?") from None
    except InputError:
        raise
    except Exception as error:
        raise told(error, file, what=f"tree {tree} cannot be found") from error
    if key.fClassName not in _TREES | _NTUPLES:
        raise InputError(f"{tree} is no tree, but a {key.fClassName}", file)
    return key


def _tree(key: Any, layout: Layout, through_uproot: ThroughUproot, file: str) -> Tree:
    """What the file says about the tree.

    Raises:
        InputError: its record is corrupt, or branches are missing.
    """
    wanted = set(layout.branches)
    try:
        chunk, _ = key.get_uncompressed_chunk_cursor()
        tree = tree_of_bytes(bytes(chunk.raw_data), key.fKeylen, wanted)
        lacking = wanted - tree.branches.keys()
    except UnknownError:
        lacking = wanted
    except InputError:
        raise
    except Exception as error:
        raise told(error, file, what=f"tree {layout.tree} cannot be read") from error
    if lacking:
        # Uproot knows older classes, and looks below branches too.
        try:
            tree = tree_of_uproot(through_uproot.tree, wanted)
        except InputError:
            raise
        except Exception as error:
            raise told(error, file, what=f"tree {layout.tree} cannot be read") from error
    if absent := [name for name in layout.branches if name not in tree.branches]:
        raise missing(absent, list(tree.names), file, layout.tree)
    return tree

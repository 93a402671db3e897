"""Units of work on Dask workers: processes here, a scheduler by its address, or a site's compiled settings.

`clusters` opens a cluster, `ship` brings this afspec.agc to its workers or refuses them, `far` is what runs there,
`tree` is the graph of a few units and of adding them up, `executor` hands graphs out and sees that every unit comes
back once. The scheduler sees bytes and functions of Python's own library: it needs no afspec.
"""

from __future__ import annotations

from afspec.agc.run.dask.connect import connect
from afspec.agc.run.dask.options import DaskOptions, Tls

__all__ = ["DaskOptions", "Tls", "connect"]

"""From options to an executor that is ready to work."""

from __future__ import annotations

import importlib.util
from typing import TYPE_CHECKING

from afspec.agc.errors import ClusterError

if TYPE_CHECKING:
    from afspec.agc.run.dask.executor import DaskExecutor
    from afspec.agc.run.dask.options import DaskOptions


def connect(options: DaskOptions) -> DaskExecutor:
    """A cluster with workers that can run the analysis.

    Raises:
        ClusterError: it does not start in time, or its workers cannot; what was started of it is gone then.
    """
    if importlib.util.find_spec("distributed") is None:
        raise ClusterError("Dask is not installed here", "pip install 'afspec[agc]'")
    from afspec.agc.run.dask.clusters import awaited, opened  # noqa: PLC0415 - half a second
    from afspec.agc.run.dask.executor import DaskExecutor  # noqa: PLC0415
    from afspec.agc.run.dask.ship import equip  # noqa: PLC0415

    cluster = opened(options)
    try:
        awaited(cluster, options)
        return DaskExecutor(cluster, equip(cluster.client, deaf=cluster.local), options)
    except BaseException:
        cluster.close()
        raise

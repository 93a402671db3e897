"""Clusters: opened, waited for, closed again where they are ours."""

from __future__ import annotations

import getpass
import importlib.util
import logging
import time
import warnings
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from afspec.agc.errors import ClusterError
from afspec.agc.run.executors.threads import cores

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import ModuleType

    from distributed import Client

    from afspec.agc.run.dask.options import DaskOptions

_LOOPBACK = "127.0.0.1"
# Jobs, where nobody says how many: the second one shows that they share the work.
_JOBS = 2


@dataclass(slots=True)
class Opened:
    """A cluster that we are a client of.

    Attributes:
        client: ours.
        backend: what it is, "LocalCluster", "SLURMCluster", ..., "scheduler" where only its address is known.
        wanted: workers that were asked for; 0 where nobody was asked.
        begun: when it was asked for, of time.monotonic.
        hint: where to look when workers do not come.
        ours: what is closed with it.
        local: workers are children of this process.
        mend: starts those of our own processes again that are gone for good; None where they are jobs, or others'.
    """

    client: Client
    backend: str
    wanted: int
    begun: float
    hint: str
    ours: ExitStack = field(default_factory=ExitStack)
    local: bool = False
    mend: Callable[[], object] | None = None

    def close(self) -> None:
        """End what we started; others' clusters run on."""
        self.ours.close()


def opened(options: DaskOptions) -> Opened:
    """The cluster that is asked for.

    Raises:
        ClusterError: it does not answer, or cannot be started; nothing of it is left then.
    """
    if options.address:
        return _by_address(options)
    if options.folder:
        return _by_folder(options, _compiled(options.folder))
    return _here(options)


def _here(options: DaskOptions) -> Opened:
    from distributed import Client, LocalCluster  # noqa: PLC0415 - half a second

    workers = options.workers or cores()
    begun = time.monotonic()
    with ExitStack() as stack:
        cluster = stack.enter_context(
            LocalCluster(
                # Asked for below: this would wait for them without an end.
                n_workers=0,
                threads_per_worker=1,
                processes=True,
                host=_LOOPBACK,
                dashboard_address=None,
                worker_dashboard_address=None,
                # Its web server is always there; this way it takes a port that is free, and no path is a picture.
                scheduler_kwargs={"dashboard_address": f"{_LOOPBACK}:0"},
                # Interrupts and workers that died are the client's to tell.
                silence_logs=logging.ERROR,
            )
        )
        client = stack.enter_context(Client(cluster, set_as_default=False, timeout=options.wait))
        cluster.scale(workers)
        hint = "Look at what the processes said above, and at the memory that is free"
        mend = partial(cluster.scale, workers)
        return Opened(client, "LocalCluster", workers, begun, hint, stack.pop_all(), local=True, mend=mend)


def _by_address(options: DaskOptions) -> Opened:
    from distributed import Client  # noqa: PLC0415
    from distributed.security import Security  # noqa: PLC0415

    security = None
    if tls := options.tls:
        for path in (tls.ca, tls.certificate, tls.key):
            if not path.is_file():
                raise ClusterError(f"{path}, which TLS needs, is not there", "Name the files that your site gave you")
        security = Security(
            tls_ca_file=str(tls.ca),
            tls_client_cert=str(tls.certificate),
            tls_client_key=str(tls.key),
            require_encryption=True,
        )
    begun = time.monotonic()
    with ExitStack() as stack:
        try:
            with _unwarned():
                client = stack.enter_context(
                    Client(options.address, security=security, set_as_default=False, timeout=options.wait)
                )
        except (OSError, TypeError, ValueError) as error:
            raise ClusterError(
                f"No Dask scheduler answers at {options.address} within {options.wait:g} s: {error}",
                "See that it runs, that its port is open from here, and whether it is a tls:// address",
            ) from error
        hint = "See whether the cluster has workers, and whether they wait in a queue: its dashboard and logs tell"
        return Opened(client, "scheduler", options.workers or 0, begun, hint, stack.pop_all())


def _by_folder(options: DaskOptions, path: Path) -> Opened:
    """What the site's own cluster.py starts: it knows the queue, the image, the ports and the encryption."""
    module = _loaded(path)
    workers = options.workers or _JOBS
    ways = tuple(getattr(module, "WAYS", ()))
    if options.via and options.via not in ways:
        raise ClusterError(f"{path} offers {', '.join(ways) or 'no way to Dask'}, not {options.via}", "Name one of it")
    choice: dict[str, Any] = {"via": options.via} if options.via else {}
    if options.image is not None:
        choice["image"] = options.image
    begun = time.monotonic()
    with warnings.catch_warnings():
        # Other versions are judged by `ship`, which knows what the analysis needs.
        warnings.filterwarnings("ignore", message="The notebook and its cluster run different software")
        try:
            cluster, client = module.connect(workers=workers, timeout=options.wait, strict=False, **choice)
        except Exception as error:
            seconds = time.monotonic() - begun
            raise ClusterError(
                f"The Dask cluster of {path} does not start; no worker of {workers} came in {seconds:.0f} s: {error}",
                _where(module),
            ) from error
    stack = ExitStack()
    if cluster is not None:
        stack.callback(cluster.close)
    stack.callback(client.close)
    backend = type(cluster).__name__ if cluster is not None else "scheduler"
    return Opened(client, backend, workers, begun, _where(module), stack)


def _compiled(folder: Path) -> Path:
    """The cluster.py of a site's compiled folder, or of its dask/ folder.

    Raises:
        ClusterError: there is none.
    """
    for path in (folder / "cluster.py", folder / "dask" / "cluster.py"):
        if path.is_file():
            return path.resolve()
    raise ClusterError(
        f"{folder} holds no cluster.py", "It is what `afspec compile SPEC -o build` writes: build/NAME/dask"
    )


def _loaded(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location("afspec_site_cluster", path)
    if spec is None or spec.loader is None:
        raise ClusterError(f"{path} cannot be loaded as Python", "Compile it again")
    module = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        raise ClusterError(f"{path} cannot be loaded: {error}", "Compile it again") from error
    return module


def _where(module: ModuleType) -> str:
    """Where a site's workers leave their words, and how the queue is looked at."""
    logs = str(getattr(module, "LOG_DIRECTORY", "") or "")
    user = getpass.getuser()
    place = logs.format(user=user, initial=user[0]) if logs else f"the folder that jobs start in, {Path.cwd()}"
    return f"Look at the queue (squeue --me, condor_q), and at the logs of the workers' jobs, in {place}"


def awaited(cluster: Opened, options: DaskOptions) -> None:
    """Wait for as many workers as work begins with.

    Raises:
        ClusterError: they do not come in time.
    """
    least = options.at_least or (cluster.wanted if cluster.local else 1)
    left = max(options.wait - (time.monotonic() - cluster.begun), 0.01)
    try:
        cluster.client.wait_for_workers(least, timeout=left)
    except TimeoutError as error:
        came = len(cluster.client.scheduler_info(n_workers=-1)["workers"])
        of = cluster.wanted or least
        raise ClusterError(
            f"{came} of {of} Dask workers came in {options.wait:g} s ({cluster.backend}), "
            f"and the work begins with {least}",
            cluster.hint,
        ) from error


@contextmanager
def _unwarned() -> Iterator[None]:
    """Other versions are told in the result, and refused where they matter."""
    from distributed.versions import VersionMismatchWarning  # noqa: PLC0415

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", VersionMismatchWarning)
        yield

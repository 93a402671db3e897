"""Clusters that start, and clusters that never do."""

from __future__ import annotations

import shutil
import socket
from typing import TYPE_CHECKING, Any

import pytest
from distributed import LocalCluster
from distributed.security import Security
from servers.authority import Authority
from unit.agc.dask.toy import Adds, assert_exact, units

from afspec.agc.errors import AgcError, ClusterError
from afspec.agc.run.dask import DaskOptions, Tls, connect
from afspec.agc.run.work import merge

if TYPE_CHECKING:
    from pathlib import Path

# What `afspec compile` writes has these names; this one starts threads instead of jobs.
CLUSTER = '''
import warnings
from distributed import LocalCluster

WAYS = ("jobqueue", "gateway")
LOG_DIRECTORY = "/var/log/{user}"


class SetupError(RuntimeError):
    """As in the compiled file."""


class Threads(LocalCluster):
    pass


def connect(workers=2, *, via=WAYS[0], image=None, timeout=600, strict=True):
    cluster = Threads(n_workers=min(workers, 1), threads_per_worker=1, processes=False, dashboard_address=":0")
    client = cluster.get_client()
    cluster.asked = via, image
    if not strict:
        warnings.warn("The notebook and its cluster run different software: ...")
    try:
        client.wait_for_workers(WANTED, timeout=timeout)
    except TimeoutError as error:
        client.close()
        cluster.close()
        raise SetupError(f"No worker came within {timeout} seconds. The jobs may still wait (squeue --me)") from error
    return cluster, client
'''


def _folder(folder: Path, wanted: int) -> Path:
    (folder / "dask").mkdir()
    (folder / "dask" / "cluster.py").write_text(CLUSTER.replace("WANTED", str(wanted)))
    return folder


def test_a_site_s_own_cluster_does_the_work_and_is_closed(tmp_path: Path, numbers: str) -> None:
    options = DaskOptions(folder=_folder(tmp_path, 1), workers=1, via="gateway", image="", wait=60)
    with connect(options) as executor:
        assert_exact(merge(executor.run(Adds(), units(numbers, 100))))
        told = executor.describe()
        assert told["backend"] == "Threads"
        cluster: Any = executor._cluster.client.cluster
        assert cluster.asked == ("gateway", "")
    assert cluster.status.name == "closed"


def test_a_site_s_cluster_whose_workers_never_come(tmp_path: Path) -> None:
    with pytest.raises(ClusterError, match=r"no worker of 1 came in .* No worker came within 0\.2 s.*queue.*/var/log/"):
        connect(DaskOptions(folder=_folder(tmp_path, 2), workers=1, wait=0.2))


def test_a_way_that_the_site_does_not_have(tmp_path: Path) -> None:
    with pytest.raises(ClusterError, match="offers jobqueue, gateway, not operator"):
        connect(DaskOptions(folder=_folder(tmp_path, 1), via="operator"))


@pytest.mark.parametrize("text", [None, "this is no Python\n", "raise OSError('no home')\n"])
def test_a_folder_without_a_cluster_of_a_site_s(tmp_path: Path, text: str | None) -> None:
    if text is not None:
        (tmp_path / "cluster.py").write_text(text)
    with pytest.raises(ClusterError, match=r"afspec compile SPEC|cannot be loaded: .*Compile it again"):
        connect(DaskOptions(folder=tmp_path))


def test_an_address_where_nobody_listens() -> None:
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        address = f"tcp://127.0.0.1:{bound.getsockname()[1]}"
        with pytest.raises(ClusterError, match=rf"No Dask scheduler answers at {address} within 0\.3 s.*port is open"):
            connect(DaskOptions(address=address, wait=0.3))


def test_a_scheduler_without_workers() -> None:
    with (
        LocalCluster(n_workers=0, dashboard_address=":0") as cluster,
        pytest.raises(ClusterError, match=r"^0 of 3 Dask workers came in 0\.2 s \(scheduler\).*begins with 1"),
    ):
        connect(DaskOptions(address=cluster.scheduler_address, workers=3, wait=0.2))


def test_workers_here_are_all_waited_for() -> None:
    """A tenth of a second is too short for a process to start."""
    with pytest.raises(
        ClusterError, match=r"^0 of 1 Dask workers came in 0\.1 s \(LocalCluster\), and the work begins with 1"
    ):
        connect(DaskOptions(workers=1, wait=0.1))


@pytest.mark.skipif(not shutil.which("openssl"), reason="there is no openssl here")
def test_a_scheduler_with_tls_wants_the_files(tmp_path: Path, numbers: str) -> None:
    authority = Authority(tmp_path / "ca")
    server, client = authority.issue("server"), authority.issue("client")
    security = Security(
        tls_ca_file=str(authority.ca),
        require_encryption=True,
        **{f"tls_{role}_{part}": str(server) for role in ("scheduler", "worker", "client") for part in ("cert", "key")},
    )
    with LocalCluster(
        n_workers=1, threads_per_worker=1, processes=False, protocol="tls", security=security, dashboard_address=":0"
    ) as cluster:
        address = cluster.scheduler_address
        assert address.startswith("tls://")
        with connect(DaskOptions(address=address, tls=Tls(authority.ca, client, client), wait=30)) as executor:
            assert_exact(merge(executor.run(Adds(), units(numbers, 100))))
        with pytest.raises(ClusterError, match="No Dask scheduler answers at tls://"):
            connect(DaskOptions(address=address, wait=0.3))
    with pytest.raises(ClusterError, match=r"lost\.pem, which TLS needs, is not there"):
        connect(DaskOptions(address=address, tls=Tls(tmp_path / "lost.pem", client, client)))


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"workers": 0}, "0 Dask workers cannot work"),
        ({"at_least": 0}, "0 Dask workers cannot work"),
        ({"wait": 0}, "does not start in 0 s"),
        ({"address": "scheduler:8786"}, "no scheduler's address.*tcp://"),
        ({"address": "tcp://scheduler:8786", "folder": "build"}, "two clusters"),
        ({"address": "tcp://scheduler:8786", "tls": "files"}, "for a tls:// scheduler, not for tcp://scheduler"),
        ({"tls": "files"}, "for a tls:// scheduler, not for one of our own"),
    ],
)
def test_options_that_make_no_sense(options: dict[str, object], said: str) -> None:
    with pytest.raises(AgcError, match=said):
        DaskOptions(**options)  # type: ignore[arg-type]

"""What is told of a cluster."""

from __future__ import annotations

from typing import Any

from afspec.agc.run.dask.versions import mismatches, ours, sizes

HERE = {"python": "3.11.7.final.0", "dask": "2026.8.0", "distributed": "2026.8.0", "numpy": "2.4.6", "lz4": None}


def _versions(scheduler: dict[str, Any], *workers: dict[str, Any]) -> dict[str, Any]:
    return {
        "client": {"packages": HERE},
        "scheduler": {"packages": {**HERE, **scheduler}},
        "workers": {f"tcp://w{number}:1": {"packages": {**HERE, **told}} for number, told in enumerate(workers)},
    }


def test_equal_versions_are_no_news() -> None:
    assert mismatches(_versions({}, {}, {})) == []
    assert ours(_versions({})) == {"python": "3.11.7", "dask": "2026.8.0", "distributed": "2026.8.0"}


def test_differences_are_told_by_package_and_not_by_host() -> None:
    found = mismatches(_versions({"dask": "2025.1.0", "numpy": "1.26"}, {"numpy": "2.3.0"}, {}, {"numpy": None}))
    assert found == [
        "dask is 2026.8.0 here, 2025.1.0 on the scheduler",
        # What the scheduler does not run on does not matter there.
        "numpy is 2.4.6 here, 2.3.0 on 1 of 3 workers, none on 1 of 3 workers",
    ]


def test_sizes_count_hosts_and_do_not_name_them() -> None:
    workers = {f"tcp://{host}:{port}": {"nthreads": 3, "host": host} for host in ("n1", "n2") for port in (1, 2)}
    assert sizes({"workers": workers}) == {"workers": 4, "cores": 12, "hosts": 2}

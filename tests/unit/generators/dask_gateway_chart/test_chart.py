"""What the chart takes, and where it is made."""

from __future__ import annotations

import jsonschema
import pytest
from dask_gateway_site import SITES, configured, facility, files, values
from upstream import merged, upstream_data

from afspec.facility.words import TEMPLATE_MARKS


@pytest.mark.parametrize("name", SITES)
def test_the_chart_takes_the_values(name: str) -> None:
    folder = ("dask-gateway", "resources_helm_dask-gateway_values")
    defaults, schema = (
        upstream_data(folder[0], f"{folder[1]}.yaml"),
        upstream_data(folder[0], f"{folder[1]}.schema.yaml"),
    )
    jsonschema.Draft7Validator(schema).validate(merged(defaults, values(SITES[name])))
    configured(values(SITES[name])) if name not in {"password", "kerberos"} else None


@pytest.mark.parametrize("name", SITES)
def test_no_file_holds_a_template_mark_and_all_are_ascii(name: str) -> None:
    for text in files(SITES[name]).values():
        assert text.isascii()
        assert not TEMPLATE_MARKS.search(text)
    assert files(SITES[name]) == files(SITES[name])


def test_nothing_is_made_where_it_is_not_offered_or_would_be_open() -> None:
    for site in (
        facility({"stance": "planned"}),
        facility({"backend": "slurm"}),
        facility(orchestration=None),
        facility({"auth": None}),
        facility({"auth": "kerberos"}),
        facility(jupyter=[]),
        facility({"cluster": {"hub": "other"}}),
    ):
        assert files(site) == {}


def test_commands_are_those_that_distributed_still_has() -> None:
    config = configured(values(SITES["usual"])).ClusterConfig
    assert config == {"scheduler_cmd": ["dask", "scheduler"], "worker_cmd": ["dask", "worker"]}


def test_a_cluster_is_limited() -> None:
    config = configured(values(SITES["everything"])).ClusterConfig
    assert config["cluster_max_cores"] == 100
    assert config["cluster_max_memory"] == 1 << 40
    assert config["cluster_max_workers"] == 50
    assert config["idle_timeout"] == 3600

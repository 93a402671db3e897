"""The client's file, as users find it."""

from __future__ import annotations

import pytest
import yaml
from servicex_site import NAME, URL, files, site, values


def test_users_find_instances_that_run_elsewhere() -> None:
    made = files(site({"url": f"{URL}/"}, cluster=None))
    assert set(made) == {"servicex/servicex.yaml"}
    assert yaml.safe_load(made["servicex/servicex.yaml"]) == {
        "api_endpoints": [{"name": NAME, "endpoint": URL}],
        "default-endpoint": NAME,
    }


def test_an_instance_without_an_address_is_in_no_clients_file() -> None:
    assert "servicex/servicex.yaml" not in files(site({}))
    made = site({"url": "https://<name>/x", "object_store": {"url": "https://<name>"}})
    assert "servicex/servicex.yaml" not in files(made)
    assert "<" not in str(values(made))


@pytest.mark.parametrize(
    ("path", "cache_path"),
    [("/scratch/<user>", "/scratch/${USER}/servicex"), ("/scratch/<u>/<user>", None), ("/scratch", None)],
)
def test_results_are_kept_on_scratch_where_the_client_can_say_it(path: str, cache_path: str | None) -> None:
    area = {"name": "s", "stance": "promised", "purpose": "scratch", "path": path}
    made = yaml.safe_load(files(site(storage={"areas": [area]}))["servicex/servicex.yaml"])
    assert made.get("cache_path") == cache_path


def test_no_token_is_in_the_clients_file() -> None:
    made = site({"url": URL, "token": {"env": "SERVICEX_TOKEN"}})
    text = files(made)["servicex/servicex.yaml"]
    assert all(set(entry) == {"name", "endpoint"} for entry in yaml.safe_load(text)["api_endpoints"])
    assert "SERVICEX_TOKEN" not in "".join(files(made).values())

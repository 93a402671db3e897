"""No password of the chart's stays in force; who signs in, and which Secrets must be there."""

from __future__ import annotations

from typing import Any

import pytest
from servicex_site import EVERYTHING, URL, complete, needs, site, values
from upstream import upstream_data


def scalars(data: Any) -> list[Any]:
    """Every scalar of some data."""
    inner = data.values() if isinstance(data, dict) else data if isinstance(data, list) else None
    return [data] if inner is None else [leaf for item in inner for leaf in scalars(item)]


@pytest.mark.parametrize("instance", [{"url": URL}, EVERYTHING, {"object_store": {"url": URL, "external": True}}])
def test_no_password_of_the_charts_stays_in_force(instance: dict[str, Any]) -> None:
    everything = complete(site(instance))
    assert "leftfoot1" in scalars(upstream_data("servicex", "helm_servicex_values.yaml"))
    assert "leftfoot1" not in scalars(everything)
    secret = everything["secrets"]
    # ServiceX's pods and the servers that they log in to look into one Secret.
    asked = {
        everything["rabbitmq"]["auth"]["existingPasswordSecret"],
        everything["rabbitmq"]["auth"]["existingErlangSecret"],
        everything["postgresql"]["global"]["postgresql"]["auth"]["existingSecret"],
    }
    if everything["objectStore"]["internal"]:
        asked.add(everything["minio"]["auth"]["existingSecret"])
    assert asked == {secret}
    listed = needs(site(instance))["Secret", secret]
    key = everything["postgresql"]["global"]["postgresql"]["auth"]["secretKeys"]["adminPasswordKey"]
    assert {key, "rabbitmq-password", "rabbitmq-erlang-cookie", "globusClientID", "globusClientSecret"} <= set(
        listed["holds"]
    )
    assert all(f"--from-file={key}" in listed["how"].split("create secret")[1] for key in listed["holds"])


def test_minio_and_servicex_have_the_same_keys_by_two_names() -> None:
    item = needs(site())["Secret", "servicex-secrets"]
    assert {"--from-file=root-user=accesskey", "--from-file=root-password=secretkey"} <= set(item["how"].split())
    external = needs(site({"object_store": {"url": URL, "external": True}}))["Secret", "servicex-secrets"]
    assert "root-user" not in external["holds"]


def test_the_secret_may_have_another_name() -> None:
    made = site({"secret": "sx"})
    assert values(made)["secrets"] == values(made)["minio"]["auth"]["existingSecret"] == "sx"
    assert ("Secret", "sx") in needs(made)


def test_sign_in_is_on_and_logs_stay_at_the_site() -> None:
    everything = complete(site(contact="help@example.org"))
    assert everything["app"]["auth"] is True
    assert everything["app"]["adminEmail"] == "help@example.org"
    assert everything["logging"]["logstash"]["enabled"] is False


def test_a_contact_that_is_a_page_is_nobodys_address() -> None:
    made = site(contact="https://example.org/help")
    assert "adminEmail" not in values(made)["app"]
    assert ("Value", "app.adminEmail") in needs(made)
    assert values(site({"admin": "a@example.org"}, contact="https://example.org/help"))["app"]["adminEmail"]

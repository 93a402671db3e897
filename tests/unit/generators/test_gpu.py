"""The generator gpu: the device plugin's configurations, and by which names and labels pods ask for what they make."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from afspec.generators.gpu import Gpu
from support import HEAD, facility
from upstream import merged, upstream_data

from afspec.generators.cluster import gpu_choices

CLUSTER = "orchestration: {stance: promised, kind: kubernetes}\n"
MIG = "mig: {strategy: %s, profiles: [1g.5gb]}"
SLICED = "sharing: {by: time_slicing, replicas: 4}"


def body(*models: str) -> str:
    listed = "".join(f"    - {{{model}}}\n" for model in models)
    return f"{CLUSTER}gpus:\n  stance: promised\n  models:\n{listed}"


def model(name: str = "a100", *more: str, product: str = "A100", resource: str = "nvidia.com/gpu") -> str:
    return ", ".join([f"name: {name}", f"product: {product}", f"resource: {resource}", *more])


def values(*models: str) -> dict[str, Any]:
    (artifact,) = Gpu().render(facility(body(*models)))
    data = yaml.safe_load(artifact.text)
    assert isinstance(data, dict)
    return data


def configs(*models: str) -> dict[str, Any]:
    return {name: yaml.safe_load(text) for name, text in values(*models)["config"]["map"].items()}


def asked(*models: str) -> list[tuple[str, str | None]]:
    found = gpu_choices(facility(body(*models)))
    return [(choice.resource, choice.selector.get("nvidia.com/gpu.product")) for choice in found]


def test_whole_gpus_need_one_configuration() -> None:
    made = values(model(), model("v100", product="V100"))
    assert made["config"]["default"] == "whole"
    assert configs(model()) == {"whole": {"version": "v1", "flags": {"migStrategy": "none"}}}
    assert made["gfd"] == {"enabled": True}
    # The models are named where their nodes' configuration is, for who labels the nodes.
    assert made["config"]["map"]["whole"].startswith("# A100\n# V100\n")


def test_single_and_mixed_slices_are_configurations_of_different_nodes() -> None:
    models = (model("a", MIG % "single"), model("b", MIG % "mixed"), model("c", "mig: {strategy: none}"))
    assert {name: made["flags"]["migStrategy"] for name, made in configs(*models).items()} == {
        "mig-single": "single",
        "mig-mixed": "mixed",
        "whole": "none",
    }
    # Without a label, slices must not be taken for whole GPUs.
    assert values(*models)["config"]["default"] == "mig-single"


def test_slices_are_asked_for_by_name_or_by_label() -> None:
    mixed = "mig: {strategy: mixed, profiles: [1g.5gb, 1g.10gb+me]}"
    assert asked(model("a", mixed)) == [("nvidia.com/mig-1g.5gb", "A100"), ("nvidia.com/mig-1g.10gb.me", "A100")]
    assert asked(model("a", MIG % "single")) == [("nvidia.com/gpu", "A100-MIG-1g.5gb")]
    # A product that the spec has as nodes show it stays as it is.
    assert asked(model("a", MIG % "single", product="A100-MIG-1g.5gb")) == [("nvidia.com/gpu", "A100-MIG-1g.5gb")]
    several = gpu_choices(facility(body(model("a", "mig: {strategy: single, profiles: [1g.5gb, 2g.10gb]}"))))
    assert [choice.name for choice in several] == ["a-1g.5gb", "a-2g.10gb"]


def test_what_is_shared_under_its_name_is_labelled_shared() -> None:
    assert asked(model("a", SLICED)) == [("nvidia.com/gpu", "A100-SHARED")]
    assert asked(model("a", SLICED, MIG % "single")) == [("nvidia.com/gpu", "A100-MIG-1g.5gb-SHARED")]
    assert asked(model("a", SLICED, product="A100-SHARED")) == [("nvidia.com/gpu", "A100-SHARED")]
    # The whole GPU's label says nothing of its slices.
    assert asked(model("a", SLICED, MIG % "mixed")) == [("nvidia.com/mig-1g.5gb", "A100")]


def test_what_is_renamed_keeps_its_label() -> None:
    assert asked(model("a", SLICED, resource="nvidia.com/gpu.shared")) == [("nvidia.com/gpu.shared", "A100")]
    mixed = model("a", SLICED, MIG % "mixed", resource="nvidia.com/gpu.shared")
    assert asked(mixed) == [("nvidia.com/mig-1g.5gb.shared", "A100")]
    (config,) = configs(mixed).values()
    assert config["sharing"]["timeSlicing"]["renameByDefault"] is True
    assert config["sharing"]["timeSlicing"]["resources"] == [{"name": "nvidia.com/mig-1g.5gb", "replicas": 4}]


@pytest.mark.parametrize(("by", "key"), [("time_slicing", "timeSlicing"), ("mps", "mps")])
def test_a_gpu_is_shared_in_one_way_and_asking_for_two_shares_fails(by: str, key: str) -> None:
    made = configs(model("a", f"sharing: {{by: {by}, replicas: 4}}"))
    assert list(made) == [f"{key.replace('S', '-s').lower() if by != 'mps' else key}-4"]
    (config,) = made.values()
    assert config["sharing"] == {
        key: {
            "renameByDefault": False,
            "failRequestsGreaterThanOne": True,
            "resources": [{"name": "nvidia.com/gpu", "replicas": 4}],
        }
    }


def test_models_shared_alike_share_a_configuration_and_others_do_not() -> None:
    two = "sharing: {by: time_slicing, replicas: 2}"
    made = configs(model("a", SLICED), model("b", SLICED, product="B"), model("c", two), model("d"))
    assert list(made) == ["time-slicing-4", "time-slicing-2", "whole"]
    assert len(made["time-slicing-4"]["sharing"]["timeSlicing"]["resources"]) == 1
    assert values(model("a", SLICED), model("d"))["config"]["default"] == "whole"
    assert values(model("a", SLICED))["config"]["default"] == "time-slicing-4"


@pytest.mark.parametrize(
    "sharing",
    ["sharing: {by: mps, replicas: 4}, mig: {strategy: mixed, profiles: [1g.5gb]}", "sharing: {by: mps, replicas: 1}"],
)
def test_what_the_plugin_would_refuse_is_not_shared(sharing: str) -> None:
    (config,) = configs(model("a", sharing)).values()
    assert "sharing" not in config
    ((_, product),) = asked(model("a", sharing))
    assert product == "A100"


def test_the_chart_knows_the_keys() -> None:
    defaults = upstream_data("nvidia-device-plugin", "deployments_helm_nvidia-device-plugin_values.yaml")
    made = values(model("a", SLICED), model("b", MIG % "single"))
    assert set(made) <= set(defaults)
    assert set(made["config"]) <= set(defaults["config"])
    whole = merged(defaults, made)
    # The chart fails without a default among several, and with one that is not there.
    assert whole["config"]["default"] in whole["config"]["map"]
    assert not whole["config"]["name"]
    chart = upstream_data("nvidia-device-plugin", "deployments_helm_nvidia-device-plugin_Chart.yaml")
    (artifact,) = Gpu().render(facility(body(model())))
    assert f"# chart: {chart['name']} {chart['version']}\n" in artifact.text


def test_silence_and_other_vendors_make_nothing() -> None:
    assert not Gpu().applies(facility(body("name: a100")))
    assert not Gpu().applies(facility(body(model(resource="amd.com/gpu"))))
    assert not Gpu().applies(facility(body(model()).replace("stance: promised\n  models", "stance: planned\n  models")))
    assert not Gpu().applies(facility(body(model()).replace(CLUSTER, "")))
    assert "amd" not in str(values(model(), model("mi", resource="amd.com/gpu")))


def test_the_file_is_ascii_and_the_same_every_time() -> None:
    head = HEAD.replace("A toy facility", "Universit\u00e9 # {x: y}")
    first, again = (list(Gpu().render(facility(body(model("a", SLICED)), head))) for _ in range(2))
    assert first == again
    assert first[0].text.isascii()
    assert set(yaml.safe_load(first[0].text)) == {"config", "gfd"}

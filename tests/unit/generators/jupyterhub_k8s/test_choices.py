"""What users choose before a start: sizes, GPUs, images under the site's policy."""

from __future__ import annotations

import re
from typing import Any

import yaml
from afspec.generators.jupyterhub_k8s.images import REGEX
from hypothesis import example, given
from hypothesis import strategies as st
from jupyterhub_k8s_site import BARE, CLUSTER, FULL, GPUS, IMAGES, LIMITS, OWN, PROFILES, REFERENCES, hub, values

from afspec.facility.words import REFERENCE


def by_slug(body: str) -> dict[str, dict[str, Any]]:
    return {item["slug"]: item for item in values(body)["singleuser"].get("profileList", [])}


def test_profiles_of_the_spec_are_bounded_and_have_their_gpus() -> None:
    found = by_slug(FULL + hub(LIMITS + PROFILES + OWN))
    assert list(found) == ["small", "slice", "two", "any"]
    assert found["small"]["display_name"] == "Small &lt;b&gt;"
    assert found["small"]["kubespawner_override"] == {
        "cpu_limit": 2,
        "cpu_guarantee": 0.5,
        "mem_limit": "4G",
        "mem_guarantee": "4G",
    }
    two = found["two"]["kubespawner_override"]
    assert two["cpu_limit"] == 16
    assert two["extra_resource_limits"] == two["extra_resource_guarantees"] == {"nvidia.com/gpu": "2"}
    assert two["node_selector"] == {"nvidia.com/gpu.product": "Tesla-V100-PCIE-16GB"}
    assert {item["key"] for item in two["tolerations"]} >= {"nvidia.com/gpu", "hub.jupyter.org/dedicated"}
    assert list(found["slice"]["profile_options"]["gpu"]["choices"]) == ["a100-1g-5gb", "a100-2g-10gb"]
    assert list(found["any"]["profile_options"]["gpu"]["choices"]) == ["a100-1g-5gb", "a100-2g-10gb", "v100"]


def test_without_profiles_there_is_one_with_each_gpu() -> None:
    found = by_slug(CLUSTER + GPUS + IMAGES + hub(LIMITS))
    assert list(found) == ["cpu", "a100-1g-5gb", "a100-2g-10gb", "v100"]
    assert found["v100"]["kubespawner_override"]["extra_resource_limits"] == {"nvidia.com/gpu": "1"}
    assert list(found["v100"]["profile_options"]["gpus"]["choices"]) == ["1", "2"]
    sizes = [item["kubespawner_override"] for item in found["cpu"]["profile_options"]["size"]["choices"].values()]
    assert [(size["cpu_limit"], size["mem_limit"]) for size in sizes] == [(2, "4G"), (4, "8G"), (8, "16G"), (16, "32G")]
    assert list(by_slug(CLUSTER + GPUS + IMAGES + hub(LIMITS.replace("gpus: 2", "gpus: 0")))) == ["cpu"]
    assert by_slug(BARE) == {}


def test_of_a_shared_gpu_nobody_is_offered_two() -> None:
    shared = GPUS.replace("Tesla-V100-PCIE-16GB,", "Tesla-V100-PCIE-16GB, sharing: {by: mps, replicas: 4},")
    found = by_slug(CLUSTER + shared + IMAGES + hub(LIMITS))
    assert "gpus" not in found["v100"]["profile_options"]
    assert "gpus" in found["a100-1g-5gb"]["profile_options"]


def images_of(policy: str, custom: str = "") -> tuple[list[str], bool]:
    body = CLUSTER + IMAGES.replace("policy: any", policy) + hub(custom)
    option = by_slug(body).get("cpu", {}).get("profile_options", {}).get("image", {})
    references = [item["kubespawner_override"]["image"] for item in option.get("choices", {}).values()]
    return references, bool(option.get("unlisted_choice", {}).get("enabled"))


def test_images_follow_the_sites_policy() -> None:
    base = "hub.example.org/base/x:1"
    assert images_of("policy: any") == ([base], True)
    assert images_of("policy: any", "    custom_image: false\n") == ([], False)
    assert images_of("policy: unpacked", "    custom_image: true\n") == ([], False)
    listed = 'policy: allow_list\n  allowed: ["hub.example.org/a/z:2", "hub.example.org/b/z:2"]'
    assert images_of(listed, "    custom_image: true\n") == (["hub.example.org/a/z:2", "hub.example.org/b/z:2"], False)
    both = listed.replace("]", f', "{base}"]')
    assert images_of(both)[0][0] == base


def test_a_profile_has_no_image_that_is_not_allowed() -> None:
    listed = IMAGES.replace("policy: any", 'policy: allow_list\n  allowed: ["hub.example.org/base/x:1"]')
    text = yaml.safe_dump(values(FULL.replace(IMAGES, listed) + hub(PROFILES)))
    assert "gpu/y" not in text
    assert "gpu/y" in yaml.safe_dump(values(FULL + hub(PROFILES)))


@given(REFERENCES)
def test_any_reference_may_be_typed(reference: str) -> None:
    assert re.match(REGEX, reference)


@given(
    st.one_of(st.text(max_size=30), REFERENCES.map(lambda text: text + "\n"), REFERENCES.map(lambda text: text + " x"))
)
@example("x/y\n")
def test_nothing_else_may_be_typed(text: str) -> None:
    assert bool(re.match(REGEX, text)) == bool(REFERENCE.match(text))

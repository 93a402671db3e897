"""A lock's own words: its head, its parts, its pins, and the digest of what it was made from."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support import facility

from afspec.facility.images import Image
from afspec.facility.locks import digest_of_wanted, head_of, parts_of, pins_of, requirements_of

HEAD = "# Packages of x.\n# manager: pip\n# python: 3.11\n# platforms: linux/amd64 linux/arm64\n# wanted: sha256:1\n"


def image(**changes: Any) -> Image:
    known = {"name": "af", "reference": "hub.example.org/a/af:1", "packages": ["dask"], "kernel": {"name": "k"}}
    build = {"manager": "pip", "python": "3.11"} | changes.pop("build", {})
    return Image.model_validate(known | {"build": build} | changes)


def test_a_head_ends_with_the_comments() -> None:
    head = head_of(f"{HEAD}numpy==1\n# made: 2026-11-23\n")
    assert (head.manager, head.python, head.wanted, head.made) == ("pip", "3.11", "sha256:1", "")
    assert head.platforms == ("linux/amd64", "linux/arm64")
    assert head_of("").wanted == ""


def test_what_a_head_says_first_counts() -> None:
    assert head_of("# wanted: a\n# wanted: b\n").wanted == "a"


def test_the_parts_of_a_lock_have_its_head_each() -> None:
    text = f"{HEAD}# platform: linux-64\na==1\n# platform: linux-aarch64\nb==2\n"
    parts = parts_of(text)
    assert list(parts) == ["linux-64", "linux-aarch64"]
    assert all(part.startswith(HEAD) for part in parts.values())
    assert [list(pins_of(part)) for part in parts.values()] == [[("a", "1")], [("b", "2")]]


def test_a_lock_without_parts_is_one() -> None:
    assert parts_of(f"{HEAD}a==1\n") == {"": f"{HEAD}a==1\n"}


def test_pins_are_read_whatever_follows_them() -> None:
    text = "a==1.0 \\\n    --hash=sha256:00\nb-c.d==2+cpu ; platform_machine == 'x'\ne==3[build=\"py_0\"]\n# f==4\n"
    assert list(pins_of(text)) == [("a", "1.0"), ("b-c.d", "2+cpu"), ("e", "3")]


@given(st.permutations(["dask>=2026", "numpy", "uproot", "awkward==2.14"]))
def test_the_order_of_requirements_decides_nothing(requirements: list[str]) -> None:
    usual = digest_of_wanted(image(build={"requirements": ["awkward==2.14", "dask>=2026", "numpy", "uproot"]}))
    assert digest_of_wanted(image(build={"requirements": requirements})) == usual


@pytest.mark.parametrize(
    "change",
    [
        {"packages": ["dask", "uproot"]},
        {"kernel": None},
        {"platforms": ["linux/arm64"]},
        {"build": {"python": "3.12"}},
        {"build": {"manager": "micromamba"}},
        {"build": {"requirements": ["dask==1"]}},
    ],
)
def test_what_decides_the_packages_decides_the_digest(change: dict[str, Any]) -> None:
    assert digest_of_wanted(image(**change)) != digest_of_wanted(image())


@pytest.mark.parametrize(
    "change",
    [
        {"platforms": ["linux/amd64"]},
        {"base": "docker.io/library/debian:bookworm"},
        {"prefix": "/opt/other"},
        {"reference": "hub.example.org/a/af:2"},
        {"build": {"flavours": ["slurm"]}},
        {"build": {"channels": ["lab"]}},
        {"lock": "a==1\n"},
    ],
)
def test_what_does_not_decide_them_does_not(change: dict[str, Any]) -> None:
    assert digest_of_wanted(image(**change)) == digest_of_wanted(image())


def test_channels_decide_and_so_does_their_order() -> None:
    conda = [image(build={"manager": "micromamba", "channels": some}) for some in (["a", "b"], ["b", "a"], ["a"])]
    assert len({digest_of_wanted(one) for one in conda}) == 3


def test_a_kernel_brings_ipykernel_and_micromamba_python() -> None:
    assert requirements_of(image()) == ("dask", "ipykernel")
    assert requirements_of(image(build={"requirements": ["IPyKernel>=7"]})) == ("IPyKernel>=7",)
    assert requirements_of(image(build={"manager": "micromamba"}))[0] == "python=3.11"


def test_the_schema_still_says_text() -> None:
    spec = 'images: {named: [{name: af, reference: "hub.example.org/a/af:1", lock: "a==1\\n"}]}\n'
    images = facility(spec).images
    assert images is not None
    assert images.named[0].lock == "a==1\n"
    assert Image.model_json_schema()["properties"]["lock"]["anyOf"][0]["type"] == "string"

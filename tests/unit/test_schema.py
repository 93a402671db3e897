"""The JSON Schema: what is checked in is what the models give, and an editor can learn the language from it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from support import HEAD, JSON, facility, plain

from afspec.diagnostics import AfspecError
from afspec.facility import Facility
from afspec.schema import KINDS, facility_schema, render_schema, stale_schemas, write_schemas

SPECS = Path(__file__).parents[2] / "specs"
SCHEMA = facility_schema()
MODELS: dict[str, Any] = {"Facility": SCHEMA, **{k: v for k, v in SCHEMA["$defs"].items() if v.get("type") == "object"}}
PROPERTIES = [
    pytest.param(prop, id=f"{model}.{name}") for model, d in MODELS.items() for name, prop in d["properties"].items()
]


def test_schemas_that_are_checked_in_are_those_of_the_models() -> None:
    assert stale_schemas(str(SPECS)) == []


def test_stale_schema_is_noticed(tmp_path: Path) -> None:
    assert stale_schemas(str(tmp_path)) == [tmp_path / f"{kind}.schema.json" for kind in KINDS]
    assert write_schemas(str(tmp_path)) == [tmp_path / f"{kind}.schema.json" for kind in KINDS]
    assert stale_schemas(str(tmp_path)) == []
    (tmp_path / "overlay.schema.json").write_text("\u00fc\n")
    assert stale_schemas(str(tmp_path)) == [tmp_path / "overlay.schema.json"]


@pytest.mark.parametrize("kind", KINDS)
def test_schema_is_valid(kind: str) -> None:
    schema = json.loads(render_schema(kind))
    Draft202012Validator.check_schema(schema)
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"


def test_rendering_twice_gives_the_same() -> None:
    assert render_schema("facility") == render_schema("facility")


@pytest.mark.parametrize("prop", PROPERTIES)
def test_property_has_a_title_and_a_description(prop: dict[str, Any]) -> None:
    if "$ref" in prop:
        target = SCHEMA["$defs"][prop["$ref"].rpartition("/")[2]]
        assert target["title"]
        assert prop.get("description") or target["description"]
    else:
        assert prop["title"]
        assert prop.get("description") or "const" in prop


@pytest.mark.parametrize("model", MODELS.values(), ids=MODELS)
def test_model_is_described_and_closed(model: dict[str, Any]) -> None:
    assert model["title"]
    assert model["description"] or model is SCHEMA
    assert model["additionalProperties"] is False


@pytest.mark.parametrize("prop", PROPERTIES)
def test_examples_and_defaults_are_valid(prop: dict[str, Any]) -> None:
    validator = Draft202012Validator({**prop, "$defs": SCHEMA["$defs"]})
    for value in [*prop.get("examples", []), *([prop["default"]] if "default" in prop else [])]:
        validator.validate(value)


def null(node: Any) -> bool:
    if isinstance(node, dict):
        return node.get("type") == "null" or any(null(value) for value in node.values())
    return isinstance(node, list) and any(null(value) for value in node)


def test_nothing_is_null() -> None:
    assert not null(SCHEMA)


def test_overlay_requires_nothing() -> None:
    overlay = Draft202012Validator(json.loads(render_schema("overlay")))
    assert overlay.is_valid({})
    assert overlay.is_valid({"batch": [{"name": "a"}]})
    assert not overlay.is_valid({"lable": "x"})
    assert not Draft202012Validator(SCHEMA).is_valid({})


FULL = """\
extends: []
docs: https://example.org
access: {ssh: {bastion: {host: h}, hosts: [{name: a, host: "a[1-2]"}]}}
logins: [{name: a, method: cilogon, federated: true, opens: [ssh]}]
batch:
  - {name: farm, scheduler: slurm, nodes: 2, max_walltime: 4 h, partitions: [{name: p, memory: 1 GB}]}
  - {name: pool, scheduler: htcondor, version: 23.9, queues: [{name: q, attributes: {a: true, b: 1, c: x}}]}
orchestration: {kind: okd, version: 1.30}
dask: {jobqueue: {ports: {worker: "1:2"}}}
sources:
  /name: {doc: d, as_of: 2026, conflict: {value: 1.5, doc: e, as_of: 2026-03}}
  /title: {doc: d, conflict: {value: T, doc: e}, resolved: {by: b, as_of: 2026-11-23, how: h}}
"""


def test_schema_accepts_a_spec() -> None:
    facility(FULL)
    Draft202012Validator(SCHEMA).validate(plain(HEAD + FULL))


def without_nulls(node: Any) -> Any:
    """What is left of a spec when nulls have done their work: they take away what a base said."""
    if isinstance(node, dict):
        return {key: without_nulls(value) for key, value in node.items() if value is not None}
    return [without_nulls(item) for item in node] if isinstance(node, list) else node


@given(st.dictionaries(st.sampled_from(list(Facility.model_fields)), JSON, max_size=2))
def test_schema_refuses_nothing_that_the_model_accepts(data: dict[str, Any]) -> None:
    whole = {**plain(HEAD), **without_nulls(data)}
    try:
        Facility.model_validate(whole)
    except (ValueError, AfspecError):
        assume(False)  # noqa: FBT003
    Draft202012Validator(SCHEMA).validate(whole)


@given(st.sampled_from(["access", "storage", "agc", "dask", "gpus", "images", "software", "services"]), JSON)
def test_section_of_the_wrong_kind_is_refused_by_both(section: str, value: Any) -> None:
    assume(not isinstance(value, dict) and value is not None)
    whole = {**plain(HEAD), section: value}
    assert not Draft202012Validator(SCHEMA).is_valid(whole)
    with pytest.raises(ValueError, match="valid"):
        Facility.model_validate(whole)

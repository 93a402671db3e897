"""The language's JSON Schema, generated from the models, so that an editor completes and checks."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from afspec.facility import Facility
from afspec.facility.quantities import format_bytes, format_duration
from afspec.report.model import Report

DIALECT = "https://json-schema.org/draft/2020-12/schema"
KINDS = ("facility", "overlay", "report")
# Quantities are numbers inside and text in a spec; by the titles of their schemas.
_AS_WRITTEN = {"Size": format_bytes, "Time": format_duration}


def _without_required(node: Any) -> Any:
    """The schema with nothing required: a base or an overlay says only what it has to say."""
    if isinstance(node, dict):
        kept = {
            key: value
            for key, value in node.items()
            if not (key == "required" and isinstance(value, list)) and key != "discriminator"
        }
        # Without what is required, a part may fit several alternatives.
        return {"anyOf" if key == "oneOf" else key: _without_required(value) for key, value in kept.items()}
    if isinstance(node, list):
        return [_without_required(item) for item in node]
    return node


def _tidy(node: Any) -> Any:
    """Nulls stay out: YAML leaves a key out instead. Defaults that say nothing go, others are as one writes them."""
    if isinstance(node, list):
        return [_tidy(item) for item in node]
    if not isinstance(node, dict):
        return node
    tidy = {key: _tidy(value) for key, value in node.items() if not (key == "default" and value in (None, [], {}))}
    options = tidy.get("anyOf")
    if isinstance(options, list):
        rest = [option for option in options if option != {"type": "null"}]
        if len(rest) == 1:
            del tidy["anyOf"]
            tidy = {**rest[0], **tidy}
        elif len(rest) < len(options):
            tidy["anyOf"] = rest
    if "$ref" in tidy and isinstance(tidy.get("default"), dict):
        del tidy["default"]  # the parts have their own
    if isinstance(tidy.get("default"), int) and (write := _AS_WRITTEN.get(tidy.get("title", ""))):
        tidy["default"] = write(tidy["default"])
    return tidy


def _or_null(schema: dict[str, Any]) -> dict[str, Any]:
    """The schema of a value that may be taken away: `null` undoes what a base says."""
    if "type" in schema and "enum" not in schema and "const" not in schema:
        kinds = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
        return {**schema, "type": [*kinds, "null"]}
    key = "oneOf" if "oneOf" in schema else "anyOf"
    if key in schema:
        return {**schema, key: [*schema[key], {"type": "null"}]}
    about = {name: value for name, value in schema.items() if name in {"title", "description", "default", "examples"}}
    return {**about, "anyOf": [{k: v for k, v in schema.items() if k not in about}, {"type": "null"}]}


def _nullable(node: Any) -> Any:
    """The schema with null allowed for every property that is not required."""
    if isinstance(node, list):
        return [_nullable(item) for item in node]
    if not isinstance(node, dict):
        return node
    changed = {key: _nullable(value) for key, value in node.items()}
    if isinstance(properties := changed.get("properties"), dict):
        required = changed.get("required", [])
        changed["properties"] = {
            name: schema if name in required else _or_null(schema) for name, schema in properties.items()
        }
    return changed


def facility_schema() -> dict[str, Any]:
    """The schema of a whole spec."""
    schema = _tidy(Facility.model_json_schema(mode="validation"))
    schema["properties"]["extends"] = {
        "title": "Extends",
        "description": "Bases that this file builds on, relative to it; later ones override earlier ones.",
        "oneOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}],
        "examples": [["../base/us-atlas.yaml"]],
    }
    return {"$schema": DIALECT, **schema, "title": "afspec facility"}


def report_schema() -> dict[str, Any]:
    """The schema of report.json. A machine writes it: nothing is left out, and null is written where nothing is."""
    schema = Report.model_json_schema(mode="serialization")
    return {"$schema": DIALECT, **schema, "title": "afspec report"}


def render_schema(kind: str) -> str:
    """The schema as text; `kind` is one of KINDS."""
    if kind == "report":
        return json.dumps(report_schema(), indent=1) + "\n"
    schema = facility_schema()
    if kind == "overlay":
        schema = {**_without_required(schema), "title": "afspec base or overlay"}
    return json.dumps(_nullable(schema), indent=1) + "\n"


def _path(folder: str, kind: str) -> Path:
    return Path(folder) / f"{kind}.schema.json"


def write_schemas(folder: str) -> list[Path]:
    """Write the schemas, each whole or not at all; the paths written.

    Raises:
        OSError: one cannot be written.
    """
    paths = [_path(folder, kind) for kind in KINDS]
    Path(folder).mkdir(parents=True, exist_ok=True)
    for kind, path in zip(KINDS, paths, strict=True):
        made = path.with_name(f".{path.name}.afspec-new")
        try:
            made.write_text(render_schema(kind), encoding="ascii")
            made.replace(path)
        finally:
            made.unlink(missing_ok=True)
    return paths


def stale_schemas(folder: str) -> list[Path]:
    """The schema files that are absent or not what the models give."""
    return [
        path
        for kind in KINDS
        if not (path := _path(folder, kind)).is_file() or path.read_bytes() != render_schema(kind).encode("ascii")
    ]

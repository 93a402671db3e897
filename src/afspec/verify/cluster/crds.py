"""CustomResourceDefinitions: their structural schemas, asked as an API server with strict validation does.

Kubernetes documentation, "Extend the Kubernetes API with CustomResourceDefinitions": a field that no schema names is
pruned, and refused where validation is strict, unless x-kubernetes-preserve-unknown-fields is set; null is accepted
where `nullable` is, and is as good as left out elsewhere. Rules in CEL are not evaluated.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from afspec.verify.cluster.schemas import faults, validator

if TYPE_CHECKING:
    from jsonschema.protocols import Validator

    from afspec.verify.cluster.schemas import Fault

KIND = "CustomResourceDefinition"
_PRESERVE = "x-kubernetes-preserve-unknown-fields"
_EITHER = "x-kubernetes-int-or-string"
_EMBEDDED = "x-kubernetes-embedded-resource"
_META = ("apiVersion", "kind", "metadata")
_OBJECT: dict[str, Any] = {"type": "object"}
_ROOT = {"apiVersion": {"type": "string"}, "kind": {"type": "string"}, "metadata": _OBJECT}
# Words of JSON schema that mean the same in a structural one.
_SAME = (
    "enum", "pattern", "format", "minimum", "maximum", "minLength", "maxLength", "minItems", "maxItems", "uniqueItems",
    "minProperties", "maxProperties", "multipleOf", "required", "anyOf", "oneOf", "allOf", "not",
    "x-kubernetes-list-type", "x-kubernetes-list-map-keys",
)  # fmt: skip


class Crd:
    """One kind of custom resource, in all its versions."""

    def __init__(self, data: dict[str, Any], source: str) -> None:
        self.source = source
        spec = data["spec"]
        self.group = str(spec["group"])
        self.kind = str(spec["names"]["kind"])
        self.plural = str(spec["names"].get("plural", ""))
        self.namespaced = spec.get("scope") != "Cluster"
        self._versions: dict[str, dict[str, Any]] = {str(item["name"]): item for item in spec["versions"]}
        self._validators: dict[str, Validator] = {}

    @property
    def served(self) -> list[str]:
        """The versions that a server with it answers to."""
        return [name for name, item in self._versions.items() if item.get("served", True)]

    def faults(self, version: str, data: dict[str, Any]) -> list[Fault]:
        """What the schema of a version that is served has against an object."""
        schema = self._versions[version].get("schema", {}).get("openAPIV3Schema", {_PRESERVE: True})
        if version not in self._validators:
            self._validators[version] = validator(_root(schema))
        return faults(self._validators[version], defaulted(schema, data))


def _root(schema: dict[str, Any]) -> dict[str, Any]:
    made = structural(schema)
    made["properties"] = {**made.get("properties", {}), **_ROOT}
    made["required"] = sorted({*made.get("required", ()), *_META})
    return made


def defaulted(schema: dict[str, Any], data: Any) -> Any:
    """Data with the schema's defaults, which a server fills in before it validates; data itself is left as it is."""
    if isinstance(data, list) and isinstance(schema.get("items"), dict):
        return [defaulted(schema["items"], item) for item in data]
    if not isinstance(data, dict):
        return data
    made = dict(data)
    extra = schema.get("additionalProperties")
    for key, part in (schema.get("properties") or {}).items():
        if "default" in part and (key not in made or (made[key] is None and not part.get("nullable"))):
            made[key] = part["default"]
        if key in made:
            made[key] = defaulted(part, made[key])
    if isinstance(extra, dict):
        known = schema.get("properties") or {}
        made |= {key: defaulted(extra, value) for key, value in made.items() if key not in known}
    return made


def structural(schema: dict[str, Any]) -> dict[str, Any]:
    """A structural schema as a JSON schema: unknown fields are refused, null is what OpenAPI says of it."""
    # To the server, what is null is not there.
    made = {word: schema[word] for word in _SAME if schema.get(word) is not None}
    # OpenAPI 3.0 has the limits of draft 4: a flag beside the number.
    for word, exclusive in (("minimum", "exclusiveMinimum"), ("maximum", "exclusiveMaximum")):
        if schema.get(exclusive) is True and word in made:
            made[exclusive] = made.pop(word)
    if schema.get(_EITHER):
        made["type"] = ["integer", "string"]
    elif schema.get("type"):
        made["type"] = schema["type"]
    properties = {key: _member(key, part, schema) for key, part in (schema.get("properties") or {}).items()}
    if schema.get(_EMBEDDED):
        properties |= {key: part for key, part in _ROOT.items() if key not in properties}
    if properties:
        made["properties"] = properties
    extra = schema.get("additionalProperties")
    if isinstance(extra, dict):
        made["additionalProperties"] = structural(extra)
    elif made.get("type") == "object" and extra is not True and not schema.get(_PRESERVE):
        made["additionalProperties"] = False
    if schema.get("items"):
        made["items"] = structural(schema["items"])
    return _nullable(made) if schema.get("nullable") else made


def _member(key: str, part: dict[str, Any], around: dict[str, Any]) -> dict[str, Any]:
    made = structural(part)
    return made if key in (around.get("required") or ()) else _nullable(made)


def _nullable(schema: dict[str, Any]) -> dict[str, Any]:
    kind = schema.get("type")
    if kind is None:
        return schema
    made = {**schema, "type": [*(kind if isinstance(kind, list) else [kind]), "null"]}
    if "enum" in made:
        made["enum"] = [*made["enum"], None]
    return made

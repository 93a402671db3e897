"""Sites with ServiceX, and what the real chart makes of their values."""

from __future__ import annotations

from typing import Any

import yaml
from afspec.generators.servicex import ServiceX
from upstream import merged, upstream_data

from afspec.facility import Facility

NAME = "servicex"
URL = "https://servicex.af.example.org"
CLUSTER = {"stance": "promised", "kind": "kubernetes", "ingress": {"ingress_class": "nginx", "issuer": "le"}}
OKD = {"stance": "promised", "kind": "okd"}


def site(*instances: dict[str, Any], cluster: dict[str, Any] | None = CLUSTER, **sections: Any) -> Facility:
    """A site with those instances, one with a URL where none is given."""
    made = [{"name": NAME, "stance": "promised", **item} for item in instances or ({"url": URL},)]
    base = {"afspec": 1, "name": "site", "title": 'A "site" \u2014 x', "declared_by": "site", "orchestration": cluster}
    return Facility.model_validate({**base, "services": {"servicex": made}, **sections})


def files(facility: Facility) -> dict[str, str]:
    """Texts by path; nothing where the generator does not apply."""
    return {item.path: item.text for item in ServiceX().render(facility)} if ServiceX().applies(facility) else {}


def values(facility: Facility, name: str = NAME) -> dict[str, Any]:
    """The values of an instance."""
    found: dict[str, Any] = yaml.safe_load(files(facility)[f"servicex/{name}/values.yaml"])
    return found


def complete(facility: Facility) -> dict[str, Any]:
    """The values over the real chart's defaults."""
    found: dict[str, Any] = merged(upstream_data("servicex", "helm_servicex_values.yaml"), values(facility))
    return found


def needs(facility: Facility, name: str = NAME) -> dict[tuple[str, str], dict[str, Any]]:
    """What must be there first, by kind and name."""
    listed = yaml.safe_load(files(facility)[f"servicex/{name}/requires.yaml"])["requires"]
    return {(item["kind"], item["name"]): item for item in listed}


EVERYTHING = {
    "url": URL,
    "code_generators": ["uproot", "atlasr22"],
    "did_finders": ["rucio", "CERNOpenData"],
    "grid_account": "atlasaf",
    "admin": "admin@example.org",
    "tag": "v1.5.3",
    "object_store": {"url": "https://results.af.example.org", "size": "100 GB"},
    "transformers": {"minimum": 2, "maximum": 50, "load": 70, "priority_class": "users"},
}

"""Sites with coffea-casa on their cluster, and the chart's values for it."""

from __future__ import annotations

from typing import Any

import yaml
from afspec.generators.coffea_casa import CoffeaCasa

from afspec.facility import Facility

SESSION, WORKER = "hub.example.org/cc/notebook:2026.08", "hub.example.org/cc/worker:2026.08"
POOL: dict[str, Any] = {
    "name": "pool",
    "scheduler": "htcondor",
    "stance": "promised",
    "head": "head.pool.example.org",
    "queues": [{"name": "short", "stance": "promised", "attributes": {"queue": 'a "$short'}}],
}
LOGIN = {
    "name": "iam",
    "stance": "promised",
    "method": "atlas-iam",
    "issuer": "https://iam.example.org",
    "client": {"id": "casa", "secret": {"kubernetes_secret": {"name": "casa-login", "key": "secret"}}},
    "opens": ["coffea_casa"],
}
AREAS = [
    {
        "name": name,
        "stance": "promised",
        "path": f"/{name}/<user>",
        "mount": {"target": f"/{name}", "source": f"/{name}"},
    }
    for name in ("home", "data")
]


def facility(casa: dict[str, Any] | None = None, **sections: Any) -> Facility:
    """A site with coffea-casa on its cluster."""
    base: dict[str, Any] = {
        "afspec": 1,
        "name": "site",
        "title": 'A "site" \u2014 {x}',
        "declared_by": "site",
        "orchestration": {"stance": "promised", "kind": "kubernetes", "ingress": {"ingress_class": "nginx"}},
        "batch": [POOL],
        "logins": [LOGIN],
        "services": {
            "coffea_casa": {
                "stance": "promised",
                "url": "https://coffea.example.org/",
                "image": SESSION,
                **(casa or {}),
            }
        },
    }
    return Facility.model_validate({**base, **sections})


def files(site: Facility) -> dict[str, str]:
    """Texts by path; nothing where the generator does not apply."""
    made = CoffeaCasa()
    return {artifact.path: artifact.text for artifact in made.render(site)} if made.applies(site) else {}


def values(site: Facility) -> dict[str, Any]:
    """The chart's values."""
    found: dict[str, Any] = yaml.safe_load(files(site)["coffea-casa/values.yaml"])
    return found


def session(site: Facility) -> dict[str, Any]:
    """The chart's section singleuser."""
    found: dict[str, Any] = values(site)["singleuser"]
    return found


def needs(site: Facility) -> dict[tuple[str, str], dict[str, Any]]:
    """What must be there, by kind and name."""
    found = yaml.safe_load(files(site)["coffea-casa/requires.yaml"])["requires"]
    return {(item["kind"], item["name"]): item for item in found}


def settings(site: Facility) -> dict[str, Any]:
    """Dask's settings in a session."""
    found: dict[str, Any] = session(site)["extraFiles"]["dask"]["data"]
    return found


SITES = {
    "usual": facility(),
    "everything": facility(
        {
            "certificate": "casa-tls",
            "admins": ["oksana"],
            "areas": ["data"],
            "limits": {"cpu": 4, "memory": "16 GB", "idle": "2 h", "duration": "3 d"},
            "profiles": [
                {"name": "small", "title": "<b>Small</b> & neat", "cpu": 1, "memory": "2 GiB"},
                {"name": "big"},
            ],
            "workers": {"image": WORKER, "slots": "short", "account": "group_atlas.general", "maximum": 9},
        },
        storage={
            "areas": AREAS,
            "xcache": [{"name": "cache", "stance": "promised", "door": "root://cache.example.org:1094"}],
        },
        software={"cvmfs": {"claim": "cvmfs"}},
    ),
    "closed": facility(logins=[]),
    "alone": facility(batch=[]),
    "okd": facility(orchestration={"stance": "promised", "kind": "okd"}),
    "below": facility({"url": "https://af.example.org/coffea"}),
}

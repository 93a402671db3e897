"""A facility with everything on OKD, and what the generator okd makes of it, by the CustomResourceDefinitions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from afspec.generators.okd import Okd
from kustomize import tied
from support import facility

if TYPE_CHECKING:
    from afspec.generators import Artifact

CLUSTER = """
orchestration:
  stance: promised
  kind: okd
"""
SERVICES = """
services:
  servicex: [{name: servicex, stance: promised}, {name: second, stance: promised, url: "https://SX.example.org/"}]
  reana: {stance: promised, url: "https://reana.example.org"}
  coffea_casa: {stance: promised, url: "https://coffea.example.org"}
"""
HUBS = """
jupyter:
  - {name: hub, kind: hub_kubernetes, stance: promised, url: "https://hub.example.org/af/",
     group: {name: af, gid: 5741}}
  - {name: portal, kind: portal, spawner: kubernetes, stance: promised, url: "https://portal.example.org"}
  - {name: vm, kind: hub_vm, stance: promised, url: "https://vm.example.org"}
"""
IMAGES = """
images:
  stance: promised
  named:
    - {name: Base_image, reference: "registry.example.org/team/base:2026-01"}
    - {name: newest, reference: registry.example.org/team/newest}
    - name: pinned
      reference: "registry.example.org/team/pinned:1@sha256:DIGEST"
    - name: nameless
      reference: "registry.example.org/team/pinned@sha256:DIGEST"
""".replace("DIGEST", "0123456789abcdef" * 4)
REANA = "services: {reana: {stance: promised}}\n"
SERVICEX = "services: {servicex: [{name: servicex, stance: promised}]}\n"
EVERYTHING = CLUSTER + SERVICES + HUBS + IMAGES


def rendered(body: str) -> list[Artifact]:
    return list(Okd().render(facility(body)))


def objects(body: str) -> list[dict[str, Any]]:
    return tied(rendered(body), "okd")

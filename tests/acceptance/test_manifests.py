"""What the three facilities deploy on their clusters: each promised service, apart from what operators change."""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from support import AS_OF

from afspec.compiler import Frontend
from afspec.facility.common import Stance
from afspec.generators.cluster import SPEC_DIGEST, components

if TYPE_CHECKING:
    from collections.abc import Iterator

    from afspec.facility import Facility

SITES = ("bnl", "uchicago", "slac")
SPECS = Path(__file__).parents[2] / "specs"
# Where a component's manifests are; what is not here has a folder of its own name.
FOLDERS = {
    "/jupyter/portal": "portal/*.yaml",
    "/jupyter/jupyterhub": "jupyterhub-k8s/jupyterhub/values.yaml",
    "/dask/gateway": "dask-gateway/values.yaml",
    "/dask/operator": "dask-operator/*.yaml",
    "/services/coffea_casa": "coffea-casa/values.yaml",
    "/services/servicex/servicex": "servicex/servicex/values.yaml",
    "/services/reana": "reana/values.yaml",
    "/services/triton": "triton/kubernetes/triton.yaml",
    "/batch/htcondor": "htcondor-autoscale/**/*.yaml",
    "/gpus": "gpu/*.yaml",
    "/orchestration": "vcluster/values.yaml",
}


def compiled(*arguments: str | Path) -> None:
    command = [str(Path(sys.executable).parent / "afspec"), "compile", *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.fixture(scope="module")
def build(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("build")
    compiled(*(SPECS / "sites" / f"{site}.yaml" for site in SITES), "-o", folder)
    return folder


def objects(folder: Path) -> Iterator[tuple[Path, dict[str, Any]]]:
    """Every object of the Kubernetes API in compiled files."""
    for path in sorted(folder.rglob("*.yaml")):
        for item in yaml.load_all(path.read_text(), Loader=yaml.CSafeLoader):
            if isinstance(item, dict) and "apiVersion" in item and "kind" in item:
                yield path, item


@pytest.mark.parametrize("site", SITES)
def test_every_promised_service_has_its_manifests(build: Path, site: str) -> None:
    facility = Frontend(as_of=AS_OF).check(str(SPECS / "sites" / f"{site}.yaml")).facility
    found = components(facility)
    assert any(_stance(facility, item.pointer) is Stance.PROMISED for item in found) or site == "slac"
    for item in found:
        assert list((build / site).glob(FOLDERS[item.pointer])), f"{site} has nothing for {item.pointer}"
    # Nothing is deployed that nobody may have.
    assert {path.parts[len(build.parts) + 1] for path, _ in objects(build / site)} <= {
        "kubernetes",
        "okd",
        *(pattern.split("/")[0] for pattern in FOLDERS.values()),
    }


def _stance(facility: Facility, pointer: str) -> Stance | None:
    found: Any = facility
    for step in pointer.strip("/").split("/"):
        found = (
            next((item for item in found if item.name == step), None)
            if isinstance(found, tuple)
            else getattr(found, step)
        )
    stance: Stance | None = found.stance
    return stance


@pytest.mark.parametrize("site", SITES)
def test_what_is_deployed_says_which_spec_it_is_of(build: Path, site: str) -> None:
    spec = hashlib.sha256((build / site / "facility.json").read_bytes()).hexdigest()
    found = dict(objects(build / site))
    assert found
    for path, item in objects(build / site):
        text = path.read_text()
        assert f"# spec-sha256: {spec}\n" in text
        assert SPEC_DIGEST not in text
        if item["kind"] != "Kustomization":
            assert item["metadata"]["annotations"]["afspec/spec-sha256"] == spec, (path, item["kind"])
            assert item["metadata"]["labels"]["app.kubernetes.io/part-of"] == site


@pytest.mark.parametrize("site", SITES)
def test_a_changed_spec_restarts_no_pod_for_its_digest(build: Path, site: str) -> None:
    for path, item in objects(build / site):
        template = item.get("spec", {}).get("template") if isinstance(item.get("spec"), dict) else None
        assert "spec-sha256" not in json.dumps(template), path


@pytest.mark.parametrize("place", ["overlays/uchicago/jupyterhub.yaml", "build/uchicago/jupyterhub-k8s/overlay.yaml"])
def test_an_overlay_is_never_written_nor_removed(tmp_path: Path, place: str) -> None:
    """Wherever operators keep theirs: beside the compiled folder or in it, through recompiling, changes and --force."""
    specs = tmp_path / "specs"
    shutil.copytree(SPECS, specs)
    spec, output = specs / "sites/uchicago.yaml", tmp_path / "build"
    compiled(spec, "-o", output)
    overlay = tmp_path / place
    overlay.parent.mkdir(parents=True, exist_ok=True)
    overlay.write_text("hub: {resources: {requests: {cpu: 2}}}\n")
    before = overlay.stat()
    spec.write_text(
        spec.read_text().replace("coffea_casa:\n    stance: promised", "coffea_casa:\n    stance: planned", 1)
    )
    for extra in ([], ["--force"]):
        compiled(spec, "-o", output, *extra)
        assert (overlay.read_text(), overlay.stat().st_mtime_ns) == (
            "hub: {resources: {requests: {cpu: 2}}}\n",
            before.st_mtime_ns,
        )

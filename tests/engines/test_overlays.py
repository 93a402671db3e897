"""Overlays of operators over what is compiled for the three facilities, laid by the real Helm and kubectl.

What an overlay says is so, all else is as it was compiled, and what the chart does not know is refused. A changed spec
is compiled beside overlays, which are as their authors left them, and still do what they did.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from helm_charts import head, made_up, real_tools, rendered
from kustomize import Object, identity, kubectl_kustomize
from upstream import UPSTREAM, upstream

from afspec.verify.cluster.charts import Charts

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["real_tools"]

SPECS = Path(__file__).parents[2] / "specs"
SITES = ("bnl", "uchicago", "slac")
# Each changes what is compiled, adds to it, and takes a key away that the chart has; lists are replaced.
OVERLAYS = {
    "jupyterhub": """\
hub:
  config: {JupyterHub: {authenticator_class: generic-oauth}, Authenticator: {allow_all: true}}
  resources: {requests: {cpu: 2, memory: 4Gi}}
singleuser: {startTimeout: null, networkPolicy: {egressAllowRules: {nonPrivateIPs: false}}}
ingress: {hosts: [other.example.org]}
""",
    "dask-gateway": """\
gateway:
  extraConfig: {90-ours: c.ClusterConfig.adaptive_period = 10}
  backend: {worker: {cores: {request: 2}, extraPodConfig: {volumes: []}}}
traefik: {resources: {limits: {cpu: "2"}}}
rbac: {enabled: null}
""",
    "vcluster": """\
sync: {toHost: {ingresses: {enabled: false}}}
controlPlane: {proxy: {extraSANs: [other.example.org]}, statefulSet: {persistence: {volumeClaim: {size: 20Gi}}}}
exportKubeConfig: {context: null}
""",
    "nvidia-device-plugin": """\
nfd: {enabled: false}
runtimeClassName: nvidia
config: {default: whole, map: {ours: "version: v1\\n"}}
gfd: {enabled: null}
""",
    "servicex": """\
gridAccount: atlasaf
app: {adminEmail: other@example.org, replicas: 3}
didFinder: {xrootd: {enabled: false}}
x509Secrets: {vomsOrg: null}
""",
    "reana": """\
reana_hostname: reana.example.org
compute_backends: [kubernetes, slurmcern]
ingress: {enabled: true, annotations: {ours.example.org/a: b}, tls: {self_signed_cert: null}}
""",
}
# What nobody ever meant; only charts with a schema can tell.
SLIPS = {
    "jupyterhub": "hub: {resorces: {requests: {cpu: 2}}}\n",
    "dask-gateway": "gateway: {replica: 2}\n",
    "vcluster": "sync: {toHosts: {ingresses: {enabled: true}}}\n",
}
KUSTOMIZATION = """\
apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
resources: [{up}/build/{folder}]
patches:
  - target: {{kind: {kind}, name: {name}}}
    patch: |
      - {{op: add, path: /metadata/labels/team, value: af}}
"""


def compile_to(output: Path, *specs: Path) -> None:
    program = str(Path(sys.executable).parent / "afspec")
    done = subprocess.run(
        [program, "compile", *map(str, specs), "-o", str(output)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


@pytest.fixture(scope="module")
def build(tmp_path_factory: pytest.TempPathFactory) -> Path:
    output = tmp_path_factory.mktemp("site") / "build"
    compile_to(output, *(SPECS / "sites" / f"{site}.yaml" for site in SITES))
    return output


def values_of(build: Path) -> Iterator[tuple[str, str, Path]]:
    """The compiled values whose chart's defaults are here: chart, version, file."""
    upstream("z2jh")
    for path in sorted(build.rglob("*.yaml")):
        if "# chart: " in path.read_text():
            name, version = head(path.read_text())
            if Charts(UPSTREAM).chart(name, version):
                yield name, version, path


def leaves(data: Any, at: tuple[str, ...] = ()) -> dict[tuple[str, ...], Any]:
    """Every value that is no map, by the keys that lead to it; so is an empty map."""
    if not isinstance(data, dict) or not data:
        return {at: data}
    return {where: value for key, item in data.items() for where, value in leaves(item, (*at, key)).items()}


def within(path: tuple[str, ...], other: tuple[str, ...]) -> bool:
    """Whether one leads to the other."""
    return path[: len(other)] == other or other[: len(path)] == path


def laid(chart: Path, ours: Path, overlay: Path) -> None:
    """Let Helm lay an overlay over compiled values: its values count, and all others are as they were."""
    before, after = leaves(rendered(chart, ours)), leaves(rendered(chart, ours, overlay))
    said = leaves(yaml.safe_load(overlay.read_text()))
    for where, value in said.items():
        assert where not in after if value is None else after[where] == value, where
        assert where in before if value is None else before.get(where) != value, f"{where} changes nothing"
    changed = {where for where in {*before, *after} if before.get(where) != after.get(where)}
    assert all(any(within(where, one) for one in said) for where in changed), changed


@pytest.mark.parametrize("site", SITES)
def test_helm_lays_an_overlay_over_every_compiled_values_file(build: Path, tmp_path: Path, site: str) -> None:
    seen = set()
    for number, (name, version, ours) in enumerate(values_of(build / site)):
        seen.add(name)
        chart = made_up(tmp_path / str(number), name, version)
        compiled, alone = leaves(yaml.safe_load(ours.read_text())), leaves(rendered(chart, ours))
        for where, value in compiled.items():
            # An empty map adds nothing to the chart's own.
            assert value == {} or alone.get(where) == value, (ours, where)
        overlay = tmp_path / f"{name}.yaml"
        overlay.write_text(OVERLAYS[name])
        laid(chart, ours, overlay)
    charts = {"bnl": {"servicex", "reana"}, "slac": {"vcluster"}}
    assert seen == charts.get(site, {"jupyterhub", "dask-gateway", "nvidia-device-plugin", "servicex"})


def test_null_takes_away_a_key_of_the_charts_and_no_other(build: Path, tmp_path: Path) -> None:
    """As docs/manifests.md warns: what only the compiled file has stays as null, and the schema sees that."""
    upstream("z2jh")
    ours = build / "uchicago/jupyterhub-k8s/jupyterhub/values.yaml"
    chart = made_up(tmp_path / "chart", *head(ours.read_text()))
    overlay = tmp_path / "overlay.yaml"
    overlay.write_text("ingress: {annotations: {cert-manager.io/cluster-issuer: null}}\n")
    with pytest.raises(AssertionError, match="got null, want string"):
        rendered(chart, ours, overlay)


def test_helm_refuses_a_slip_in_an_overlay(build: Path, tmp_path: Path) -> None:
    """Where the chart has a schema, which sees what both files come to."""
    seen = set()
    for number, (name, version, ours) in enumerate(values_of(build)):
        if name not in SLIPS:
            continue
        seen.add(name)
        chart = made_up(tmp_path / str(number), name, version)
        overlay = tmp_path / "overlay.yaml"
        overlay.write_text(SLIPS[name])
        with pytest.raises(AssertionError, match="additional propert"):
            rendered(chart, ours, overlay)
    assert seen == set(SLIPS)


def overlaid(build: Path, kustomization: Path) -> tuple[Path, Object]:
    """An overlay for a compiled folder, as docs/manifests.md shows it, and the object that it changes."""
    folder = kustomization.parent.relative_to(build)
    picked = kubectl_kustomize(kustomization.parent)[0]
    overlay = build.parent / "overlays" / folder / "kustomization.yaml"
    overlay.parent.mkdir(parents=True)
    up = "/".join([".."] * (len(folder.parts) + 1))
    overlay.write_text(KUSTOMIZATION.format(up=up, folder=folder, kind=picked["kind"], name=picked["metadata"]["name"]))
    return overlay, picked


def differs_in(compiled: Path, overlay: Path, picked: Object) -> None:
    """The overlay's objects are the compiled folder's, but for the label of one."""
    ours = {identity(item): item for item in kubectl_kustomize(compiled)}
    theirs = {identity(item): item for item in kubectl_kustomize(overlay)}
    changed = theirs[identity(picked)]
    assert changed["metadata"]["labels"].pop("team") == "af"
    assert theirs == ours


def test_kubectl_lays_an_overlay_over_every_compiled_kustomization(build: Path) -> None:
    found = sorted(build.rglob("kustomization.yaml"))
    assert {path.relative_to(build).parts[0] for path in found} == set(SITES)
    for path in found:
        overlay, picked = overlaid(build, path)
        differs_in(path.parent, overlay.parent, picked)


def test_overlays_outlive_a_changed_spec(tmp_path: Path) -> None:
    """Compiled anew, the folder is another one; the overlays' files are the same, and still do what they did."""
    specs, build = tmp_path / "specs", tmp_path / "build"
    shutil.copytree(SPECS, specs)
    spec = specs / "sites/uchicago.yaml"
    compile_to(build, spec)
    kustomizations = {path: overlaid(build, path) for path in sorted(build.rglob("kustomization.yaml"))}
    values = list(values_of(build))
    helm = {}
    for number, (name, version, ours) in enumerate(values):
        helm[ours] = tmp_path / "overlays/uchicago" / f"{number}.yaml"
        helm[ours].write_text(OVERLAYS[name])
        made_up(tmp_path / str(number), name, version)
    kept = {path: (path.read_bytes(), path.stat()) for path in (tmp_path / "overlays").rglob("*.yaml")}
    before = {path: path.read_text() for path in [*kustomizations, *helm]}

    text = spec.read_text()
    for old, new in (
        ("title: University of Chicago", "title: The University of Chicago"),
        ("  kind: kubernetes\n", "  kind: kubernetes\n  quota: {pods: 100}\n"),
        ("issuer: letsencrypt-prod", "issuer: ours"),
    ):
        assert old in text
        text = text.replace(old, new, 1)
    spec.write_text(text)
    compile_to(build, spec)

    assert all(path.read_text() != text for path, text in before.items())
    for path, (content, stat) in kept.items():
        assert (path.read_bytes(), path.stat().st_mtime_ns, path.stat().st_ino) == (
            content,
            stat.st_mtime_ns,
            stat.st_ino,
        )
    for path, (overlay, picked) in kustomizations.items():
        differs_in(path.parent, overlay.parent, picked)
    cluster = kubectl_kustomize(tmp_path / "overlays/uchicago/kubernetes")
    assert any(item["kind"] == "ResourceQuota" for item in cluster)
    for number, (_, _, ours) in enumerate(values):
        laid(tmp_path / str(number), ours, helm[ours])

"""Manifests as the real Helm and kubectl read them: kustomizations are built, values merged, charts rendered."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from cluster_files import FILES, KUSTOMIZATION, VALUES, changed, charts
from helm_charts import SHOW, bare, made_up, real_tools, rendered
from upstream import upstream
from verify_support import ask, compiled

from afspec.verify import State
from afspec.verify.cluster.coalesce import coalesced
from afspec.verify.cluster.reading import documents

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["real_tools"]

SITES = ("sites/bnl.yaml", "sites/uchicago.yaml", "sites/slac.yaml")
OVERLAY = """\
hub: {concurrentSpawnLimit: 7, config: {JupyterHub: {authenticator_class: null}}}
singleuser: {memory: {guarantee: 2G}, image: {tag: "1e3"}, extraLabels: {a: "y"}}
scheduling: {userScheduler: {enabled: false, replicas: null}}
"""


def test_helm_merges_values_and_an_overlay_as_we_do(tmp_path: Path) -> None:
    upstream("z2jh")
    chart = made_up(tmp_path / "chart", "jupyterhub", "4.4.0")
    ours, overlay = tmp_path / "values.yaml", tmp_path / "overlay.yaml"
    ours.write_text("hub: {db: {type: sqlite-memory, pvc: null}}\nsingleuser: {memory: {limit: 4G}}\n")
    overlay.write_text(OVERLAY)
    defaults, values, over = (
        documents(str(path), path.read_text())[0].data for path in (chart / "values.yaml", ours, overlay)
    )
    expected = coalesced(coalesced(defaults, values), over)
    assert rendered(chart, ours, overlay) | {"global": {}} == expected | {"global": {}}


def test_helm_and_we_agree_on_null(tmp_path: Path) -> None:
    """It takes away what the chart has; what the chart has not, or has as null, becomes null."""
    chart = bare(tmp_path / "chart", "x")
    (chart / "values.yaml").write_text("a: {b: 1, c: null, d: {e: 1}, f: {}}\ng: 1\n")
    ours = tmp_path / "ours.yaml"
    ours.write_text("a: {b: null, c: null, d: null, f: {h: null}, i: null}\nj: {k: null}\nl: null\n")
    expected = {"a": {"c": None, "f": {"h": None}, "i": None}, "g": 1, "j": {"k": None}, "l": None}
    assert rendered(chart, ours) == expected
    defaults, values = (documents(str(path), path.read_text())[0].data for path in (chart / "values.yaml", ours))
    assert coalesced(defaults, values) == expected


@pytest.mark.parametrize(("name", "version"), [("jupyterhub", "4.4.0"), ("vcluster", "0.36.1"), ("dask-gateway", "")])
def test_helm_and_we_agree_on_what_a_schema_refuses(tmp_path: Path, name: str, version: str) -> None:
    upstream("z2jh")
    made_up(tmp_path / name, name, version)
    for text, fine in (("{}", True), ("noSuchKeyAnywhere: 1", False)):
        files = {VALUES: f"# chart: {name} 1.0.0\n{text}\n"}
        assert (ask("charts", files, tmp_path).findings == ()) is fine
        assert (ask("helm", files, tmp_path).findings == ()) is fine


@pytest.mark.parametrize("spec", SITES)
def test_every_compiled_kustomization_is_built(spec: str) -> None:
    files = compiled(spec)
    verdict = ask("kustomize", files)
    assert verdict.state is State.FINE
    assert set(verdict.files) == {path for path in files if path.endswith("kustomization.yaml")}


def test_kustomization_that_kubectl_does_not_build() -> None:
    assert ask("kustomize", FILES).state is State.FINE
    for old, new, said in (("- base.yaml", "- bases.yaml", "bases.yaml"), ("resources:", "resource:", "unknown field")):
        (found,) = ask("kustomize", changed(KUSTOMIZATION, old, new)).findings
        assert found.path == KUSTOMIZATION
        assert said in found.message


def test_chart_that_helm_does_not_render(tmp_path: Path) -> None:
    folder = charts(tmp_path)
    assert ask("helm", FILES, folder).state is State.FINE
    (found,) = ask("helm", changed(VALUES, "port: 8081", "port: 9999"), folder).findings
    assert "port 9999 is taken" in found.message
    (found,) = ask("helm", changed(VALUES, "port: 8081", "porte: 1"), folder).findings
    assert "porte" in found.message


def test_chart_that_lacks_what_it_depends_on_is_said(tmp_path: Path) -> None:
    folder = charts(tmp_path)
    about = folder / "toyhub/Chart.yaml"
    about.write_text(about.read_text() + "dependencies:\n- {name: other, version: 1.0.0, repository: ''}\n")
    verdict = ask("helm", FILES, folder, whole=False)
    assert (verdict.state, verdict.findings) == (State.UNCHECKED, ())
    assert "needs the charts that it depends on" in verdict.reason
    bare = ask("helm", FILES, whole=False)
    assert bare.reason == "toyhub 1.2.0: needs --charts DIR"


def test_helm_reads_yaml_as_we_do(tmp_path: Path) -> None:
    """Every kind of plain scalar that tools read in different ways."""
    scalars = (
        "y Y yes on off True ~ null 1e3 12e5 1E3 0o17 017 08 09.5 0x1F 0b11 1_000 12:30:45 2026-01-01 .5 1. +1 1e e3"
    )
    chart = tmp_path / "chart"
    (chart / "templates").mkdir(parents=True)
    (chart / "templates/values.yaml").write_text(SHOW)
    (chart / "Chart.yaml").write_text("apiVersion: v2\nname: x\nversion: 1.0.0\n")
    text = f"a: [{', '.join(scalars.split())}]\n"
    (chart / "values.yaml").write_text(text)
    assert rendered(chart)["a"] == documents("a.yaml", text)[0].data["a"]

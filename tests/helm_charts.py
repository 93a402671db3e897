"""The real Helm over made-up charts: defaults and schema of a real one, and a template that prints what came out."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from kubernetes_tools import tools
from upstream import UPSTREAM

from afspec.verify.cluster.charts import Charts

if TYPE_CHECKING:
    from pathlib import Path

# A chart that says nothing but what its values came to.
SHOW = "values: {{ toJson .Values }}\n"


@pytest.fixture(autouse=True)
def real_tools(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", f"{tools()}:{os.environ['PATH']}")
    # Neither program reads or keeps anything of the user's.
    for name in ("HELM_CACHE_HOME", "HELM_CONFIG_HOME", "HELM_DATA_HOME"):
        monkeypatch.setenv(name, str(tmp_path / "helm"))
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "none"))


def rendered(chart: Path, *values: Path) -> Any:
    """What Helm makes of a chart's values and files of values, later ones over earlier ones."""
    files = [option for path in values for option in ("--values", str(path))]
    done = subprocess.run(["helm", "template", "x", str(chart), *files], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return yaml.safe_load(done.stdout)["values"]


def bare(folder: Path, name: str, version: str = "1.0.0") -> Path:
    """A chart of that name that has no values of its own."""
    (folder / "templates").mkdir(parents=True)
    (folder / "templates/values.yaml").write_text(SHOW)
    (folder / "Chart.yaml").write_text(f"apiVersion: v2\nname: {name}\nversion: {version}\n")
    return folder


def made_up(folder: Path, name: str, version: str) -> Path:
    """A chart with a real one's default values and schema, and a template that prints them."""
    real = Charts(UPSTREAM).chart(name, version)
    assert real
    bare(folder, name)
    shutil.copy(real.values, folder / "values.yaml")
    schema = real.schema_data()
    if schema:
        (folder / "values.schema.json").write_text(json.dumps(schema))
    return folder


def head(text: str) -> tuple[str, str]:
    """The chart and version that a file of values says it is for."""
    (line,) = [line for line in text.splitlines() if line.startswith("# chart: ")]
    _, _, name, version = line.split()
    return name, version

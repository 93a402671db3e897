"""The files of an app: when it is written, its form and its manifest."""

from __future__ import annotations

import json
import subprocess
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from afspec.generators.ood import Ood
from ood_site import HOSTILE, SPEC, form, rendered, site
from support import facility

from afspec.generators import Format, quoting

if TYPE_CHECKING:
    from pathlib import Path

    from afspec.facility import Facility


def test_a_whole_app_is_written() -> None:
    files = rendered(site())
    names = ["manifest.yml", "form.yml.erb", "submit.yml.erb", "view.html.erb"]
    names += [f"template/{name}.sh.erb" for name in ("before", "script", "after")]
    assert set(files) == {"ood/clusters.d/slurm.yml", *(f"ood/af-jupyter/{name}" for name in names)}
    assert all(file.format is Format.ERB for path, file in files.items() if path.endswith(".erb"))
    assert [path for path, file in files.items() if file.executable] == ["ood/af-jupyter/template/script.sh.erb"]
    manifest = yaml.safe_load(files["ood/af-jupyter/manifest.yml"].text)
    assert manifest["role"] == "batch_connect"
    assert manifest["name"] == "Jupyter on the farm"
    assert "help@example.org" in manifest["description"]


def test_the_form_offers_what_the_site_does() -> None:
    found = form(site())
    assert found["cluster"] == "slurm"
    assert set(found["form"]) == set(found["attributes"])
    fields = found["attributes"]
    offered = {name: [option[1] for option in field["options"]] for name, field in fields.items() if "options" in field}
    assert offered == {
        "image": ["site", "image-base", "commands"],
        "partition": ["ampere", "roma", "milano"],
        "account": ["atlas:usatlas", "atlas:other"],
        "qos": ["", "normal", "preemptable"],
        "gpu": ["", "a100"],
    }
    assert fields["partition"]["value"] == "roma"
    assert {name: (fields[name]["value"], fields[name]["max"]) for name in ("hours", "cores", "memory", "gpus")} == {
        "hours": (4, 48),
        "cores": (1, 120),
        "memory": (4, 952),
        "gpus": (1, 4),
    }


def test_the_form_is_less_where_the_site_offers_less() -> None:
    poor = site(
        "/nowhere",
        ("accounts: [atlas:usatlas, atlas:other]", ""),
        ("    qos: [normal, preemptable]\n", ""),
        (", gpus: [{name: a100, count: 4}]", ""),
        ("qos: [preemptable], ", ""),
        ("paste_in: true", "limits: {memory: 8 GiB, cpu: 2, duration: 2 h}"),
        ("    ondemand: {app: af-jupyter, setup: /nowhere/site}\n", "    ondemand: {cluster: farm}\n"),
    )
    found = form(poor)
    assert found["cluster"] == "farm"
    assert found["form"] == ["image", "partition", "hours", "cores", "memory"]
    assert [found["attributes"][name]["max"] for name in ("hours", "cores", "memory")] == [2, 2, 8]
    assert found["attributes"]["hours"]["value"] == 2


def test_text_of_the_spec_is_text_in_a_template(ruby: str, tmp_path: Path) -> None:
    """Ruby reads back what was written as its literal, and a shell what was written outside of the tags."""
    texts = [*HOSTILE, "a %> b", "<% raise %>", "\\", '\\"', "#{1}", "%w[x]", "<%% x", "'"]
    value = {"list": texts, "none": None, "flag": True, "number": 7}
    template = f"<%- require 'json' -%>\nprintf '%s\\n' <%= {quoting.ruby(value)}.to_json.shellescape %>"
    template += "".join(f" {quoting.erb(text)}" for text in texts)
    script = "puts ERB.new($stdin.read, trim_mode: '-').result"
    options: dict[str, Any] = {"text": True, "timeout": 30, "cwd": tmp_path, "stdout": subprocess.PIPE}
    command = [ruby, "-rerb", "-rshellwords", "-e", script]
    made = subprocess.run(command, input=template, check=True, **options).stdout
    printed = subprocess.run(["bash", "-c", made], check=True, **options).stdout.splitlines()
    lines = [quoting.one_line(text) for text in texts]
    assert json.loads(printed[0]) == {**value, "list": lines}
    assert printed[1:] == lines
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "change",
    [
        ("title: Jupyter on the farm\n    stance: promised", "title: Jupyter on the farm"),
        ("kind: open_ondemand", "kind: hub_vm"),
        ("scheduler: slurm\n    stance: promised", "scheduler: slurm\n    stance: planned"),
        ("pool: slurm", "pool: other"),
    ],
)
def test_it_applies_where_open_ondemand_is_offered_on_a_slurm(change: tuple[str, str]) -> None:
    assert Ood().applies(site())
    assert not Ood().applies(site("/nowhere", change))


def test_it_needs_something_to_run() -> None:
    nothing = [
        ("paste_in: true", "paste_in: false"),
        (", setup: /nowhere/site", ""),
        ("images:\n  stance: promised", "images:"),
    ]
    assert not Ood().applies(site("/nowhere", *nothing))


def test_same_bytes_every_time() -> None:
    assert rendered(site()) == rendered(site())


def test_the_browser_knows_what_each_partition_has() -> None:
    fields = form(site())["attributes"]
    bounds = {name: bound for _, name, bound in fields["partition"]["options"]}
    assert bounds == {
        "ampere": {"data-max-cores": 112, "data-max-memory": 952, "data-max-hours": 48, "data-max-gpus": 4},
        "roma": {"data-max-cores": 120, "data-max-memory": 480, "data-max-hours": 12},
        "milano": {"data-max-cores": 120, "data-max-memory": 480, "data-max-hours": 48},
    }
    hidden = next(option[2] for option in fields["gpu"]["options"] if option[1] == "a100")
    assert hidden == {"data-option-for-partition-roma": False, "data-option-for-partition-milano": False}


ACCESS = """
access:
  ssh:
    stance: promised
    hosts: [{name: dtn, host: dtn.example.org, role: transfer}, {name: sub, host: "sub[01-03].example.org"}]
"""


def cluster(found: Facility, name: str = "slurm") -> Any:
    return yaml.safe_load(rendered(found)[f"ood/clusters.d/{name}.yml"].text)["v2"]


def test_the_cluster_is_defined_for_the_dashboard() -> None:
    plain = cluster(site())
    assert plain == {"metadata": {"title": "toy slurm"}, "job": {"adapter": "slurm"}}
    places = (
        "setup: /nowhere/site",
        "setup: /nowhere/site, cluster: farm, bin: /opt/slurm/bin, conf: /etc/slurm/s.conf",
    )
    full = site(
        "/nowhere", places, ("contact: help@example.org", "docs: https://example.org/docs\nlabel: TOY" + ACCESS)
    )
    assert form(full)["cluster"] == "farm"
    assert cluster(full, "farm") == {
        "metadata": {"title": "TOY slurm", "url": "https://example.org/docs"},
        "login": {"host": "sub01.example.org"},
        "job": {"adapter": "slurm", "bin": "/opt/slurm/bin", "conf": "/etc/slurm/s.conf"},
    }


def test_apps_of_one_cluster_define_it_once() -> None:
    second = (
        "  - {name: two, kind: open_ondemand, stance: promised, pool: slurm, paste_in: true, ondemand: {app: two}}\n"
    )
    both = facility(SPEC.replace("ROOT", "/nowhere") + second)
    paths = [artifact.path for artifact in Ood().render(both)]
    assert paths.count("ood/clusters.d/slurm.yml") == 1
    assert len(paths) == len(set(paths))

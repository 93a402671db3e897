"""The lines of the pages on clusters, given to the real Helm and kubectl: options, charts, values, overlays.

Nothing is asked of a cluster: `helm upgrade --install` is run as `helm template`, which takes the same options.
"""

from __future__ import annotations

import re
import subprocess
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

import pytest
import yaml
from helm_charts import bare, head, made_up, real_tools, rendered
from kustomize import identity, parse
from pages import name
from shown_commands import PAGES, Overlay, Shown, bindings, built, filled, overlays, shown
from upstream import UPSTREAM, upstream

from afspec.verify.cluster.charts import Charts

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["real_tools"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that has build/, as the pages want it."""
    where = tmp_path_factory.mktemp("operator")
    for path, text in built().items():
        (where / path).parent.mkdir(parents=True, exist_ok=True)
        (where / path).write_text(text)
    return where


def run(folder: Path, *words: str) -> str:
    done = subprocess.run(words, cwd=folder, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, (words, done.stderr)
    return done.stdout


def chart(folder: Path, values: str, where: str) -> Path:
    """A chart that values are for, with the real one's defaults where they are here."""
    known = head(built()[values])
    if not Charts(UPSTREAM).chart(*known):
        return bare(folder / where, *known)
    return made_up(folder / where, *known)


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_the_programs_know_the_options(folder: Path, page: Path) -> None:
    """`--help` at the end of a line reads it, options and all, and does nothing."""
    for command in shown(page):
        # oc has kubectl's commands and options, and some of its own, which are not looked at.
        program = "kubectl" if command.words[0] == "oc" else command.words[0]
        rest = [word for word in command.words[1:] if word != "adm"] if "adm" not in command.words else ["version"]
        # A mention in a sentence may leave an option's value out.
        ends = ["x"] if not command.line and rest[-1] in {"-k", "-f"} else []
        assert "Usage:" in run(folder, program, *rest, *ends, "--help"), command.words


@pytest.mark.parametrize("wrong", ["kubectl apply --server-sid -k x", "helm upgrade --instal x y", "kubectl aply -k x"])
def test_an_option_that_is_not_there_would_be_seen(tmp_path: Path, wrong: str) -> None:
    with pytest.raises(AssertionError):
        run(tmp_path, *wrong.split(), "--help")


def releases() -> list[tuple[Path, Shown]]:
    return [(page, item) for page in PAGES for item in shown(page) if item.verb == "upgrade" and item.line]


def named(item: tuple[Path, Shown]) -> str:
    return f"{name(item[0])}-{item[1].words[3]}"


@pytest.mark.parametrize("item", releases(), ids=named)
def test_each_release_is_rendered(folder: Path, tmp_path: Path, item: tuple[Path, Shown]) -> None:
    """For every site that has the files, with the page's own overlay, else an empty one."""
    upstream("z2jh")
    page, command = item
    assert command.words[:3] == ("helm", "upgrade", "--install")
    ours = [path for path in command.given("-f", "--values") if path.startswith("build/")]
    seen = 0
    for names in bindings(ours[0]):
        seen += 1
        words = [filled(word, names) for word in command.words]
        values = filled(ours[0], names)
        made = {filled(one.path, names): one for one in overlays(page)}
        for path in command.given("-f", "--values"):
            own = folder / filled(path, names)
            if not path.startswith("build/"):
                own.parent.mkdir(parents=True, exist_ok=True)
                own.write_text(made[filled(path, names)].text if filled(path, names) in made else "")
        for path in command.given("--set-file"):
            (folder / path.split("=")[1]).parent.mkdir(exist_ok=True)
            (folder / path.split("=")[1]).write_text("x")
        made_of = chart(tmp_path, values, f"{seen}")
        # A chart that lies in a folder has no version to choose.
        rest = " ".join(words[5:]).replace(f"--version {command.given('--version')[0]}", "").split()
        found = yaml.safe_load(run(folder, "helm", "template", words[3], str(made_of), *rest))["values"]
        # What every file has at its top is there; an overlay's word is the last.
        for path in (filled(one, names) for one in command.given("-f", "--values")):
            assert set(yaml.safe_load((folder / path).read_text()) or {}) <= set(found)
        for path, one in made.items():
            if path in words and not path.endswith("kustomization.yaml"):
                assert found != rendered(made_of, folder / values), f"{path} changes nothing"
                assert one.data.keys() <= found.keys()
    assert seen


def patched() -> list[tuple[Path, Overlay]]:
    return [(page, one) for page in PAGES for one in overlays(page) if one.path.endswith("kustomization.yaml")]


@pytest.mark.parametrize("item", patched(), ids=lambda item: f"{name(item[0])}-{PurePosixPath(item[1].path).parent}")
def test_each_kustomization_is_built_and_each_patch_changes_something(folder: Path, item: tuple[Path, Overlay]) -> None:
    """For one site at least, as its page says it is built."""
    page, overlay = item
    (said,) = {
        command.words[1:-1]
        for command in shown(page)
        if command.line and command.words[-1] == str(PurePosixPath(overlay.path).parent)
    }
    options = [word for word in said if word.startswith(("--load", "LoadR"))]
    for names in bindings(re.sub(r"^(\.\./)+", "", overlay.data["resources"][0])):
        own = folder / filled(overlay.path, names)
        data = yaml.safe_load(filled(overlay.text, names))
        own.parent.mkdir(parents=True, exist_ok=True)
        for number in range(len(data["patches"])):
            fewer = [patch for at, patch in enumerate(data["patches"]) if at != number]
            own.write_text(yaml.safe_dump(data | {"patches": fewer}))
            without = {identity(one): one for one in parse(run(own.parent, "kubectl", "kustomize", *options, "."))}
            own.write_text(filled(overlay.text, names))
            found = {identity(one): one for one in parse(run(own.parent, "kubectl", "kustomize", *options, "."))}
            assert found != without, data["patches"][number]


def test_rules_of_all_generators_come_together(folder: Path, tmp_path: Path) -> None:
    """As docs/manifests.md installs the adapter of Prometheus: the second file takes nothing of the first."""
    one, other = (
        folder / f"build/uchicago/{part}/prometheus-adapter.yaml"
        for part in ("triton/kubernetes", "htcondor-autoscale")
    )
    found = rendered(bare(tmp_path / "adapter", "prometheus-adapter"), one, other)
    assert found["rules"] == {**yaml.safe_load(one.read_text())["rules"], **yaml.safe_load(other.read_text())["rules"]}
    assert len(found["rules"]) > 1

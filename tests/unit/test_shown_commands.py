"""Every line of Helm, kubectl and oc that the pages show is real: its files are compiled, its names are theirs."""

from __future__ import annotations

import re
import textwrap
from fnmatch import fnmatch
from pathlib import Path, PurePosixPath
from typing import Any

import pytest
import shown_commands
from kustomize import parse
from pages import ROOT, blocks, name
from shown_commands import (
    MANIFESTS,
    PAGES,
    README,
    SITES,
    Shown,
    bindings,
    built,
    filled,
    lines,
    paths,
    pattern,
    shown,
)

from afspec.generators.cluster import components
from afspec.twins import find

# What the spec says of the components whose files are in a folder of build/SITE/.
POINTERS = {
    "kubernetes": "/*",
    "okd": "/*",
    "portal": "/jupyter/*",
    "jupyterhub-k8s": "/jupyter/*",
    "dask-gateway": "/dask/gateway",
    "dask-operator": "/dask/operator",
    "coffea-casa": "/services/coffea_casa",
    "servicex": "/services/servicex/*",
    "reana": "/services/reana",
    "triton": "/services/triton",
    "htcondor-autoscale": "/batch/*",
    "gpu": "/gpus",
    "vcluster": "/orchestration",
}
# A cluster's own parts, which the site installs where it likes.
OF_THE_SITE = {"prometheus-adapter": "monitoring"}
FILES = ("-f", "--filename", "--values", "-k", "--kustomize")


def namespaces(folder: str, site: str) -> set[str]:
    """The namespaces of the components that have that folder."""
    found = components(find(f"sites/{site}.yaml").facility)
    return {item.namespace for item in found if fnmatch(item.pointer, POINTERS[folder])}


def chart_of(text: str) -> tuple[str, str] | None:
    """The chart that a file of values is for."""
    found = re.search(r"^# chart: (\S+) (\S+)$", text, re.MULTILINE)
    return (found[1], found[2]) if found else None


def deployed(text: str) -> bool:
    """Whether a file holds objects, or values for a chart."""
    if chart_of(text):
        return True
    found: list[Any] = parse(text)
    return any(isinstance(item, dict) and {"apiVersion", "kind"} <= set(item) and item["kind"] != "Kustomization"
               for item in found)  # fmt: skip


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_what_is_named_of_build_is_compiled(page: Path) -> None:
    named = {path for line in lines(page) for path in paths(line)}
    # Where pages of reports go, which no spec makes.
    named -= {"build/pages"}
    named |= {path for found in re.findall(r"`([^`\n]*)`", page.read_text()) for path in paths(found)}
    assert named or page != MANIFESTS
    for path in named:
        assert bindings(path), f"{path} is compiled for none of {', '.join(SITES)}"


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_files_are_compiled_or_the_operators_own(page: Path) -> None:
    for command in shown(page):
        if command.verb not in {"apply", "diff", "upgrade"} or not command.line:
            continue
        given = command.given(*FILES)
        assert given, command.line
        for path in given:
            assert path.startswith(("build/", "overlays/")) or path == "-", command.line
            found = [filled(path, names) for names in bindings(path)]
            assert found or not path.startswith("build/"), command.line
            if path in command.given("-k", "--kustomize"):
                assert any(f"{one}/kustomization.yaml" in built() for one in found) or not path.startswith("build/"), (
                    command.line
                )
            else:
                assert all(one in built() for one in found), command.line
        # Who comes last wins.
        assert given == sorted(given, key=lambda path: path.startswith("overlays/")), command.line


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_charts_are_those_that_the_values_are_made_for(page: Path) -> None:
    for command in shown(page):
        if command.verb != "upgrade" or not command.line:
            continue
        release, reference = command.words[3:5]
        for path in command.given(*FILES):
            for names in bindings(path):
                text = built()[filled(path, names)]
                assert chart_of(text) == (PurePosixPath(reference).name, *command.given("--version")), command.line
                said = re.search(r"Helm release (\S+), namespace (\S+)", text.split("\n")[0])
                if said:
                    assert said.groups() == (release, *command.given("-n", "--namespace")), command.line


def allowed(page: Path, command: Shown) -> set[str]:
    """The namespaces that a command may name: those of what it deploys, else those of the page's folder."""
    found = set()
    for path in command.given(*FILES):
        for names in bindings(path):
            _, site, folder = filled(path, names).split("/")[:3]
            chart = chart_of(built().get(filled(path, names), ""))
            found |= {OF_THE_SITE[chart[0]]} if chart and chart[0] in OF_THE_SITE else namespaces(folder, site)
    if found:
        return found
    folder = "*" if page in {README, MANIFESTS} else page.parent.name.replace("_", "-")
    return {one for site in SITES for key in POINTERS if fnmatch(key, folder) for one in namespaces(key, site)}


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_namespaces_are_the_components(page: Path) -> None:
    for command in shown(page):
        for namespace in command.given("-n", "--namespace"):
            fits = [one for one in allowed(page, command) if pattern(namespace).fullmatch(one)]
            assert fits, f"{namespace}: {' '.join(command.words)}"


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_the_namespaces_folder_is_applied_by_the_server(page: Path) -> None:
    """A client that makes the account `default` of a new namespace comes too late: the cluster has made it."""
    for command in shown(page):
        if command.verb == "apply" and any(re.search(r"build/\w+/kubernetes", path) for path in command.given(*FILES)):
            assert "--server-side" in command.words, command.line


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_secrets_that_are_made_are_those_required(page: Path) -> None:
    required = {
        (item.get("namespace"), item["name"]): set(item.get("holds", []))
        for path, text in built().items()
        if path.endswith("requires.yaml")
        for item in parse(text)[0]["requires"]
        if item["kind"] == "Secret"
    }
    for command in shown(page):
        if "secret" not in command.words or command.verb != "create":
            continue
        (namespace,) = command.given("-n", "--namespace")
        made = command.words[command.words.index("generic") + 1]
        keys = {key.split("=")[0] for key in command.given("--from-file")} - {"..."}
        fits = [
            holds for (where, what), holds in required.items() if what == made and pattern(namespace).fullmatch(where)
        ]
        assert any(keys == holds or not keys for holds in fits), command.line


@pytest.mark.parametrize("folder", POINTERS)
def test_each_thing_that_is_made_has_a_line(folder: str) -> None:
    """In the README of its generator; in the table of the page on clusters a row, and in README.md a line."""
    page = ROOT / "generators" / folder.replace("-", "_") / "README.md"
    commands = [command for command in shown(page) if command.verb in {"apply", "upgrade"} and command.line]
    covered = {filled(path, names) for command in commands for path in paths(command.line) for names in bindings(path)}
    # Pages that name one site mean all.
    covered = {"/".join(path.split("/")[2:]) for path in covered}
    covered |= {
        f"{path}/{one}"
        for path in covered
        for site in SITES
        if (text := built().get(f"build/{site}/{path}/kustomization.yaml"))
        for one in parse(text)[0]["resources"]
    }
    made = {"/".join(path.split("/")[2:]) for path, text in built().items() if path.split("/")[2] == folder
            and path.endswith(".yaml") and deployed(text)}  # fmt: skip
    assert made
    assert made - covered == set()
    assert f"../generators/{page.parent.name}/README.md" in MANIFESTS.read_text()
    assert any(path.split("/")[2] == folder for command in shown(README) for path in paths(command.line))


def test_every_generator_for_clusters_is_looked_at() -> None:
    for site in SITES:
        for path, text in built().items():
            if path.startswith(f"build/{site}/") and path.endswith(".yaml") and deployed(text):
                assert path.split("/")[2] in POINTERS, path


@pytest.mark.parametrize(
    ("old", "new", "check"),
    [
        ("build/SITE/reana/values.yaml", "build/SITE/reana/value.yaml", test_what_is_named_of_build_is_compiled),
        ("-f build/SITE/reana/values.yaml", "-f reana/values.yaml", test_files_are_compiled_or_the_operators_own),
        ("0.95.0-alpha.5 --namespace", "0.9.4 --namespace", test_charts_are_those_that_the_values_are_made_for),
        ("reanahub/reana", "reanahub/reanas", test_charts_are_those_that_the_values_are_made_for),
        ("--install reana", "--install rena", test_charts_are_those_that_the_values_are_made_for),
        ("--namespace reana", "--namespace rena", test_namespaces_are_the_components),
    ],
)
def test_a_wrong_line_would_be_seen(tmp_path: Path, old: str, new: str, check: Any) -> None:
    page = tmp_path / "reana/README.md"
    page.parent.mkdir()
    text = (ROOT / "generators/reana/README.md").read_text()
    assert old in text
    page.write_text(text)
    check(page)
    page.write_text(text.replace(old, new))
    with pytest.raises(AssertionError):
        check(page)


def test_lines_are_read_as_a_shell_reads_them(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(
        "Run `kubectl get pods`:\n\n"
        "    a x | oc -n b apply \\\n      -f - && helm list # all\n\n"
        "```\nc -- kubectl d\n```\n"
    )
    assert [(item.words, item.verb) for item in shown(page)] == [
        (("oc", "-n", "b", "apply", "-f", "-"), "apply"),
        (("helm", "list"), "list"),
        (("kubectl", "d"), "d"),
        (("kubectl", "get", "pods"), "get"),
    ]
    assert pattern("vcluster-NAME/NAME").fullmatch("vcluster-a/a")
    assert not pattern("vcluster-NAME/NAME").fullmatch("vcluster-a/b")
    assert filled("build/SITE/HUB", {"SITE": "bnl"}) == "build/bnl/some"
    assert shown_commands.paths("a ../../build/x/y.yaml, rebuild/z") == ["build/x/y.yaml"]


def test_the_example_of_a_generator_for_a_cluster_makes_its_files() -> None:
    page = (ROOT / "docs/extending.md").read_text()
    code = "\n".join(
        line for is_code, line in blocks(page[page.index("### For a cluster") : page.index("## A rule")]) if is_code
    )
    names: dict[str, Any] = {}
    source = "from __future__ import annotations\n" + textwrap.dedent(code).replace(
        'facility, "motd"', 'facility, "triton"'
    )
    imported = "from afspec.generators import *\nfrom afspec.generators.cluster import *"
    exec(imported, names)  # noqa: S102 - as a module that begins so
    exec(source, names)  # noqa: S102 - it is our own page
    made, site = names["Motd"](), find("sites/uchicago.yaml").facility
    assert made.applies(site)
    assert not made.applies(find("sites/slac.yaml").facility)
    assert [item.path for item in made.render(site)] == ["motd/motd.yaml", "motd/values.yaml", "motd/requires.yaml"]

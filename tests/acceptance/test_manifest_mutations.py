"""One field of a real spec changed at a time: what is compiled for the cluster stays valid, or somebody says why not.

Values are other ones that a field takes (what `afspec explain` tries), hostile ones, and facts that the specs do not
state today. A spec that is refused says where; of one that is accepted the files that changed are checked again, as
`afspec verify` does: official schemas and what a server asks, values over the charts' defaults, custom resources; and
all of them for references that lead nowhere now.
"""

from __future__ import annotations

import json
import random
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest
from support import AS_OF, tree
from upstream import upstream

from afspec.compiler import Checked, Frontend
from afspec.compiler.render import render
from afspec.diagnostics import AfspecError
from afspec.explain.alternatives import alternatives, field_of
from afspec.explain.counterfactual import Study
from afspec.explain.leaves import annotation_of
from afspec.facility import validate
from afspec.generators import all_generators
from afspec.rules import check
from afspec.source import Document, parse_pointer, put
from afspec.verify import Compiled
from afspec.verify.check import Finding, NotCheckedError
from afspec.verify.checks.charts import Charts as ChartValues
from afspec.verify.checks.custom_resources import CustomResources
from afspec.verify.checks.kubernetes import Kubernetes
from afspec.verify.checks.references import References
from afspec.verify.checks.secrets import Secrets
from afspec.verify.cluster.charts import Charts

if TYPE_CHECKING:
    from collections.abc import Iterator

    from afspec.diagnostics import Diagnostic
    from afspec.facility import Facility
    from afspec.source import Node

SPECS = Path(__file__).parents[2] / "specs/sites"
# Of each spec, changes that are drawn; and those where MORE is added, in all 200.
DRAWN = {"bnl": 42, "uchicago": 54, "slac": 28}
TOLD_MORE = {"bnl", "uchicago"}
SEED = 7
HOW_MANY = 200
HOSTILE = (
    "no",
    "1e3",
    "0x1f",
    "08",
    "null",
    "a: b # c",
    "$(id) `id` {username} %s",
    "'\"\\",
    "<b>x</b>",
    "- x",
    "x" * 63,
    "a-",
)
# What the specs do not say today, each a mutation of its own.
MORE: tuple[tuple[str, str], ...] = (
    ("/name", "toy-"),
    ("/orchestration/version", "1.33"),
    ("/orchestration/version", "1.24"),
    ("/orchestration/version", "4.16"),
    ("/orchestration/kind", "okd"),
    ("/orchestration/kind", "kubernetes"),
    ("/orchestration/kind", "vcluster"),
    ("/orchestration/namespace", "af"),
    ("/orchestration/namespace", "kube-system"),
    ("/orchestration/quota", "{cpu: 100, memory: 400 GiB, gpus: 4, pods: 50, storage: 2 TB, claims: 20}"),
    ("/orchestration/quota", "{cpu: 1}"),
    ("/orchestration/containers", "{cpu: 2, memory: 2 GiB, cpu_request: 1, memory_request: 999999999 B}"),
    ("/orchestration/containers", "{cpu_request: 2, cpu: 1}"),
    ("/orchestration/storage_class", "ceph-rbd"),
    ("/orchestration/network_policy", "not_enforced"),
    ("/orchestration/ingress", "{ingress_class: nginx, issuer: letsencrypt-prod, termination: passthrough}"),
    ("/orchestration/autoscaling", "{adapter: keda, prometheus: 'http://prometheus.monitoring:9090'}"),
    ("/orchestration/autoscaling", "{adapter: keda}"),
    (
        "/services/triton",
        "{stance: promised, grpc: 'a.b.svc:8001', folder: /cvmfs/x, cluster: {image: r.example.org/t:1}}",
    ),
    (
        "/services/triton/cluster",
        "{image: r.example.org/triton:1, tenants: [{name: A_b, write_key: {name: w}}, {name: c}]}",
    ),
    ("/services/triton/folder", "/cvmfs/atlas.cern.ch/models"),
    ("/services/coffea_casa", "{stance: promised, url: 'https://c.example.org', image: r.example.org/cc:1}"),
    (
        "/services/servicex/servicex",
        "{name: servicex, stance: promised, url: 'https://s.example.org', did_finders: [rucio]}",
    ),
    ("/services/reana", "{stance: promised, url: 'https://reana.example.org', admin: a@example.org}"),
    ("/services/reana", "{stance: promised, url: 'https://reana.example.org/path', runtime_namespace: jobs}"),
    ("/dask/operator", "{stance: promised, image: r.example.org/d:1, minimum: 1, maximum: 3}"),
    ("/dask/operator", "{stance: promised, image: r.example.org/d:1, minimum: 4, maximum: 3}"),
    (
        "/dask/gateway",
        "{stance: promised, backend: kubernetes, auth: basic, url: 'https://d.example.org/p', max_cores: 9}",
    ),
    ("/jupyter/more", "{name: more, kind: hub_kubernetes, stance: promised, url: 'https://m.example.org/base/'}"),
    ("/jupyter/Triton", "{name: Triton, kind: hub_kubernetes, stance: promised, url: 'https://t.example.org'}"),
    (
        "/jupyter/my_hub",
        "{name: my_hub, kind: hub_kubernetes, stance: promised, limits: {cpu: 1, memory: 1 GB, gpus: 9}}",
    ),
    ("/jupyter/more", "{name: more, kind: portal, spawner: kubernetes, stance: promised, port: 8888}"),
    (
        "/storage/areas/more",
        "{name: MORE_2, path: /more/<user>, mount: {target: /more, source: /more, server: n.example.org}}",
    ),
    ("/storage/areas/more", "{name: more, path: /etc, mount: {target: /etc, source: /}}"),
    ("/software/cvmfs/claim", "cvmfs.claim"),
    (
        "/gpus/models",
        "[{name: h100, resource: nvidia.com/gpu, mig: {strategy: mixed, profiles: [1g.10gb+me, 3g.40gb]}}]",
    ),
    ("/gpus/models", "[{name: t4, resource: nvidia.com/gpu.shared, sharing: {by: time_slicing, replicas: 4}}]"),
    ("/gpus/models", "[{name: t4, product: Tesla-T4, resource: nvidia.com/gpu, sharing: {by: mps, replicas: 2}}]"),
)


class Mutation(NamedTuple):
    """What is put where; None takes it away."""

    parts: tuple[str, ...]
    node: Node | None
    said: str


class Base(NamedTuple):
    """A spec as it is, with the files that it gives for its cluster."""

    checked: Checked
    texts: dict[str, str]


@cache
def cluster_generators() -> tuple[str, ...]:
    """The generators of files for a cluster: those whose folders hold objects or values."""
    return tuple(name for name in all_generators() if name in NAMES)


NAMES = {
    "coffea-casa",
    "dask-gateway",
    "dask-operator",
    "gpu",
    "htcondor-autoscale",
    "jupyterhub-k8s",
    "kubernetes",
    "okd",
    "portal",
    "reana",
    "servicex",
    "triton",
    "vcluster",
}


def made(facility: Facility) -> dict[str, str]:
    """The files for the cluster, by path."""
    known = all_generators()
    groups = render(facility, [known[name] for name in cluster_generators()])
    return {artifact.path: artifact.text for group in groups.values() for artifact in group}


@cache
def base(site: str) -> Base:
    checked = Frontend(as_of=AS_OF).check(str(SPECS / f"{site}.yaml"))
    return Base(checked, made(checked.facility))


@cache
def charts() -> Charts:
    return Charts(upstream())


def faults(site: str, facility: Facility, texts: dict[str, str]) -> list[str]:
    """What is found in some of the files."""
    version = facility.orchestration.version if facility.orchestration else None
    texts = texts | {"facility.json": json.dumps({"orchestration": {"version": version}})}
    folder = Compiled.of_texts(site, texts, charts())
    found: list[str] = []
    no_bench: Any = None  # no tool is run
    for each in (Kubernetes(), ChartValues(), CustomResources()):
        if not (files := each.files(folder)):
            continue
        try:
            run: Any = each.run(no_bench, folder, files)
            found += [f"{item.path}: {item.message}" for item in run if isinstance(item, Finding)]
        except NotCheckedError:  # a chart that is not in the collection
            continue
    return found


def astray(site: str, facility: Facility, texts: dict[str, str]) -> list[str]:
    """References that lead nowhere, and secrets: of all files, a change here may take away what is named there."""
    cluster = facility.orchestration
    stated = cluster.model_dump(mode="json", include={"storage_class", "ingress"}) if cluster else {}
    folder = Compiled.of_texts(site, texts | {"facility.json": json.dumps({"orchestration": stated})})
    no_bench: Any = None
    return [
        f"{item.path}: {item.message}"
        for each in (References(), Secrets())
        for item in each.run(no_bench, folder, each.files(folder))
    ]


# What parts a file's head and its documents.
_BETWEEN = "\n---\n"


def changed(before: dict[str, str], after: dict[str, str]) -> dict[str, str]:
    """What is new or other: of files of objects those documents, of others all; with what a kustomization names."""
    files = {}
    for path, text in after.items():
        old = before.get(path, "")
        if old != text:
            known = set(old.split(_BETWEEN)[1:])
            head, *documents = text.split(_BETWEEN)
            files[path] = _BETWEEN.join([head, *(item for item in documents if item not in known)])
    for path in [path for path in files if path.endswith("kustomization.yaml")]:
        folder = path.rpartition("/")[0]
        files |= {other: text for other, text in after.items() if other.startswith(f"{folder}/")}
    return files


def candidates(site: str) -> Iterator[Mutation]:
    """Every change of a value that files for a cluster may be made from."""
    facility, document = base(site).checked.facility, base(site).checked.document
    known = all_generators()
    study = Study(document.root, facility, {name: known[name] for name in cluster_generators()})
    for leaf in study.leaves:
        if not study.readers(leaf):
            continue
        annotation = annotation_of(facility, leaf.steps)
        for node in alternatives(leaf.node, annotation):
            yield Mutation(leaf.parts, node, node.text)
        for text in HOSTILE:
            if field_of(annotation).takes(text):
                yield Mutation(leaf.parts, leaf.node._replace(text=text, plain=False), text)
        yield Mutation(leaf.parts, None, "(nothing)")


def mutations(site: str) -> list[Mutation]:
    """Some changes of single values, the same at every run, and all of what the specs do not say."""
    everything = list(candidates(site))
    drawn = random.Random(f"{SEED} {site}").sample(everything, DRAWN[site])  # noqa: S311 - no secret
    told = MORE if site in TOLD_MORE else ()
    return drawn + [Mutation(parse_pointer(pointer), tree(text), text) for pointer, text in told]


class Outcome(NamedTuple):
    """What became of a change: whether the spec was accepted, how many files changed, and what is wrong."""

    accepted: bool
    files: int
    wrong: list[str]


def outcome(site: str, mutation: Mutation) -> Outcome:
    """What is wrong after a change: faults of files, a diagnostic without a place, a generator that fails."""
    before = base(site)
    try:
        root: Any = put(before.checked.document.root, mutation.parts, mutation.node)
    except ValueError:
        return Outcome(accepted=False, files=0, wrong=[])
    document = Document(root, before.checked.document.files)
    try:
        facility = validate(document)
    except AfspecError as refused:
        return Outcome(accepted=False, files=0, wrong=_unplaced(refused.diagnostics))
    found = check(facility, document, AS_OF)
    if any(item.is_error for item in found) or _unplaced(found):
        return Outcome(accepted=False, files=0, wrong=_unplaced(found))
    try:
        after = made(facility)
    except AfspecError as failed:
        return Outcome(accepted=True, files=0, wrong=[f"{item.code} {item.message}" for item in failed.diagnostics])
    files = changed(before.texts, after)
    wrong = faults(site, facility, files)
    return Outcome(accepted=True, files=len(files), wrong=wrong + (astray(site, facility, after) if files else []))


def _unplaced(found: list[Diagnostic]) -> list[str]:
    """Of diagnostics those that point nowhere: every one is to lead to a line of the spec."""
    return [f"{item.code} {item.message}: has no place" for item in found if item.span is None]


@pytest.mark.parametrize("site", DRAWN)
def test_specs_as_they_are_give_valid_files(site: str) -> None:
    facility, texts = base(site).checked.facility, base(site).texts
    assert faults(site, facility, texts) + astray(site, facility, texts) == []


def test_one_field_at_a_time() -> None:
    upstream()
    wrong, done = {}, list[Outcome]()
    for site in DRAWN:
        for mutation in mutations(site):
            done.append(outcome(site, mutation))
            if done[-1].wrong:
                wrong[f"{site}: {'/'.join(('', *mutation.parts))} = {mutation.said}"] = done[-1].wrong
    assert wrong == {}
    assert len(done) == HOW_MANY
    # Most must have been worth the look: refused, or with other files.
    assert sum(one.accepted and one.files > 0 for one in done) > HOW_MANY // 3
    assert sum(not one.accepted for one in done) > HOW_MANY // 20

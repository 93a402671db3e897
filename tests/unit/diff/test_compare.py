"""Comparing two facilities: everything that differs is named, and nothing else."""

from __future__ import annotations

import datetime as dt
import re
from contextlib import suppress
from functools import cache
from itertools import permutations
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pytest
from pydantic import ValidationError
from support import facility

from afspec.compiler import Frontend
from afspec.diff import Change, Group, Verb, compare
from afspec.diff.single import alone
from afspec.diff.values import shown
from afspec.diff.words import sentence
from afspec.facility import Facility, Model
from afspec.facility.covering import follow
from afspec.facility.dump import dump_facility
from afspec.facility.kinds import Kind, kinds_of
from afspec.source import Mapping, Scalar, put, to_plain
from afspec.source.nodes import item_name

if TYPE_CHECKING:
    from collections.abc import Iterator

    from afspec.compiler import Checked
    from afspec.source import Node

SPECS = Path(__file__).parents[3] / "specs"
SITES = ("sites/bnl", "sites/uchicago", "sites/slac")
STATES = (*SITES, "sites/local", "sites/2023/slac", "sites/2023/bnl", "twin/slac", "twin/bnl")


@cache
def spec(name: str) -> Checked:
    return Frontend(dt.date(2026, 11, 23)).check(str(SPECS / f"{name}.yaml"))


def flat(changes: list[Change]) -> list[Change]:
    return [each for change in changes for each in change.flat]


class Leaf(NamedTuple):
    """A single value of a spec: its place by names as pointers have it, and by index as models hold it."""

    parts: tuple[str, ...]
    steps: tuple[str | int, ...]
    text: str


def leaves(node: Node, parts: tuple[str, ...] = (), steps: tuple[str | int, ...] = ()) -> Iterator[Leaf]:
    if isinstance(node, Scalar):
        yield Leaf(parts, steps, node.text)
    elif isinstance(node, Mapping):
        for key, entry in node.entries.items():
            yield from leaves(entry.value, (*parts, key), (*steps, key))
    else:
        for index, item in enumerate(node.items):
            yield from leaves(item, (*parts, item_name(item) or str(index)), (*steps, index))


def alternatives(text: str) -> Iterator[str]:
    """Other texts, one of which most fields take."""
    yield {"true": "false", "false": "true"}.get(text, f"{text}2")
    yield re.sub(r"[0-9]+", lambda found: str(int(found[0]) + 1), text, count=1)
    yield from ("promised", "not_promised", "none", "duo", "unverified", "published", "docker", "apptainer", "slurm")
    yield from ("login", "submit", "data", "home", "vcluster", "okd", "hub_vm", "portal", "globus", "oidc", "any")
    yield from ("site", "htcondor", "allow_list", "user", "gateway", "kubernetes", "ran", "did_not_run", "AArch64")
    yield from ("nanoaod", "ntuple", "ssh", "batch", "linux/arm64", "pip", "micromamba", "not_enforced", "enforced")


def changed(checked: Checked, leaf: Leaf) -> tuple[str, Facility] | None:
    """The facility with something else at a leaf; None where nothing else fits."""
    for text in alternatives(leaf.text):
        node = Scalar(text, plain=True, span=checked.document.root.span)
        with suppress(ValidationError):
            other = Facility.model_validate(to_plain(put(checked.document.root, leaf.parts, node)))
            if dump_facility(other) != dump_facility(checked.facility):
                return text, other
    return None


def value_of(found: Facility, leaf: Leaf) -> str | None:
    """What a facility says at a leaf, as people read it."""
    values = list(follow(found, leaf.parts))
    if len(values) <= len(leaf.parts):
        return None
    holder = values[-2]
    kind = kinds_of(type(holder)).get(leaf.parts[-1], Kind.WORD) if isinstance(holder, Model) else Kind.WORD
    return shown(values[-1], kind)


def is_named(change: Change, leaf: Leaf, old: str | None, new: str | None) -> bool:
    """Whether a change tells of a leaf with both its values; of a list it tells what is lost and gained."""
    if tuple(map(str, change.steps)) == leaf.parts:
        return (change.old, change.new) == (old, new)
    return change.verb in {Verb.LIST, Verb.ORDER} and change.steps == leaf.parts[:-1]


def check_named(found: list[Change], leaf: Leaf, text: str, old: str | None, new: str | None) -> None:
    if leaf.parts[-1] == "name" and isinstance(leaf.steps[-2:][0], int):
        assert {leaf.text, text} <= {str(change.steps[-1]) for change in found}, leaf
    elif leaf.parts[-1] == "stance":
        assert any(change.verb is Verb.STANCE and tuple(map(str, change.steps)) == leaf.parts for change in found), leaf
    else:
        assert any(is_named(change, leaf, old, new) for change in found), (leaf, old, new, found)
        # Of a source, a state may come with a conflict.
        by_itself = leaf.parts[0] != "sources" and leaf.parts[-1] != "scheduler"
        assert len(found) == 1 or not by_itself, (leaf, found)


@pytest.mark.parametrize("name", SITES)
def test_every_scalar_that_changes_is_named(name: str) -> None:
    """Whatever single value is another: the change at its place tells both, and no other place changes."""
    checked = spec(name)
    tried = unlike = 0
    for number, leaf in enumerate(leaves(checked.document.root)):
        # Sources are half of a spec and all alike: every fifth of them is enough.
        if leaf.parts[0] in {"extends", "afspec"} or (leaf.parts[0] == "sources" and number % 5):
            continue
        tried += 1
        if pair := changed(checked, leaf):
            unlike += 1
            text, other = pair
            values = value_of(checked.facility, leaf), value_of(other, leaf)
            check_named(flat(compare(checked.facility, other)), leaf, text, *values)
    assert unlike > 0.97 * tried > 100


@pytest.mark.parametrize("name", STATES)
def test_nothing_differs_from_itself(name: str) -> None:
    found = spec(name).facility
    assert compare(found, type(found).model_validate(dump_facility(found))) == []


@pytest.mark.parametrize(("one", "other"), [*permutations(STATES, 2)])
def test_the_way_back_is_the_mirror(one: str, other: str) -> None:
    there, back = (compare(spec(a).facility, spec(b).facility) for a, b in ((one, other), (other, one)))
    assert there
    assert {change.mirrored for change in there} == set(back)
    assert sorted(map(sentence, (change.mirrored for change in there))) == sorted(map(sentence, back))


@pytest.mark.parametrize(("one", "other"), [*permutations(STATES, 2)])
def test_all_changes_together_make_the_new_state(one: str, other: str) -> None:
    old, new = spec(one).facility, spec(other).facility
    made = alone(old, new, compare(old, new))
    assert made is not None
    assert compare(made, new) == []


def only(old: str, new: str) -> Change:
    (change,) = compare(facility(old), facility(new))
    return change


def said(old: str, new: str) -> tuple[Group, str]:
    change = only(old, new)
    return change.group, sentence(change)


POOL = "batch: [{name: s, scheduler: slurm, partitions: [{name: roma, nodes: 3, max_walltime: 4 d}]}]\n"


@pytest.mark.parametrize(
    ("old", "new", "group", "words"),
    [
        (
            "logins: [{name: dex, method: dex, stance: on_request}]\n",
            "",
            Group.GONE,
            "Login `dex`: gone (on request; method dex)",
        ),
        (
            "gpus: {models: [{name: a100}]}\n",
            "gpus: {models: [{name: a100}, {name: h200, count: 12}]}\n",
            Group.NEW,
            "GPU model `h200`: new: count 12",
        ),
        (
            POOL,
            POOL.replace("4 d", "12 h"),
            Group.LOWERED,
            "Slurm partition `roma`: longest job: 12 h, lowered from 4 d",
        ),
        (POOL, POOL.replace("3", "4000"), Group.RAISED, "Slurm partition `roma`: how many nodes: 4,000, raised from 3"),
        (
            "images: {version: 1.9}\n",
            "images: {version: 1.30}\n",
            Group.RAISED,
            "Containers: version of the runtime: 1.30, raised from 1.9",
        ),
        (
            "dask: {jobqueue: {ports: {worker: 40000:41000}}}\n",
            "dask: {jobqueue: {ports: {worker: 40100:40200}}}\n",
            Group.LOWERED,
            "Ports that the site lets Dask use: workers': 40100:40200, lowered from 40000:41000",
        ),
        (
            "access: {ssh: {hosts: [{name: a, host: a, port: 22}]}}\n",
            "access: {ssh: {hosts: [{name: a, host: a, port: 2222}]}}\n",
            Group.CHANGED,
            "Host `a`: SSH port: 2222, was 22",
        ),
        ("services: {triton: {stance: promised}}\n", "services: {triton: {stance: not_promised}}\n", Group.GONE,
         "Triton: not promised, was promised"),
        ("services: {triton: {stance: promised}}\n", "services: {triton: {stance: best_effort}}\n", Group.LOWERED,
         "Triton: best effort, was promised"),
        ("services: {triton: {stance: planned}}\n", "services: {triton: {stance: on_request}}\n", Group.NEW,
         "Triton: on request, was planned"),
        ("services: {triton: {}}\n", "services: {triton: {stance: not_promised}}\n", Group.FACTS,
         "Triton: not promised, was undeclared"),
        ("", "services: {triton: {stance: not_promised}}\n", Group.FACTS, "Triton: now spoken of: not promised"),
        ("", "services: {triton: {stance: planned}}\n", Group.RAISED, "Triton: now spoken of: planned"),
        ("images: {binds: [/a, /b]}\n", "images: {binds: [/b, /c]}\n", Group.CHANGED,
         "Containers: paths of the host that a container sees: now with /c, without /a"),
        ("images: {binds: [/a, /b]}\n", "images: {binds: [/b, /a]}\n", Group.CHANGED,
         "Containers: paths of the host that a container sees: now in the order /b, /a, before /a, /b"),
        ("images: {note: One.}\n", "images: {note: Two words.}\n", Group.FACTS,
         'Containers: note: "Two words.", was One.'),
        ("stale_after: 30 d\n", "stale_after: 60 d\n", Group.FACTS, "Stale after: 60 d, raised from 30 d"),
        ("images: {policy: any}\n", "images: {policy: unpacked}\n", Group.CHANGED,
         "Containers: policy: unpacked, was any"),
        ("agc: {environment: {AF: local}}\n", "agc: {environment: {AF: slac}}\n", Group.CHANGED,
         "Analysis Grand Challenge: environment `AF`: slac, was local"),
        ("batch: [{name: p, scheduler: slurm}, {name: q, scheduler: slurm}]\n",
         "batch: [{name: q, scheduler: slurm}, {name: p, scheduler: slurm}]\n", Group.CHANGED,
         "Batch: order: now in the order q, p, before p, q"),
        ("images: {gpu_flag: true}\n", "images: {gpu_flag: false}\n", Group.CHANGED,
         "Containers: whether containers see GPUs through --nv: no, was yes"),
    ],
)  # fmt: skip
def test_words(old: str, new: str, group: Group, words: str) -> None:
    assert said(old, new) == (group, words)
    back, taken = only(new, old), only(old, new)
    assert back == taken.mirrored


def test_item_without_a_name_that_is_there_twice() -> None:
    rewrite = "{prefix: 'https://a.example', replacement: 'root://a.example'}"
    once, twice = (f"agc: {{rewrites: [{', '.join([rewrite] * times)}]}}\n" for times in (1, 2))
    change = only(once, twice)
    assert (change.group, change.old) == (Group.NEW, None)
    assert change.new == "prefix https://a.example replacement root://a.example"
    assert only(twice, once) == change.mirrored


def test_default_that_is_written_is_no_change() -> None:
    written = "access: {ssh: {hosts: [{name: a, host: a, port: 22}]}}\n"
    assert compare(facility(written), facility(written.replace(", port: 22", ""))) == []


def test_scheduler_that_is_another_is_one_change() -> None:
    old = "batch: [{name: p, scheduler: slurm, accounts: [x]}]\n"
    change = only(old, "batch: [{name: p, scheduler: htcondor}]\n")
    assert (change.place, change.old, change.new) == ("batch `p`", "Slurm cluster", "HTCondor pool")
    assert any("accounts" in part.label for part in change.parts)


def test_what_lies_below_a_withdrawn_service_is_folded_into_it() -> None:
    old = "services: {triton: {stance: promised, http: 'http://t:8000', poll: 1 min}}\n"
    change = only(old, "services: {triton: {stance: not_promised}}\n")
    assert change.verb is Verb.STANCE
    assert {part.steps[-1] for part in change.parts} == {"http", "poll"}


def test_item_put_in_front_of_the_default() -> None:
    old = "logins: [{name: a, method: dex}]\n"
    found = compare(facility(old), facility("logins: [{name: b, method: dex}, {name: a, method: dex}]\n"))
    assert [(change.verb, change.group) for change in found] == [
        (Verb.ORDER, Group.CHANGED),
        (Verb.ADDED, Group.NEW),
    ]


def test_item_of_one_among_several_is_told_with_what_it_is_in() -> None:
    pools = (
        "batch: [{name: p, scheduler: slurm, partitions: [{name: x, nodes: 1}]}, {name: q, scheduler: slurm}]\n",
        "batch: [{name: p, scheduler: slurm, partitions: [{name: x, nodes: 2}]}, {name: q, scheduler: slurm}]\n",
    )
    assert said(*pools)[1] == "Slurm partition `x` of Slurm cluster `p`: how many nodes: 2, raised from 1"

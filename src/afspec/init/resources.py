"""Sections on what jobs, sessions and services run on: batch, cluster, GPUs, software, containers, Jupyter, Dask."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from afspec.facility.quantities import parse_bytes
from afspec.init.layout import Marked, Noted, Row, known, section
from afspec.init.questions import NONE, UNPACKED

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

# What a worker asks for unless the spec says otherwise (facility/dask.py).
_WORKER = "2 GiB"
_NOTEBOOKS = {"open_ondemand": "ondemand", "portal": "portal"}


def another(taken: Iterable[Any], *names: str) -> str:
    """The first of some names that is not taken; there are more names than can be taken."""
    used = set(taken)
    return next(name for name in names if name not in used)


def batch(answers: Mapping[str, Any]) -> Noted:
    """One pool with one partition or queue."""
    note = "Batch pools, the first is the default. Limits that are left out are not told to users, nor held against."
    scheduler, slots = answers.get("scheduler"), answers.get("slots")
    if scheduler is None:
        partition = Row(name="short", stance="promised", cores=64, memory="256 GB", max_walltime="4 h")
        pool = known(name="slurm", scheduler="slurm", stance="promised", partitions=[partition])
        return section(note, [pool], example=True)
    slurm = scheduler == "slurm"
    accounts, lists = ("accounts", "partitions") if slurm else ("accounting_groups", "queues")
    account = answers.get("account")
    pool = known(
        name=scheduler,
        scheduler=scheduler,
        stance="promised",
        **{accounts: [account] if account else None},
        max_walltime=None if slots else answers.get("walltime"),
    )
    if slurm:
        pool |= {"qos": Noted("The first is what a job gets that names none.", Marked(["normal", "preemptable"]))}
    pool["scratch"] = Noted(
        "A job's own scratch folder, and variables of a login shell that break jobs.", Marked("/lscratch")
    )
    pool["unset"] = Marked(["KRB5CCNAME"])
    if slots:
        pool[f"default_{lists[:-1]}"] = slots
    pool[lists] = [*([_slots(answers)] if slots else []), Marked(_other_slots(slots))]
    if not slots:
        pool[lists] = Marked([_other_slots(slots)])
    return section(note, [pool], example=False)


def _slots(answers: Mapping[str, Any]) -> Row:
    per_node = answers.get("gpus_per_node")
    return Row(
        known(
            name=answers["slots"],
            stance="promised",
            cores=answers.get("cores"),
            memory=answers.get("memory"),
            max_walltime=answers.get("walltime"),
            gpus=[Row(name=answers["gpu"], count=per_node)] if per_node else None,
        )
    )


def _other_slots(taken: str | None) -> Row:
    return Row(name=another([taken], "short", "debug"), stance="best_effort", nodes=4)


def orchestration(answers: Mapping[str, Any]) -> Noted:
    """The cluster."""
    kind = answers.get("cluster")
    cluster = Row(stance="promised", kind=kind or "kubernetes")
    return section("The cluster that runs services.", cluster, example=kind is None)


def gpus(answers: Mapping[str, Any]) -> Noted:
    """One model."""
    note = "GPU models, by the short names that jobs use; partitions and queues say how many a node has."
    model = answers.get("gpu")
    if model == NONE:
        return section(note, Row(stance="not_promised"), example=False)
    other = Row(name=another([model], "a100", "h100"), count=8, memory="40 GB", compute_capability="8.0")
    if model is None:
        return section(note, {"stance": "promised", "models": [other]}, example=True)
    mine = Row(known(name=model, count=answers.get("gpu_count")))
    return section(note, {"stance": "promised", "models": [mine, Marked(other)]}, example=False)


def software(answers: Mapping[str, Any]) -> Noted:
    """The CernVM file system."""
    note = "What users find installed."
    repositories = answers.get("cvmfs")
    examples = {
        "setup_atlas": Row(stance="promised"),
        "rucio": Row(stance="promised"),
        "voms": Row(stance="promised", vo="atlas"),
    }
    if repositories is None:
        return section(note, {"stance": "promised", **examples}, example=True)
    cvmfs = Row(stance="promised", repositories=repositories)
    return section(
        note,
        {"stance": "promised", "cvmfs": cvmfs, **{key: Marked(item) for key, item in examples.items()}},
        example=False,
    )


def images(answers: Mapping[str, Any]) -> Noted:
    """How containers are run."""
    note = "Containers: what runs them, which may be run, and those that users know by name (the first is the default)."
    runtime, policy = answers.get("runtime"), answers.get("image_policy")
    if runtime == NONE:
        return section(note, Row(stance="not_promised"), example=False)
    image = "hub.opensciencegrid.org/iris-hep/analysis-systems-base:2022-12-15"
    named = [{"name": "analysis-systems-base", "reference": image, "prefix": "/opt/micromamba/envs/analysis-systems"}]
    if runtime is None:
        return section(
            note, {"stance": "promised", "runtime": "apptainer", "policy": "any", "named": named}, example=True
        )
    made: dict[str, Any] = known(stance="promised", runtime=runtime, policy=policy)
    if UNPACKED in answers.get("cvmfs", ()):
        made["unpacked"] = f"/cvmfs/{UNPACKED}"
    made["binds"] = Noted("Paths of the host that a container sees.", Marked(["/cvmfs"]))
    if policy == "allow_list":
        made["allowed"] = Noted("What is not listed here is refused.", Marked([image]))
    else:
        made["named"] = Marked(named)
    return section(note, made, example=False)


def jupyter(answers: Mapping[str, Any]) -> Noted:
    """One way to a notebook."""
    note = "The ways to a notebook; `spawner` says what the sessions run on, `profiles` what users choose from."
    kind = answers.get("jupyter")
    if kind == NONE:
        return section(note, [Row(name="jupyterhub", kind="hub_vm", stance="not_promised")], example=False)
    if kind is None:
        hub = {"name": "jupyterhub", "kind": "hub_vm", "stance": "promised", "url": "https://jupyter.example.org/"}
        return section(note, [hub], example=True)
    way = known(name=_NOTEBOOKS.get(kind, "jupyterhub"), kind=kind, stance="promised", url=answers.get("jupyter_url"))
    way["limits"] = Noted("The most that a session may ask for.", Marked(Row(cpu=4, memory="16 GB", idle="12 h")))
    way["title"] = Noted("What users call it.", Marked("Notebooks"))
    return section(note, [way], example=False)


def dask(answers: Mapping[str, Any]) -> Noted:
    """One way to a cluster."""
    note = "The ways to a Dask cluster."
    way = answers.get("dask")
    if way == NONE:
        return section(note, Row(stance="not_promised"), example=False)
    gateway = Row(stance="promised", url="https://dask.example.org/services/dask-gateway/")
    if way is None:
        return section(note, {"stance": "promised", "gateway": gateway}, example=True)
    made: dict[str, Any] = {"stance": "promised", way: _way(way, answers)}
    if way != "gateway":
        made["gateway"] = Marked(gateway)
    return section(note, made, example=False)


def _way(way: str, answers: Mapping[str, Any]) -> dict[str, Any]:
    if way == "gateway":
        return known(stance="promised", url=answers.get("dask_url"))
    if way != "jobqueue":
        return Row(stance="promised")
    memory = answers.get("memory")
    small = memory is not None and parse_bytes(memory) < parse_bytes(_WORKER)
    return known(
        stance="promised",
        pool=answers["scheduler"],
        slots=answers.get("slots"),
        # A worker fits where it is sent.
        memory=memory if small else None,
        disk=answers.get("dask_disk"),
    )

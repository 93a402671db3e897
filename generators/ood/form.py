"""The form that users fill in, and the app's manifest, as data (Open OnDemand documentation, Interactive Apps)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .choices import COMMANDS, OWN

if TYPE_CHECKING:
    from collections.abc import Iterable

    from afspec.facility import Facility

    from .choices import Choices, Slots

_MOST_HOURS = 10 * 24


def manifest(facility: Facility, title: str) -> dict[str, Any]:
    """manifest.yml."""
    contact = f" Help: {facility.contact}" if facility.contact else ""
    return {
        "name": title,
        "category": "Interactive Apps",
        "subcategory": "Servers",
        "role": "batch_connect",
        "description": f"A Jupyter server as a batch job of yours at {facility.title}.{contact}",
    }


def form(cluster: str, choices: Choices) -> dict[str, Any]:
    """form.yml: the cluster, the order of the fields, and what each takes."""
    fields = _fields(choices)
    return {"cluster": cluster, "form": list(fields), "attributes": fields}


def _fields(choices: Choices) -> dict[str, dict[str, Any]]:
    """The fields by name, in order; the templates know them by these names."""
    pasted = any(choice.value == COMMANDS for choice in choices.images)
    images = [[choice.title, choice.value] for choice in choices.images]
    fields = {
        "image": _select("Jupyter from", images, images[0][1], "The environment that the notebook runs in."),
    }
    if any(choice.value == OWN for choice in choices.images):
        fields["own_image"] = {
            "widget": "text_field",
            "label": "Image of my own",
            "value": "",
            "help": _own_image(choices),
        }
    if pasted:
        fields["commands"] = {
            "widget": "text_area",
            "label": "Commands to initiate Jupyter",
            "value": "",
            "help": "For an environment of your own: shell commands that define `jupyter`, such as the text of "
            "user-setup/jupyter.sh.",
        }
    partitions = [[slots.title, slots.name, _bounds(slots)] for slots in choices.partitions]
    fields["partition"] = _select("Partition", partitions, choices.default_partition, "Where the job runs.")
    if choices.accounts:
        accounts = [[account, account] for account in choices.accounts]
        fields["account"] = _select("Account", accounts, choices.accounts[0], "Whose share the job uses.")
    if choices.qos:
        every = [["the partition's default", ""], *([qos, qos] for qos in choices.qos)]
        fields["qos"] = _select("QOS", every, "", "The priority, and what it costs.")
    most = [slots.hours or _MOST_HOURS for slots in choices.partitions]
    fields["hours"] = _number("Hours", choices.hours, 1, max(most), "How long the job may run.")
    cores = _most(slots.cores for slots in choices.partitions)
    fields["cores"] = _number("Cores", 1, 1, cores, "Cores of one node.")
    memory = _most(slots.memory for slots in choices.partitions)
    fields["memory"] = _number("Memory (GB)", choices.memory, 1, memory, "Memory of one node, in GB.")
    if choices.most_gpus:
        models = dict.fromkeys(model for slots in choices.partitions for model in slots.gpus)
        offered: list[list[Any]] = [["none", ""], *([model, model, _hidden(model, choices)] for model in models)]
        fields["gpu"] = _select("GPU", offered, "", "A model that the partition has.")
        fields["gpus"] = _number("GPUs", 1, 1, choices.most_gpus, "How many, where a model is chosen.")
    return fields


def _own_image(choices: Choices) -> str:
    policy = choices.policy
    if policy is None or policy.allowed is not None:
        return "One of those that are allowed here: " + ", ".join((policy and policy.allowed) or ())
    if policy.only_unpacked:
        return f"A reference, such as registry.example.org/name:tag, or its folder below {policy.unpacked}."
    return "A reference, such as registry.example.org/name:tag, or the path of a file or folder."


def _bounds(slots: Slots) -> dict[str, int]:
    """What the browser lets a user enter once the partition is chosen (Open OnDemand, Dynamic Form Widgets)."""
    most = {
        "cores": slots.cores,
        "memory": slots.memory,
        "hours": slots.hours,
        "gpus": max(slots.gpus.values(), default=0),
    }
    return {f"data-max-{field}": value for field, value in most.items() if value}


def _hidden(model: str, choices: Choices) -> dict[str, bool]:
    """Where a GPU model is not shown: in partitions that have none of it."""
    lacking = [slots.name for slots in choices.partitions if model not in slots.gpus]
    return {f"data-option-for-partition-{name.replace('_', '-')}": False for name in lacking}


def _select(label: str, options: list[list[Any]], value: str, explanation: str) -> dict[str, Any]:
    return {"widget": "select", "label": label, "options": options, "value": value, "help": explanation}


def _number(label: str, value: int, least: int, most: int | None, explanation: str) -> dict[str, Any]:
    bounds = {"min": least, "max": most} if most else {"min": least}
    return {"widget": "number_field", "label": label, "value": value, **bounds, "step": 1, "help": explanation}


def _most(values: Iterable[int | None]) -> int | None:
    """The biggest, where every one is known."""
    every = list(values)
    known = [value for value in every if value is not None]
    return max(known) if len(known) == len(every) else None

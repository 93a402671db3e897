"""Words of which the API takes a few only, and numbers of which it takes some: the schemas call them text or integers.

Kubernetes documentation, API reference; Cron: robfig/cron, which Kubernetes reads schedules with.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from afspec.verify.cluster.pods import listed, mapped
from afspec.verify.cluster.quantities import quantity
from afspec.verify.cluster.schemas import Fault

if TYPE_CHECKING:
    from collections.abc import Iterator

    from afspec.verify.cluster.reading import Path

_WORDS = {
    key: frozenset(words.split())
    for key, words in {
        "accessModes": "ReadWriteOnce ReadOnlyMany ReadWriteMany ReadWriteOncePod",
        "concurrencyPolicy": "Allow Forbid Replace",
        "dnsPolicy": "ClusterFirstWithHostNet ClusterFirst Default None",
        "effect": "NoSchedule PreferNoSchedule NoExecute",
        "externalTrafficPolicy": "Cluster Local",
        "fsGroupChangePolicy": "OnRootMismatch Always",
        "imagePullPolicy": "Always IfNotPresent Never",
        "mountPropagation": "None HostToContainer Bidirectional",
        "persistentVolumeReclaimPolicy": "Retain Delete Recycle",
        "policyTypes": "Ingress Egress",
        "preemptionPolicy": "PreemptLowerPriority Never",
        "reclaimPolicy": "Retain Delete Recycle",
        "restartPolicy": "Always OnFailure Never",
        "sessionAffinity": "ClientIP None",
        "volumeBindingMode": "Immediate WaitForFirstConsumer",
        "volumeMode": "Filesystem Block",
        "whenUnsatisfiable": "DoNotSchedule ScheduleAnyway",
    }.items()
}
_MODES = frozenset({"defaultMode", "mode"})
_HIGHEST_MODE = 0o777
_COUNTS = frozenset(
    {"backoffLimit", "completions", "minReadySeconds", "parallelism", "replicas", "revisionHistoryLimit",
     "terminationGracePeriodSeconds"}
)  # fmt: skip
# What is below these is somebody's own text.
_TEXTS = frozenset({"annotations", "binaryData", "data", "labels", "matchLabels", "nodeSelector", "stringData"})
_SECURITY = re.compile(r"pod-security\.kubernetes\.io/(?:enforce|audit|warn)(?P<version>-version)?")
_LEVELS = frozenset({"privileged", "baseline", "restricted"})
_LEVEL_VERSION = re.compile(r"latest|v1\.\d{1,3}")
_FIELDS = (
    ("minute", 0, 59, ""), ("hour", 0, 23, ""), ("day of the month", 1, 31, ""),
    ("month", 1, 12, "jan feb mar apr may jun jul aug sep oct nov dec"),
    ("day of the week", 0, 6, "sun mon tue wed thu fri sat"),
)  # fmt: skip
_CRON_PART = re.compile(r"(?:(?P<first>[*?]|\w+)(?:-(?P<last>\w+))?)(?:/(?P<step>\d+))?")
_DESCRIPTORS = re.compile(r"@(?:yearly|annually|monthly|weekly|daily|midnight|hourly|every \S+)")


def word_faults(value: Any, at: Path = ()) -> Iterator[Fault]:
    """What is none of the words, or numbers, that a key may have, wherever an object has one."""
    for index, item in enumerate(listed(value)):
        yield from word_faults(item, (*at, index))
    for key, item in mapped(value).items():
        inside = (*at, str(key))
        if key in _TEXTS:
            continue
        yield from _word(str(key), item, inside)
        yield from word_faults(item, inside)


def _word(key: str, item: Any, at: Path) -> Iterator[Fault]:
    if key in _WORDS:
        for word in item if isinstance(item, list) else [item]:
            if isinstance(word, str) and word and word not in _WORDS[key]:
                yield Fault(at, f"{word!r} is none of {', '.join(sorted(_WORDS[key]))}")
    if isinstance(item, bool) or not isinstance(item, int):
        return
    if key in _MODES and not 0 <= item <= _HIGHEST_MODE:
        yield Fault(at, f"{item} is no mode of a file: 0 to 0777, and an octal number begins with 0")
    if key in _COUNTS and item < 0:
        yield Fault(at, f"{item} is less than 0")


def level_faults(labels: dict[str, Any]) -> Iterator[Fault]:
    """What is wrong with a Namespace's labels for Pod Security (Kubernetes documentation, Pod Security Admission)."""
    for key, value in labels.items():
        match = _SECURITY.fullmatch(str(key))
        if match is None or not isinstance(value, str):
            continue
        at = ("metadata", "labels", str(key))
        if match["version"] and not _LEVEL_VERSION.fullmatch(value):
            yield Fault(at, f"{value!r} is neither `latest` nor a version such as v1.30")
        elif not match["version"] and value not in _LEVELS:
            yield Fault(at, f"{value!r} is none of {', '.join(sorted(_LEVELS))}")


def amount_fault(value: Any, at: Path) -> Iterator[Fault]:
    """What is wrong with a quantity; nothing where there is none."""
    if value is not None and quantity(value) is None:
        yield Fault(at, f"{value!r} is no quantity")


def cron_fault(text: Any) -> str:
    """What is wrong with a schedule; nothing where it is right."""
    if not isinstance(text, str) or _DESCRIPTORS.fullmatch(text):
        return ""
    if "TZ" in text:
        return f"{text!r} holds a time zone, which is for `timeZone` to say"
    fields = text.split()
    if len(fields) != len(_FIELDS):
        return f"{text!r} is no schedule: it has {len(fields)} fields, and not {len(_FIELDS)}"
    for (what, low, high, words), field in zip(_FIELDS, fields, strict=True):
        for part in field.split(","):
            if not _is_part(part, low, high, words.split()):
                return f"{text!r} is no schedule: {part!r} is no {what}"
    return ""


def _is_part(part: str, low: int, high: int, words: list[str]) -> bool:
    match = _CRON_PART.fullmatch(part)
    if match is None or match["step"] == "0":
        return False
    if match["first"] in {"*", "?"}:
        return match["last"] is None
    numbers = [_cron_number(text, low, words) for text in (match["first"], match["last"] or match["first"])]
    return all(number is not None and low <= number <= high for number in numbers) and numbers == sorted(
        number for number in numbers if number is not None
    )


def _cron_number(text: str, low: int, words: list[str]) -> int | None:
    if text.lower() in words:
        return words.index(text.lower()) + low
    return int(text) if text.isascii() and text.isdigit() else None

"""Values over a chart's defaults, and what is wrong with them where the chart has no schema."""

from __future__ import annotations

import difflib
import re
from typing import TYPE_CHECKING, Any

from afspec.verify.cluster.schemas import Fault, shown

if TYPE_CHECKING:
    from collections.abc import Iterator

    from afspec.verify.cluster.charts import Chart
    from afspec.verify.cluster.reading import Path

# Maps that hold whatever a pod, an object or a program understands, in any chart.
_FREE = re.compile(
    r"^(?:global|resources|limits|requests|affinity|tolerations|.*(?:[sS]elector|[aA]nnotations|[lL]abels"
    r"|[sS]ecurityContext|[eE]nv|[pP]robe|[vV]olumes?|[vV]olumeMounts?)|(?:extra|additional)[A-Z].*)$"
)
# How alike a key and another must be to be a slip of the hand (difflib's ratio): `annotation` and `annotations`.
_ALIKE = 0.75


def coalesced(defaults: Any, values: Any) -> Any:
    """Values over defaults as Helm coalesces them: by key; null takes away what the chart has."""
    if not (isinstance(defaults, dict) and isinstance(values, dict)):
        return values
    result = dict(defaults)
    for key, value in values.items():
        if value is None:
            # Helm leaves a null of which the chart has nothing to take away (measured, 4.1).
            if result.pop(key, None) is None:
                result[key] = None
        else:
            result[key] = coalesced(defaults.get(key), value)
    return result


class Unschooled:
    """A chart without a schema: its defaults say which keys it knows.

    A key is known as well where a comment of its values.yaml or a template mentions it; what is below an empty map, a
    list or nothing is free, and so are maps that hold parts of objects. Where the templates are not at hand, a key is
    at fault only if it looks like one that is known: others are `untold`.
    """

    def __init__(self, chart: Chart) -> None:
        self._chart = chart
        self._defaults = chart.defaults
        self._parts = {*chart.parts, "global"}
        self._mentioned = chart.mentioned()
        self.untold: list[str] = []

    def faults(self, values: dict[str, Any]) -> Iterator[Fault]:
        """What is wrong with values."""
        for key, value in values.items():
            # What is given to a chart that this one brings along is for that one to know.
            if key not in self._parts:
                yield from self._at((key,), value, self._defaults)

    def _at(self, at: Path, value: Any, around: dict[str, Any]) -> Iterator[Fault]:
        key = str(at[-1])
        if key not in around:
            if self._is_mentioned(key):
                return
            if self._chart.whole or difflib.get_close_matches(key, map(str, around), 1, _ALIKE):
                yield Fault(at, f"the chart has no value `{key}`{_near(key, around)}")
            else:
                self.untold.append(shown(at))
            return
        default = around[key]
        if isinstance(default, dict) and default:
            if _FREE.match(key):
                return
            if isinstance(value, dict):
                for name, item in value.items():
                    yield from self._at((*at, str(name)), item, default)
            elif value is not None:
                yield Fault(at, "is no map, as the chart's default is")
        elif isinstance(default, bool) and value is not None and not isinstance(value, bool):
            yield Fault(at, f"{value!r} is no boolean, as the chart's default is: to a template it may be true")

    def _is_mentioned(self, key: str) -> bool:
        word = re.escape(key)
        return (
            re.search(rf"^ *#[ #]*-? ?{word}:|\.{word}\b|\bindex .*\"{word}\"", self._mentioned, re.MULTILINE)
            is not None
        )


def _near(key: str, known: dict[str, Any]) -> str:
    from afspec.diagnostics import nearest  # noqa: PLC0415

    near = nearest(key, list(known))
    return f"; did you mean `{near}`?" if near else ""

"""Strips of a site's last runs: one mark a run, and an open place where a run did not ask."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from markupsafe import Markup

from afspec.report.attempts import utc
from afspec.report.html import faces
from afspec.report.html.text import moment

if TYPE_CHECKING:
    from collections.abc import Iterable

    from afspec.report.html.pages import PastRun
    from afspec.verdict import Verdict

LENGTH = 30


@dataclass(frozen=True, slots=True)
class Strip:
    """The marks of an instance, oldest first, and what they add up to."""

    marks: Markup
    summary: str


class Strips:
    """The strips of one site. Marks are made once a run and verdict: a large matrix shows hundreds of thousands."""

    def __init__(self, runs: list[PastRun]) -> None:
        self.runs = runs
        self._marks: list[dict[Verdict | None, str]] = [{} for _ in runs]

    def _mark(self, index: int, verdict: Verdict | None) -> str:
        marks = self._marks[index]
        if verdict not in marks:
            face = faces.OF_VERDICT[verdict] if verdict else faces.GAP
            at = moment(self.runs[index].at)
            marks[verdict] = f'<li class={face.kind} title="{at}: {face.word}">{face.glyph}'
        return marks[verdict]

    def strip(self, requirement: str, item: str) -> Strip:
        """The last runs of an instance, with their gaps."""
        key = (requirement, item)
        verdicts = [run.verdicts.get(key) for run in self.runs]
        marks = "".join([self._mark(index, verdict) for index, verdict in enumerate(verdicts)])
        counts = Counter(faces.OF_VERDICT[verdict].word if verdict else "not asked" for verdict in verdicts)
        told = ", ".join(f"{count} {word}" for word, count in counts.most_common())
        runs = "1 run" if len(verdicts) == 1 else f"{len(verdicts)} runs"
        return Strip(Markup(marks), f"last {runs}: {told}" if verdicts else "no run is on record")  # noqa: S704 - only our own words and dates


def strips(history: Iterable[PastRun]) -> defaultdict[str, Strips]:
    """The strips of each site of one environment; a run that is given twice counts once, as it was given last."""
    runs: defaultdict[str, dict[str, PastRun]] = defaultdict(dict)
    for run in history:
        runs[run.site][run.run] = run
    made: defaultdict[str, Strips] = defaultdict(lambda: Strips([]))
    for site, by_name in runs.items():
        made[site] = Strips(sorted(by_name.values(), key=lambda run: (utc(run.at), run.run))[-LENGTH:])
    return made

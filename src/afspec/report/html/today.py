"""What a report's results are worth on the day that the pages are made: proofs go stale, waivers expire.

The report itself is never changed by it: what it said, and when, is shown beside.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from afspec.report.attempts import utc
from afspec.report.html import faces
from afspec.verdict import Outcome, SiteWord, Verdict

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterable, Mapping

    from afspec.report.html.faces import Face
    from afspec.report.model import Cause, Counts, Report, Result, WaiverRecord

_RESTS_ON_PROOF = {Verdict.VERIFIED, Verdict.DEGRADED}


@dataclass(frozen=True, slots=True)
class Seen:
    """An instance as it is shown today.

    `note` says why it is no longer what its report says, if it is not; `reason` why it could not be tried.
    """

    result: Result
    face: Face
    note: str = ""
    waiver: WaiverRecord | None = None
    reason: str = ""

    @property
    def flags(self) -> list[str]:
        """What its flags tell, in words, besides what the face says already."""
        said = {faces.CONFIGURED: "configured", faces.STALE: "stale"}.get(self.face)
        return [faces.FLAGS.get(flag, flag.replace("_", " ")) for flag in self.result.flags if flag != said]


@dataclass(frozen=True, slots=True)
class Standing:
    """A site's word today, with the counts behind it; `was` is the report's own word where that is no longer true."""

    word: str
    face: Face
    counts: str
    was: str = ""


def _expired(waiver: WaiverRecord, today: dt.datetime) -> bool:
    return waiver.expires < utc(today).date()


def waiver_state(waiver: WaiverRecord, today: dt.datetime) -> str:
    """One phrase: valid until when, or why it covers nothing."""
    if _expired(waiver, today):
        return f"expired on {waiver.expires.isoformat()}: covers nothing"
    if not waiver.valid:
        return f"not valid: {waiver.problem or 'no reason was recorded'}"
    return f"valid until {waiver.expires.isoformat()}"


def _reason(result: Result, causes: Mapping[str, Cause]) -> str:
    """Why the first of its checks that could not be tried could not; the cause behind it, where one is named."""
    for check in result.checks:
        if check.outcome is Outcome.UNVERIFIED:
            cause = causes.get(check.cause or "")
            reason = (cause.reason if cause else check.reason) or ""
            return f"{cause.target}: {reason}".replace("_", " ") if cause else reason.replace("_", " ")
    return "not run" if result.verdict is Verdict.UNVERIFIED and "stale" not in result.flags else ""


def _face(result: Result, waiver: WaiverRecord | None, today: dt.datetime) -> tuple[Face, str]:
    """How a result looks today, and why that is not what its report says."""
    verdict = result.verdict
    if verdict is Verdict.WAIVED and (waiver is None or not waiver.valid or _expired(waiver, today)):
        why = waiver_state(waiver, today) if waiver else "not in the report"
        return faces.BROKEN, f"its waiver {result.waiver or ''} is {why}".replace("  ", " ")
    if verdict in _RESTS_ON_PROOF and result.fresh_until and utc(result.fresh_until) <= utc(today):
        return faces.STALE, f"was {faces.OF_VERDICT[verdict].word}; fresh until {utc(result.fresh_until).date()}"
    if verdict is Verdict.UNVERIFIED and "stale" in result.flags:
        return faces.STALE, ""
    if verdict is Verdict.VERIFIED and "configured" in result.flags:
        return faces.CONFIGURED, ""
    return faces.OF_VERDICT[verdict], ""


def seen(report: Report, today: dt.datetime) -> list[Seen]:
    """Every instance of a report as it is shown today, in the report's order."""
    waivers = {waiver.id: waiver for waiver in report.waivers}
    causes = {cause.id: cause for cause in report.causes}
    shown = []
    for result in report.results:
        waiver = waivers.get(result.waiver or "")
        face, note = _face(result, waiver, today)
        shown.append(Seen(result, face, note, waiver, _reason(result, causes)))
    return shown


def tally(instances: Iterable[Seen]) -> tuple[tuple[Face, int], ...]:
    """How many instances have each face, best first."""
    counted = Counter(instance.face for instance in instances)
    return tuple(sorted(counted.items(), key=lambda pair: -pair[0].rank))


def words(counts: Iterable[tuple[Face, int]]) -> str:
    """Counts as text: 3 verified, 1 broken."""
    return ", ".join(f"{count} {face.word}" for face, count in counts)


def as_counted(counts: Counts) -> str:
    """The counts of a summary as its report gives them, as text; what is nought is left out."""
    told = [f"{number} {name.replace('_', ' ')}" for name, number in counts if number and name != "configured"]
    if counts.configured:
        told.append(f"{counts.configured} of the verified configured, not tried")
    return ", ".join(told) or "nothing counted"


def standing(report: Report, instances: list[Seen]) -> Standing:
    """The site's word today: the report's, unless proofs that it rests on went stale or waivers expired since.

    A report of one profile rests on more than what was promised: then anything that was lost since counts.
    """
    counted = [instance for instance in instances if instance.result.decides]
    lost = {instance.face for instance in (instances if report.profile else counted) if instance.note}
    said, word = report.summary.word, report.summary.word
    if faces.BROKEN in lost:
        word = SiteWord.NON_CONFORMANT
    elif faces.STALE in lost and word is not SiteWord.NON_CONFORMANT:
        word = SiteWord.NOT_DEMONSTRATED
    was = f"{said.value} on {utc(report.generated).date()}" if word is not said else ""
    if report.profile:
        return Standing(word.value, faces.OF_WORD[word], f"in the report: {as_counted(report.summary.counts)}", was)
    shown_only = len(instances) - len(counted)
    counts = words(tally(counted)) or "nothing counted"
    return Standing(
        word.value, faces.OF_WORD[word], f"{counts}, {shown_only} not counted" if shown_only else counts, was
    )

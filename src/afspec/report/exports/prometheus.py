"""Prometheus' text exposition, for the textfile collector: verdicts, counts, and when proofs go stale."""

from __future__ import annotations

from typing import TYPE_CHECKING

from afspec.report.attempts import utc
from afspec.report.exports.form import Exported
from afspec.verdict import SiteWord, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from afspec.report.exports.form import Subject

Sample = tuple[dict[str, str], float]


def prometheus(subject: Subject) -> Exported:
    """The report as gauges; every one says the site and whether it is the site or its twin."""
    return Exported("".join(_families(subject)))


def _families(subject: Subject) -> Iterator[str]:
    report = subject.report
    about = {"site": report.site, "environment": report.environment}
    words = [(about | {"word": word.value}, float(word is subject.word)) for word in SiteWord]
    yield from _family("afspec_site_word", "1 for the word of the site when this was exported.", words)
    counts = [(about | {"verdict": name}, float(number)) for name, number in report.summary.counts]
    yield from _family("afspec_instances", "Instances by verdict, as the report counts them.", counts)
    verdicts, fresh = [], []
    for result in subject.results:
        labels = about | {"requirement": result.requirement, "item": result.item}
        counted = labels | {"decides": str(result.decides).lower()}
        verdicts += [(counted | {"verdict": each.value}, float(each is result.verdict)) for each in Verdict]
        if result.fresh_until:
            fresh.append((labels, utc(result.fresh_until).timestamp()))
    yield from _family("afspec_verdict", "1 for the verdict of an instance.", verdicts)
    yield from _family("afspec_fresh_until_timestamp_seconds", "When the proof of an instance goes stale.", fresh)
    generated = [(about, utc(report.generated).timestamp())]
    yield from _family("afspec_generated_timestamp_seconds", "When the verdicts were judged.", generated)
    partial = [(about, float(bool(subject.partial)))]
    yield from _family("afspec_partial", "1 where not everything was asked.", partial)


def _family(name: str, description: str, samples: Iterable[Sample]) -> Iterator[str]:
    yield f"# HELP {name} {description}\n# TYPE {name} gauge\n"
    for labels, value in samples:
        listed = ",".join(f'{label}="{_escaped(text)}"' for label, text in labels.items())
        yield f"{name}{{{listed}}} {value:.15g}\n"


def _escaped(text: str) -> str:
    r"""A label's value: \, " and the end of a line are escaped (Prometheus, Text-based format)."""
    return text.replace("\\", r"\\").replace('"', r"\"").replace("\r", " ").replace("\n", r"\n")

"""JUnit XML: what counts for the site's word in one suite, the rest in another, so that neither hides in the other.

Verified passes; degraded and broken fail; unverified and error are errors, never skips; waived is skipped with the id
of its waiver; what is not promised or does not apply is skipped with the reason.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from afspec.report.attempts import utc
from afspec.report.exports.form import Exported, title, why
from afspec.verdict import Verdict

if TYPE_CHECKING:
    from collections.abc import Sequence

    from afspec.report.exports.form import Subject
    from afspec.report.model import Report, Result

_TAGS: Final = {
    Verdict.VERIFIED: "",
    Verdict.DEGRADED: "failure",
    Verdict.BROKEN: "failure",
    Verdict.UNVERIFIED: "error",
    Verdict.ERROR: "error",
    Verdict.WAIVED: "skipped",
    Verdict.NOT_PROMISED: "skipped",
    Verdict.NOT_APPLICABLE: "skipped",
}
# What XML 1.0 cannot hold (Extensible Markup Language 1.0, 2.2).
_UNFIT: Final = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def junit(subject: Subject) -> Exported:
    """The report as JUnit XML."""
    report = subject.report
    counted = [result for result in subject.results if result.decides]
    shown = [result for result in subject.results if not result.decides]
    root = Element("testsuites", name=_text(f"afspec {subject.name}: {subject.word} ({'; '.join(subject.remarks)})"))
    for name, results in ((f"{subject.name}: promised", counted), (f"{subject.name}: shown, not counted", shown)):
        _suite(root, name, report, results)
    for name in ("tests", "failures", "errors", "skipped"):
        root.set(name, str(sum(int(suite.get(name, "0")) for suite in root)))
    indent(root, " ")
    return Exported('<?xml version="1.0" encoding="UTF-8"?>\n' + tostring(root, encoding="unicode") + "\n")


def _suite(root: Element, name: str, report: Report, results: Sequence[Result]) -> None:
    suite = SubElement(root, "testsuite", name=_text(name))
    tags = [_TAGS[result.verdict] for result in results]
    counts = {"failures": tags.count("failure"), "errors": tags.count("error"), "skipped": tags.count("skipped")}
    for key, number in ({"tests": len(tags)} | counts).items():
        suite.set(key, str(number))
    suite.set("time", f"{sum(map(_seconds, results)):.3f}")
    suite.set("timestamp", utc(report.generated).strftime("%Y-%m-%dT%H:%M:%S"))
    capabilities = {row.id: row.capability for row in report.requirements}
    for result in results:
        case = SubElement(suite, "testcase", name=_text(title(report, result)))
        case.set("classname", _text(f"{report.site}.{capabilities.get(result.requirement, 'unknown')}"))
        case.set("time", f"{_seconds(result):.3f}")
        if tag := _TAGS[result.verdict]:
            found = SubElement(case, tag, message=_text(_message(result)), type=result.verdict.value)
            found.text = _text("\n".join(f"{check.name}: {check.outcome} {check.text}" for check in result.checks))


def _message(result: Result) -> str:
    if result.verdict is Verdict.WAIVED:
        return f"waived by {result.waiver}: {why(result)}"
    if result.verdict is Verdict.NOT_PROMISED:
        return f"not promised: {result.promise.value.replace('_', ' ')}"
    return f"{result.verdict.value.replace('_', ' ')}: {why(result)}"


def _seconds(result: Result) -> float:
    return sum(attempt.seconds for check in result.checks for attempt in check.attempts)


def _text(value: str) -> str:
    return _UNFIT.sub("\ufffd", value)

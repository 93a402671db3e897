"""An in-toto Statement with a test-result predicate (in-toto Attestation Framework, Statement v1, Test Result v0.1).

Its subject is report.json; the spec and the catalogue are its configuration. It knows only PASSED, WARNED and FAILED:
PASSED is conformant, WARNED conformant with waivers, and what was not demonstrated is FAILED, so that no policy that
asks for a pass takes silence for one.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from afspec.report.exports.form import Exported
from afspec.verdict import SiteWord, Verdict

if TYPE_CHECKING:
    from afspec.report.exports.form import Subject
    from afspec.report.model import Digested, Result

_RESULTS: Final = {SiteWord.CONFORMANT: "PASSED", SiteWord.WITH_WAIVERS: "WARNED"}
_UNSAID: Final = {Verdict.NOT_PROMISED, Verdict.NOT_APPLICABLE}


def intoto(subject: Subject) -> Exported:
    """The report as a statement, to be put into an envelope and signed by whoever makes it."""
    report = subject.report
    tests: dict[str, list[str]] = {"passedTests": [], "warnedTests": [], "failedTests": []}
    for result in subject.results:
        if result.verdict not in _UNSAID:
            name = f"{result.requirement}[{result.item}]" if result.item else result.requirement
            tests[_list_of(result)].append(name)
    about = {"environment": report.environment, "site": report.site, "signature": subject.signature}
    failed = report.exit_code != 0 or bool(subject.partial)
    statement: dict[str, Any] = {
        "_type": "https://in-toto.io/Statement/v1",
        "subject": [
            {"name": f"report.json of {subject.name}", "digest": {"sha256": subject.sha256}, "annotations": about}
        ],
        "predicateType": "https://in-toto.io/attestation/test-result/v0.1",
        "predicate": {
            "result": "FAILED" if failed else _RESULTS.get(subject.word, "FAILED"),
            "configuration": [_described("spec.json", report.spec), _described("catalogue", report.catalogue)],
            **tests,
        },
    }
    return Exported(json.dumps(statement, indent=1) + "\n")


def _list_of(result: Result) -> str:
    if result.verdict is Verdict.VERIFIED:
        return "passedTests"
    # What decides nothing cannot fail a site; that it did not pass is said.
    return "warnedTests" if result.verdict is Verdict.WAIVED or not result.decides else "failedTests"


def _described(name: str, digested: Digested) -> dict[str, Any]:
    """A ResourceDescriptor; the digest is that of the plain data, which an annotation says."""
    form = "JSON with sorted keys and no spaces"
    return {
        "name": f"{name} ({digested.name})",
        "digest": {"sha256": digested.sha256},
        "annotations": {"canonical": form},
    }

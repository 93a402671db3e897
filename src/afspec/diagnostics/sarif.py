"""Diagnostics as SARIF 2.1.0 (OASIS, errata 01), which code hosts and editors read and remember from run to run.

A finding's fingerprint is made of its code, its pointer and its spec, so that it stays the same finding when lines
move. One that the spec lives with is suppressed, with the reason that the spec gives.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections import Counter
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from afspec.diagnostics.render import printable

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from afspec.diagnostics.diagnostic import Diagnostic, Reported
    from afspec.diagnostics.meaning import Meaning

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
BASE = "SRCROOT"
FINGERPRINT = "afspec/v1"


def message(text: str) -> dict[str, str]:
    """A message object: braces stand for themselves (3.11.5), and nothing in it is a link (3.11.6)."""
    shown = printable(text, keep="\n").replace("{", "{{").replace("}", "}}")
    return {"text": shown.replace("](", "] (") or "-"}


def location(path: str, root: str) -> dict[str, str]:
    """An artifact's location: below `root` relative to it, elsewhere a URI of its own (3.4)."""
    whole = os.path.normpath(path if path.startswith("/") else f"{root}/{path}")
    inside = whole.startswith(root.rstrip("/") + "/")
    shown = os.path.relpath(whole, root) if inside else whole
    uri = quote(_bytes(shown), safe="/")
    return {"uri": uri, "uriBaseId": BASE} if inside else {"uri": f"file://{uri}"}


def _bytes(name: str) -> bytes:
    """A file's name as the file system has it, also where it is not UTF-8; text that is no name loses what is not."""
    try:
        return os.fsencode(name)
    except UnicodeEncodeError:
        return name.encode("utf-8", "replace")


def _region(diagnostic: Diagnostic) -> dict[str, int] | None:
    span = diagnostic.span
    if span is None:
        return None
    first, column = max(1, span.line), max(1, span.column)
    last = max(first, span.end_line)
    end = max(column if last == first else 1, span.end_column)
    return {"startLine": first, "startColumn": column, "endLine": last, "endColumn": end}


def _locations(diagnostic: Diagnostic, root: str) -> list[dict[str, Any]]:
    found: dict[str, Any] = {}
    file = diagnostic.span.file if diagnostic.span else diagnostic.place
    if file and not file.startswith("--"):  # which is an option of the command
        found["physicalLocation"] = {"artifactLocation": location(file, root)}
        if region := _region(diagnostic):
            found["physicalLocation"]["region"] = region
    if diagnostic.pointer:
        found["logicalLocations"] = [{"fullyQualifiedName": printable(diagnostic.pointer)}]
    return [found] if found else []


def _rule(meaning: Meaning) -> dict[str, Any]:
    why = f"{meaning.title}. {meaning.why}" if meaning.why else f"{meaning.title}."
    steps = [part for part in (meaning.why, meaning.advice) if part]
    return {
        "id": meaning.code,
        "shortDescription": message(meaning.title),
        "fullDescription": message(why),
        "help": {
            **message("\n\n".join(steps)),
            "markdown": "\n\n".join([f"**{meaning.title}**", *steps]).replace("{", "{{").replace("}", "}}"),
        },
        "defaultConfiguration": {"level": meaning.severity},
    }


def _result(reported: Reported, root: str, index: dict[str, int], print_: str) -> dict[str, Any]:
    diagnostic = reported.diagnostic
    text = f"{diagnostic.message}. {diagnostic.hint}" if diagnostic.hint else diagnostic.message
    row: dict[str, Any] = {
        "ruleId": diagnostic.code,
        "level": diagnostic.severity.value,
        "message": message(text),
        "locations": _locations(diagnostic, root),
        "partialFingerprints": {FINGERPRINT: print_},
        # For all results or for none (3.27.23): an empty list says that this one is not suppressed.
        "suppressions": [],
    }
    if diagnostic.code in index:
        row["ruleIndex"] = index[diagnostic.code]
    if diagnostic.ignored is not None:
        reason = printable(diagnostic.ignored)
        row["suppressions"] = [{"kind": "inSource", "status": "accepted", "justification": reason}]
    return row


def _fingerprints(found: Iterable[Reported], root: str) -> list[str]:
    """What tells each finding from the others; of several alike, also which of them it is."""
    seen: Counter[tuple[str, ...]] = Counter()
    prints = []
    for spec, diagnostic in found:
        key = (diagnostic.code, diagnostic.pointer, location(spec, root)["uri"])
        whole = json.dumps([*key, seen[key]])
        seen[key] += 1
        prints.append(hashlib.sha256(whole.encode()).hexdigest())
    return prints


def render_sarif(found: Sequence[Reported], meanings: Sequence[Meaning], version: str, root: str) -> str:
    """All findings as one SARIF log of one run.

    Args:
        found: the diagnostics, those that specs ignore among them.
        meanings: the documentation of all diagnostics that there are.
        version: afspec's.
        root: the absolute path of the folder that paths are relative to.
    """
    index = {meaning.code: number for number, meaning in enumerate(meanings)}
    prints = _fingerprints(found, root)
    run = {
        "tool": {"driver": {"name": "afspec", "version": version, "rules": [_rule(meaning) for meaning in meanings]}},
        "columnKind": "unicodeCodePoints",
        "originalUriBaseIds": {BASE: {"description": {"text": "The folder that afspec was run in."}}},
        "results": [_result(one, root, index, print_) for one, print_ in zip(found, prints, strict=True)],
    }
    return json.dumps({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2)

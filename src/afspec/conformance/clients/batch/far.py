"""What the scripts of both clients share on the far side, which has sh, coreutils and the scheduler's own commands."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from afspec.conformance.trouble import FailedError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from afspec.conformance.reach import Answer

# A shell that is no login shell may not know where the scheduler's commands are; $1 lists variables that break them.
START = """
find_client() {
    command -v "$1" >/dev/null 2>&1 && return
    if [ -r /etc/profile ]; then . /etc/profile >/dev/null 2>&1 </dev/null; fi
}
for variable in $1; do unset "$variable"; done
shift
USER=${USER:-$(id -un)}
export USER
# Jobs take the proxy along that this names; a user who has none sends them without.
[ -r "${X509_USER_PROXY:-}" ] || unset X509_USER_PROXY
umask 077
"""
# Removes a folder of our own: $1 is its name, never a path.
FORGET = """
case $1 in afspec-*/* | *..*) exit 64 ;; afspec-*) rm -rf -- "${HOME:?}/$1" ;; *) exit 64 ;; esac
"""
NOT_FOUND = 127
# Seconds for one question: schedulers under load take some.
PATIENCE = 30


def lines(answer: Answer) -> list[str]:
    """The lines of an answer that are not empty."""
    return [line for line in answer.out.splitlines() if line.strip()]


def rows(text: str, columns: int) -> list[list[str]]:
    """The lines that have so many columns between bars; the last column may hold bars of its own."""
    found = [line.strip().split("|", columns - 1) for line in text.splitlines()]
    return [row for row in found if len(row) == columns]


def good(answer: Answer, what: str) -> Answer:
    """The answer, where it is a good one.

    Raises:
        FailedError: the command did not end with 0; the scheduler's own words are in the message.
    """
    if not answer.ok:
        raise FailedError(f"{what}: {answer.words}")
    return answer


def compiled(files: Mapping[str, str], path: str) -> str:
    """The text of a compiled file.

    Raises:
        LookupError: the site has no such file; no check is asked where the spec gives none.
    """
    if path not in files:
        raise LookupError(f"nothing was compiled as {path}")
    return files[path]


def number(text: object) -> float | None:
    """A time or a count that may be missing: "Unknown", "undefined", null."""
    word = str(text)
    return float(word) if re.fullmatch(r"-?\d+(\.\d+)?", word) else None


def ads(answer: Answer, what: str) -> Iterator[dict[str, Any]]:
    """The records of an answer in JSON; of none, HTCondor writes nothing at all or an empty list.

    Raises:
        FailedError: it is no such JSON.
    """
    text = answer.out.strip()
    try:
        found = json.loads(text) if text else []
    except ValueError:
        raise FailedError(f"{what} answers with something that is no JSON: {text[:80]!r}") from None
    if not isinstance(found, list) or not all(isinstance(ad, dict) for ad in found):
        raise FailedError(f"{what} answers with something that is no list of jobs: {text[:80]!r}")
    yield from found

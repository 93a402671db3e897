"""JSON documents that services answer with: what is none, or lacks what it must have, is the service's fault."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from afspec.conformance.clients.pages import object_of, said
from afspec.conformance.trouble import FailedError

if TYPE_CHECKING:
    import httpx

_CREATED = 201


def document(answer: httpx.Response, what: str) -> dict[str, Any]:
    """The JSON object of an answer, also to a request that has made something; `what` was asked.

    Raises:
        FailedError: another status than 200 or 201, or no JSON object.
    """
    return object_of(answer, what, _CREATED)


def words(answer: httpx.Response) -> str:
    """An answer in a line: its status, and what it says."""
    return f"{answer.status_code} {said(answer)}".strip()


def part(of: dict[str, Any], name: str, kind: type, what: str) -> Any:
    """A value of a document.

    Raises:
        FailedError: it is not there, or is not of that kind.
    """
    value = of.get(name)
    if not isinstance(value, kind):
        raise FailedError(f"{what}: {name} is {value!r:.80}, no {kind.__name__}")
    return value

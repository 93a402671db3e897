"""Web pages as a browser's user meets them: their forms, and what they say."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin

from afspec.conformance.trouble import FailedError

if TYPE_CHECKING:
    import httpx

_HIDDEN = re.compile(r"<(script|style|title)\b.*?</\1>|<[^>]+>", re.DOTALL | re.IGNORECASE)
_SAID = 300


@dataclass
class Form:
    """A form: where it is sent, the values of its fields, and those of them that hold a password."""

    action: str
    fields: dict[str, str] = field(default_factory=dict)
    passwords: list[str] = field(default_factory=list)

    def named(self, *names: str) -> str:
        """The first of the names that it has a field of; "" where it has none."""
        return next((name for name in names if name in self.fields), "")


class _Forms(HTMLParser):
    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[Form] = []
        self._select = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.found.append(Form(values.get("action", "")))
        elif self.found:
            self._field(tag, values, self.found[-1])

    def _field(self, tag: str, values: dict[str, str], form: Form) -> None:
        name = values.get("name", "")
        if tag == "input" and name:
            form.fields[name] = values.get("value", "")
            if values.get("type") == "password":
                form.passwords.append(name)
        elif tag == "select":
            self._select = name
        elif tag == "option" and self._select:
            form.fields.setdefault(self._select, values.get("value", ""))


def forms(page: httpx.Response) -> list[Form]:
    """The forms of a page, in order; their actions are whole addresses."""
    found = _Forms(page.text).found
    for form in found:
        form.action = urljoin(str(page.url), form.action)
    return found


def said(page: httpx.Response) -> str:
    """What a page says to who reads it: its first words, without its markup."""
    return " ".join(_HIDDEN.sub(" ", page.text).split())[:_SAID]


def json_of(answer: httpx.Response, what: str, *fine: int) -> Any:
    """The JSON of an answer; `fine` are statuses to take besides 200.

    Raises:
        FailedError: another status, or no JSON.
    """
    if answer.status_code not in {200, *fine}:
        raise FailedError(f"{what} answers {answer.status_code}: {said(answer)}")
    try:
        return answer.json()
    except ValueError as error:
        raise FailedError(f"{what} answers no JSON: {said(answer)}") from error


def object_of(answer: httpx.Response, what: str, *fine: int) -> dict[str, Any]:
    """The JSON object of an answer.

    Raises:
        FailedError: another status, no JSON, or something else than an object.
    """
    found = json_of(answer, what, *fine)
    if not isinstance(found, dict):
        raise FailedError(f"{what} answers no JSON object: {said(answer)}")
    return found

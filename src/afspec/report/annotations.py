"""Remarks on reports, in files of their own: they stand beside a report and never change it.

- site: bnl
  date: 2026-11-22
  kind: dispute                 # or reply: what the site says
  author: BNL operations
  requirement: AF-BATCH-003     # left out: about all of the site
  item: htcondor/cpu            # left out: about all of the requirement
  text: The pool was drained that day, as announced on the list.
"""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Annotated, Any, Literal

import yaml
from pydantic import Field, StringConstraints, ValidationError, model_validator

from afspec.report.errors import ReportError
from afspec.report.html.pages import Annotation
from afspec.report.model import Environment, Part, RequirementId

if TYPE_CHECKING:
    from pathlib import Path
    from typing import Self

Line = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]


class Remark(Part):
    """One entry of a file."""

    site: Line
    environment: Environment = "site"
    date: dt.date
    kind: Literal["dispute", "reply"]
    author: Line
    text: Line
    requirement: RequirementId | None = None
    item: str = Field("", description="What of the site it is about.")

    @model_validator(mode="after")
    def _item_of_something(self) -> Self:
        if self.item and self.requirement is None:
            raise ValueError("an item needs the requirement that it is an instance of")
        return self

    @property
    def annotation(self) -> Annotation:
        """As pages want it."""
        author = f"{self.author} ({self.kind})"
        return Annotation(
            self.site, self.date, author, self.text, self.requirement or "", self.item, environment=self.environment
        )


def read(folder: Path) -> tuple[Annotation, ...]:
    """All remarks of a folder, the earliest first; none where there is no such folder.

    Raises:
        ReportError: a file cannot be read, or an entry does not fit; it says which, and what is wrong.
    """
    found = [remark for path in sorted(folder.glob("*.yaml")) for remark in _of_file(path)]
    return tuple(remark.annotation for remark in sorted(found, key=lambda remark: remark.date))


def _of_file(path: Path) -> list[Remark]:
    form = "It must be a list; each entry has site, date, kind, author and text."
    try:
        entries = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ReportError(error.strerror or str(error), str(path), form) from error
    except (yaml.YAMLError, ValueError) as error:
        raise ReportError(f"is no YAML: {' '.join(str(error).split())}", str(path), form) from error
    if not isinstance(entries, list):
        raise ReportError("is no list", str(path), form)
    return [_remark(path, number, entry) for number, entry in enumerate(entries, start=1)]


def _remark(path: Path, number: int, entry: Any) -> Remark:
    try:
        return Remark.model_validate(entry, strict=True)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(map(str, first["loc"])) or "entry"
        what = f"entry {number}: {place}: {first['msg']}"
        raise ReportError(what, str(path), "Dates are written as 2026-11-22; kind is dispute or reply.") from error

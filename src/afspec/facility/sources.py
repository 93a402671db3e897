"""Section `sources`: where each fact was published, keyed to the field and not cluttering it."""

from __future__ import annotations

import datetime as dt
from enum import StrEnum
from typing import Any, Self

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from afspec.facility.common import Model
from afspec.facility.quantities import Date, PartialDate
from afspec.facility.words import Text, Url


def fresh_since(day: dt.date, stale_after: int) -> dt.date:
    """The day since which what was said is fresh on `day`; the calendar has a first."""
    age = dt.timedelta(seconds=stale_after)
    return day - age if day - dt.date.min >= age else dt.date.min


class FactState(StrEnum):
    """How far a fact can be trusted."""

    PUBLISHED = "published"
    VERIFIED = "verified"
    CONFLICT = "conflict"
    RESOLVED = "resolved"
    UNVERIFIED = "unverified"


class Conflict(Model):
    """What another document says of the same field."""

    value: bool | int | float | Text = Field(description="The rival value.")
    doc: Text = Field(description="Where it is said.")
    as_of: Date | None = Field(None, description="When it was said.")


class Resolution(Model):
    """How a conflict was settled: the rival value stays in the spec as history, and is no longer one."""

    by: Text = Field(description="Who settled it.", examples=["SLAC S3DF user support"])
    as_of: Date = Field(description="When.", examples=["2026-11-23"])
    how: Text = Field(
        description="What settled it: why the value of the spec stands.", examples=["The older page was corrected."]
    )


class Source(Model):
    """Where a fact was published, and when; it covers the field and all below it that has no source of its own."""

    doc: Text = Field(description="The document.", examples=["slaclab/sdf-docs batch-compute.md"])
    url: Url | None = Field(None, description="Its address.")
    as_of: Date | None = Field(None, description="When it said so.", examples=["2026-03"])
    state: FactState = Field(FactState.PUBLISHED, description="How far it can be trusted.")
    conflict: Conflict | None = Field(None, description="What another document says.")
    resolved: Resolution | None = Field(None, description="Who settled the conflict, when and how.")
    note: Text | None = Field(None, description="What a reader should know of it.")

    @property
    def confirmed(self) -> PartialDate | None:
        """When the fact was last said: by its document, or by who settled a conflict about it."""
        said = [date for date in (self.as_of, self.resolved.as_of if self.resolved else None) if date is not None]
        return max(said, key=lambda date: date.latest, default=None)

    def said_before(self, day: dt.date) -> bool:
        """Whether the fact is known to be older than a day; one without a date is not."""
        said = self.confirmed
        return said is not None and said.latest < day

    @model_validator(mode="before")
    @classmethod
    def _conflict_is_a_state(cls, data: Any) -> Any:
        if isinstance(data, dict) and "conflict" in data and "state" not in data:
            return {**data, "state": FactState.RESOLVED if "resolved" in data else FactState.CONFLICT}
        return data

    @model_validator(mode="after")
    def _state_fits(self) -> Self:
        if self.resolved is not None and self.conflict is None:
            message = "what is resolved is a conflict, and none is named"
            expected = "Keep `conflict: {value: ..., doc: ...}` beside it: the rival value stays as history."
            raise PydanticCustomError("afspec_form", message, {"expected": expected})
        if (self.state is FactState.RESOLVED) != (self.resolved is not None):
            message = "a resolved conflict says by whom, and only a resolved one does"
            expected = "Give `resolved: {by: ..., as_of: ..., how: ...}` beside the conflict, without a state."
            raise PydanticCustomError("afspec_form", message, {"expected": expected})
        if (self.state is FactState.CONFLICT) != (self.conflict is not None and self.resolved is None):
            message = "a conflict names its rival value, and only a conflict does"
            expected = "Give `conflict: {value: ..., doc: ...}` without a state, or leave it out."
            raise PydanticCustomError("afspec_form", message, {"expected": expected})
        return self

"""Section `sources`: where each fact was published, keyed to the field and not cluttering it."""

from __future__ import annotations

from enum import StrEnum
from typing import Any, Self

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from afspec.facility.common import Model
from afspec.facility.quantities import Date
from afspec.facility.words import Text, Url


class FactState(StrEnum):
    """How far a fact can be trusted."""

    PUBLISHED = "published"
    VERIFIED = "verified"
    CONFLICT = "conflict"
    UNVERIFIED = "unverified"


class Conflict(Model):
    """What another document says of the same field."""

    value: bool | int | float | Text = Field(description="The rival value.")
    doc: Text = Field(description="Where it is said.")
    as_of: Date | None = Field(None, description="When it was said.")


class Source(Model):
    """Where a fact was published, and when; it covers the field and all below it that has no source of its own."""

    doc: Text = Field(description="The document.", examples=["slaclab/sdf-docs batch-compute.md"])
    url: Url | None = Field(None, description="Its address.")
    as_of: Date | None = Field(None, description="When it said so.", examples=["2026-03"])
    state: FactState = Field(FactState.PUBLISHED, description="How far it can be trusted.")
    conflict: Conflict | None = Field(None, description="What another document says.")
    note: Text | None = Field(None, description="What a reader should know of it.")

    @model_validator(mode="before")
    @classmethod
    def _conflict_is_a_state(cls, data: Any) -> Any:
        if isinstance(data, dict) and "conflict" in data and "state" not in data:
            return {**data, "state": FactState.CONFLICT}
        return data

    @model_validator(mode="after")
    def _state_fits(self) -> Self:
        if (self.state is FactState.CONFLICT) != (self.conflict is not None):
            message = "a conflict names its rival value, and only a conflict does"
            expected = "Give `conflict: {value: ..., doc: ...}` without a state, or leave it out."
            raise PydanticCustomError("afspec_form", message, {"expected": expected})
        return self

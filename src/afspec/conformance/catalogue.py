"""The catalogue of requirements: conformance/catalogue/*.yaml, a file a capability, and the profiles over them."""

from __future__ import annotations

import hashlib
import json
from functools import cache
from graphlib import CycleError, TopologicalSorter
from typing import TYPE_CHECKING, Any, Literal, Self

import yaml
from pydantic import Field, ValidationError, model_validator

from afspec.conformance.suite_folder import suite_folder
from afspec.facility.common import Model
from afspec.facility.quantities import Bytes, Duration
from afspec.report.model import RequirementId
from afspec.verdict import Level

if TYPE_CHECKING:
    from pathlib import Path

Vantage = Literal["session", "login", "outside"]
VANTAGES: tuple[Vantage, ...] = ("outside", "login", "session")
Safety = Literal["observe", "touch", "load"]
SAFETIES: tuple[Safety, ...] = ("observe", "touch", "load")
Consent = Literal["bad_credentials"]
PROFILES = "profiles.yaml"


class CatalogueError(Exception):
    """The catalogue is not what it must be; the message says where and why."""


class Limits(Model):
    """What a requirement may use, for each instance; a check that would use more is stopped."""

    wall: Duration = Field(description="On the wall clock, waiting for queues included.")
    jobs: int = Field(0, ge=0, description="Batch jobs, sessions, pods, transformations.")
    cpu: Duration = Field(0, description="CPU time of those.")
    gpu: Duration = Field(0, description="GPU time of those.")
    bytes: Bytes = Field(0, description="Bytes written or moved.")


class Check(Model):
    """One question, asked by one test."""

    name: str = Field(pattern=r"^[a-z][a-z0-9_]*$", description="Unique in its requirement.")
    test: str = Field(pattern=r"^test_[a-z0-9_]+\.py::test_[a-z0-9_]+$", description="The test that asks.")
    shows: str = Field(description="What a pass shows, in one sentence.")
    consent: Consent | None = Field(None, description="What the site must have agreed to.")
    retries: int = Field(0, ge=0, le=2, description="How often it is tried again; a pass then is a degraded one.")
    passes: tuple[str, ...] = Field((), description="Where it was seen to pass: twin/NAME, or a test's node id.")
    fails: tuple[str, ...] = Field((), description="Its must-fail fixtures: node ids of tests.")
    unseen: str = Field("", description="Why it was never seen to pass, where nothing here can show it.")


class Requirement(Model):
    """What a facility must deliver when it promises a capability."""

    id: RequirementId = Field(description="Never used again for another.")
    title: str
    level: Level
    capability: str = Field(description="The row of the matrix that it belongs to.")
    each: str = Field("site", description="What it is asked of: the name of a selector in subjects.")
    applies_when: str | None = Field(None, description="Name of a context in subjects; left out, always.")
    statement: str = Field(description="What holds when it is met.")
    source: str = Field(description="Where the demand comes from.")
    vantage: Vantage = "session"
    actor: Literal["user", "anonymous"] = Field("user", description="An ordinary user, or nobody in particular.")
    safety: Safety = "observe"
    budget: Limits
    max_age: Duration = Field(7 * 86400, description="How long a proof is fresh.")
    depends_on: tuple[RequirementId, ...] = Field((), description="What must hold before it can be asked.")
    seek: bool = Field(default=False, description="Whether it is asked also where nothing is promised.")
    checks: tuple[Check, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _checks_differ(self) -> Self:
        names = [check.name for check in self.checks]
        if len(set(names)) != len(names):
            raise ValueError("two checks have the same name")
        return self


class Profile(Model):
    """Requirements that somebody needs together, whatever was promised."""

    name: str
    title: str
    requirements: tuple[RequirementId, ...] = Field(min_length=1, description="Needed wherever it is.")
    one_of: tuple[tuple[RequirementId, ...], ...] = Field(
        (), description="Ways to the same thing, of which those that the site offers are needed, and one at least."
    )

    @property
    def named(self) -> tuple[RequirementId, ...]:
        """Everything that it names."""
        return (*self.requirements, *(name for group in self.one_of for name in group))


class Catalogue(Model):
    """All requirements in the order of their files, and the profiles."""

    requirements: tuple[Requirement, ...]
    profiles: tuple[Profile, ...] = ()

    @model_validator(mode="after")
    def _references(self) -> Self:
        ids = [requirement.id for requirement in self.requirements]
        if twice := {name for name in ids if ids.count(name) > 1}:
            raise ValueError(f"used twice: {', '.join(sorted(twice))}")
        for requirement in self.requirements:
            if unknown := set(requirement.depends_on) - set(ids):
                raise ValueError(f"{requirement.id} depends on {', '.join(sorted(unknown))}, which is not there")
        if circle := _circle({item.id: item.depends_on for item in self.requirements}):
            raise ValueError(f"in a circle, each depends on the next: {', '.join(circle)}")
        for profile in self.profiles:
            if unknown := set(profile.named) - set(ids):
                raise ValueError(f"profile {profile.name} names {', '.join(sorted(unknown))}, which is not there")
        return self

    def requirement(self, name: str) -> Requirement:
        """The requirement of that id; KeyError where there is none."""
        for requirement in self.requirements:
            if requirement.id == name:
                return requirement
        raise KeyError(name)

    @property
    def members(self) -> dict[str, tuple[str, ...]]:
        """Everything that each profile names, by the profile's name."""
        return {profile.name: profile.named for profile in self.profiles}

    @property
    def sha256(self) -> str:
        """A name for this state of the catalogue."""
        return hashlib.sha256(
            json.dumps(self.model_dump(mode="json"), sort_keys=True, separators=(",", ":")).encode()
        ).hexdigest()


def _circle(below: dict[str, tuple[str, ...]]) -> list[str]:
    """Requirements that rest on one another, the first of them again at the end; empty where there are none."""
    try:
        TopologicalSorter(below).prepare()
    except CycleError as error:
        # graphlib tells of them the other way round.
        found: list[str] = error.args[1]
        return found[::-1]
    return []


def _parse(path: Path) -> list[Any]:
    try:
        data = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, ValueError) as error:
        # ValueError: no UTF-8, or a date that is none.
        raise CatalogueError(f"{path.name}: no YAML: {error}") from error
    if not isinstance(data, list):
        raise CatalogueError(f"{path.name}: must be a list")
    return data


def _reason(error: ValidationError, data: list[Any]) -> str:
    first = error.errors()[0]
    place = list(first["loc"])
    if place[:1] == ["requirements"] and len(place) > 1 and isinstance(place[1], int):
        entry, which = data[place[1]], f"entry {place[1] + 1}"
        place[:2] = [str(entry.get("id", which)) if isinstance(entry, dict) else which]
    return f"{'.'.join(map(str, place)) or 'catalogue'}: {first['msg']}"


def load_catalogue(folder: Path) -> Catalogue:
    """The catalogue of a folder of YAML files, in the order of their names.

    Raises:
        CatalogueError: a file is no YAML, an entry does not fit, an id is used twice, a reference leads nowhere.
    """
    files = [path for path in sorted(folder.glob("*.yaml")) if path.name != PROFILES]
    entries = [entry for path in files for entry in _parse(path)]
    profiles = _parse(folder / PROFILES) if (folder / PROFILES).exists() else []
    try:
        return Catalogue.model_validate({"requirements": entries, "profiles": profiles})
    except ValidationError as error:
        raise CatalogueError(_reason(error, entries)) from error


@cache
def catalogue() -> Catalogue:
    """The catalogue that comes with the suite."""
    return load_catalogue(suite_folder() / "catalogue")

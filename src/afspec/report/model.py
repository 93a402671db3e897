"""The form of report.json: closed, versioned, published as specs/report.schema.json.

A bundle is a folder with `report.json`, `spec.json` (the spec as plain data, bases merged in), and the evidence files
that the report names, below `evidence/`.
"""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from afspec.verdict import Level, Outcome, Promise, Proof, Reason, SiteWord, Verdict

FORM: Literal[1] = 1
Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
RequirementId = Annotated[str, StringConstraints(pattern=r"^AF-[A-Z0-9]+-[0-9]{3}$")]
Environment = Literal["site", "twin"]


class Part(BaseModel):
    """A part of a report: immutable, and closed to keys that the form does not know."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Tool(Part):
    """What made the report."""

    version: str = Field(description="Version of afspec.")
    python: str = Field(description="Version of Python.")
    pytest: str = Field(description="Version of pytest.")


class Digested(Part):
    """Something that the report was made from."""

    name: str = Field(description="What it is called.")
    sha256: Sha256 = Field(description="Digest of its plain data as JSON with sorted keys and no spaces.")


class Run(Part):
    """One run of the kit; a merged report has several."""

    id: str = Field(description="The run's name, part of the names of all that it made.")
    started: dt.datetime
    finished: dt.datetime
    vantages: tuple[str, ...] = Field(description="Where it asked from: outside, login, session.")
    max_safety: Literal["observe", "touch", "load"]
    partial: tuple[str, ...] = Field(description="Why it is not the whole: a selection, an interrupt; empty if it is.")
    tool: Tool


class Budget(Part):
    """What a requirement may use, for each instance."""

    wall: float = Field(description="Seconds on the wall clock.")
    jobs: int = Field(0, description="Batch jobs, sessions, pods, transformations.")
    cpu: float = Field(0, description="CPU seconds of those.")
    gpu: float = Field(0, description="GPU seconds of those.")
    bytes: int = Field(0, description="Bytes written or moved.")


class RequirementRow(Part):
    """A requirement as the catalogue had it, so that a report can be read alone."""

    id: RequirementId
    title: str
    level: Level
    capability: str
    statement: str
    source: str
    vantage: str
    actor: str
    safety: str
    max_age: float = Field(description="Seconds for which a proof is fresh.")
    budget: Budget
    checks: tuple[str, ...] = Field(description="Names of its checks.")
    each: str = Field("", description="What it is asked of: every queue, image, area; empty: the site.")


class EvidenceRef(Part):
    """A file of the bundle that shows something."""

    file: str = Field(description="Path in the bundle.")
    sha256: Sha256
    bytes: int


class Attempt(Part):
    """One try of a check; none is ever dropped."""

    at: dt.datetime
    seconds: float
    outcome: Outcome
    reason: Reason | None = None
    text: str = Field("", description="What was seen, in one line.")
    assertions: int = Field(0, description="How many things it claims.")
    evidence: tuple[EvidenceRef, ...] = ()


class CheckResult(Part):
    """What came of one check on one instance.

    Its outcome is that of the last attempt, unless a later cause says otherwise.
    """

    name: str
    test: str = Field(description="The test that asks: file::function.")
    outcome: Outcome
    reason: Reason | None = None
    text: str = ""
    cause: str | None = Field(None, description="Id of what stood in the way.")
    proof: Proof = Proof.DEMONSTRATED
    assertions: int = 0
    degraded: tuple[str, ...] = Field((), description="Why a pass is not a full one.")
    attempts: tuple[Attempt, ...] = ()


class Result(Part):
    """One instance of a requirement: what was promised, what came of it, what that means."""

    requirement: RequirementId
    item: str = Field(description="What of the site it is about: slurm/roma; empty for the site as a whole.")
    pointer: str = Field(description="Where the spec says it.")
    promise: Promise
    declared: str = Field("", description="The declared value, as a reader wants to see it.")
    applicable: bool = True
    context: str = Field("", description="Why it does not apply.")
    checks: tuple[CheckResult, ...]
    verdict: Verdict
    decides: bool = Field(description="Whether it counts for the site's word.")
    flags: tuple[str, ...] = ()
    waiver: str | None = Field(None, description="Id of the waiver that covers it.")
    at: dt.datetime | None = Field(None, description="When the oldest check that it rests on ended.")
    fresh_until: dt.datetime | None = None
    run: str = Field("", description="The run that it comes from.")


class Cause(Part):
    """One thing that stood in the way, however many checks it stopped."""

    id: str
    target: str = Field(description="What was asked: batch/slurm.")
    requirement: RequirementId | None = Field(None, description="The requirement that is about it.")
    item: str = ""
    reason: Reason
    text: str = Field(description="What was seen.")
    next: str = Field("", description="What to do about it.")
    at: dt.datetime
    blocked: int = Field(0, description="How many checks it stopped.")


class Problem(Part):
    """A fault of the kit, or something that it could not clean up."""

    kind: Literal["cleanup", "crash", "internal", "leak"]
    text: str
    next: str = Field("", description="The command to do by hand.")
    requirement: RequirementId | None = None
    item: str = ""


class WaiverRecord(Part):
    """A failure that is known and accepted for a time."""

    id: str
    requirement: RequirementId
    item: str = Field("*", description="The instance; * for all.")
    owner: str
    reason: str
    issue: str
    granted: dt.date
    expires: dt.date
    valid: bool = Field(description="Whether it was valid when the run ended.")
    problem: str = Field("", description="Why it is not valid.")


class Counts(Part):
    """How many deciding instances have each verdict; `configured` of the verified were read, not tried."""

    verified: int = 0
    degraded: int = 0
    broken: int = 0
    unverified: int = 0
    waived: int = 0
    error: int = 0
    configured: int = 0
    not_counted: int = Field(0, description="Instances that are shown and decide nothing.")


class Summary(Part):
    """The word of the site, or of a profile, with what is behind it."""

    name: str = Field(description="Empty for the site; else the profile.")
    word: SiteWord
    counts: Counts


class Report(Part):
    """A whole report."""

    afspec_report: Literal[1] = FORM
    site: str
    title: str
    label: str
    environment: Environment = Field(description="The real site, or its miniature on one machine.")
    spec: Digested
    catalogue: Digested
    generated: dt.datetime = Field(description="When verdicts were judged: ages count from here.")
    runs: tuple[Run, ...]
    profile: str | None = Field(None, description="The profile that was asked for; else all requirements.")
    summary: Summary
    profiles: tuple[Summary, ...] = ()
    exit_code: int
    requirements: tuple[RequirementRow, ...]
    results: tuple[Result, ...]
    causes: tuple[Cause, ...] = ()
    waivers: tuple[WaiverRecord, ...] = ()
    problems: tuple[Problem, ...] = ()

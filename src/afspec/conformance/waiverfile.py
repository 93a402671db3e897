"""Waivers as sites keep them: a YAML file, beside the spec or wherever --waivers says.

- id: W-2026-014
  requirement: AF-BATCH-003
  item: slurm/ampere
  owner: S3DF operations
  reason: the partition is moved to new racks
  issue: https://example.org/tickets/814
  granted: 2026-11-02
  expires: 2027-01-31
"""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import yaml
from pydantic import TypeAdapter, ValidationError

from afspec.facility.common import Model
from afspec.report.model import RequirementId, WaiverRecord

if TYPE_CHECKING:
    from collections.abc import Collection
    from pathlib import Path


class WaiversError(Exception):
    """The file of waivers cannot be used; the message says where and why."""


class Entry(Model):
    """One waiver."""

    id: str
    requirement: RequirementId
    item: str = "*"
    owner: str
    reason: str
    issue: str
    granted: dt.date
    expires: dt.date


def load_waivers(path: Path, known: Collection[str]) -> tuple[WaiverRecord, ...]:
    """The waivers of a file; whether they hold is for the report to say, which shows also those that do not.

    Raises:
        WaiversError: it does not fit, has an id twice, or names a requirement that is not among the `known`.
    """
    try:
        entries = TypeAdapter(tuple[Entry, ...]).validate_python(yaml.safe_load(path.read_text(encoding="utf-8")) or ())
    except OSError as error:
        raise WaiversError(f"{path}: {error.strerror}") from error
    except ValidationError as error:
        first = error.errors(include_input=False)[0]
        raise WaiversError(f"{path}: {'.'.join(map(str, first['loc'])) or 'the whole'}: {first['msg']}") from error
    except (yaml.YAMLError, ValueError) as error:
        # ValueError: no UTF-8, or a date that is none.
        raise WaiversError(f"{path}: no YAML: {error}") from error
    ids = [entry.id for entry in entries]
    if twice := sorted({name for name in ids if ids.count(name) > 1}):
        raise WaiversError(f"{path}: used twice: {', '.join(twice)}")
    if unknown := sorted({entry.requirement for entry in entries} - set(known)):
        raise WaiversError(f"{path}: no such requirement: {', '.join(unknown)}")
    return tuple(WaiverRecord(**entry.model_dump(), valid=False) for entry in entries)

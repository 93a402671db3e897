"""The kit's options of pytest, and the request that they make."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from afspec.conformance.catalogue import SAFETIES, VANTAGES
from afspec.conformance.run import Request, expiry, new_run_id
from afspec.facility.quantities import parse_bytes, parse_duration

if TYPE_CHECKING:
    from collections.abc import Callable

_BUDGET: dict[str, Callable[[str], float]] = {
    "wall": parse_duration,
    "jobs": int,
    "cpu": parse_duration,
    "gpu": parse_duration,
    "bytes": parse_bytes,
}


def add_options(parser: pytest.Parser) -> None:
    """Tell pytest of the options."""
    group = parser.getgroup("afspec", "conformance of an analysis facility")
    option = group.addoption
    option("--site", metavar="NAME", help="the facility: a name under specs/sites (bnl), or the path of a spec")
    option("--twin", action="store_true", help="ask its miniature on this machine; the report says so")
    option(
        "--vantage",
        action="append",
        choices=VANTAGES,
        help="ask only from here (may be repeated): outside, login, session; reports of several runs can be merged",
    )
    option("--profile", metavar="NAME", help="only what somebody needs together, such as agc-ready")
    option(
        "--max-safety",
        choices=SAFETIES,
        default="touch",
        help="observe: only look; touch (default): also small jobs and files; load: also what others may feel",
    )
    option("--budget", metavar="LIMITS", default="", help="for the whole run: jobs=20,cpu=10min,bytes=1GB,wall=15min")
    option("--credentials", metavar="FILE", help="who runs it, by reference (default: ~/.config/afspec/run/SITE.yaml)")
    option("--waivers", metavar="FILE", help="failures that are known and accepted for a time")
    option("--report-dir", metavar="DIR", default="build/conformance", help="where bundles go (default: %(default)s)")
    option("--plan", action="store_true", help="show what would be asked and what it may cost; ask nothing")


def parse_budget(text: str) -> dict[str, float]:
    """The limits of a run: `jobs=20,cpu=10min`.

    Raises:
        pytest.UsageError: it is not of this form.
    """
    found: dict[str, float] = {}
    for part in filter(None, (part.strip() for part in text.split(","))):
        name, _, value = part.partition("=")
        if name not in _BUDGET or not value:
            raise pytest.UsageError(f"--budget: {part}: write jobs=20,cpu=10min,gpu=0s,bytes=1GB,wall=15min")
        try:
            found[name] = float(_BUDGET[name](value))
        except Exception as error:
            raise pytest.UsageError(f"--budget: {part}: {error}") from error
        if found[name] < 0:
            raise pytest.UsageError(f"--budget: {part}: less than nothing")
    return found


def request_of(config: pytest.Config) -> dict[str, Any]:
    """What the command line asks for."""
    get = config.getoption
    run = new_run_id()
    folder = Path(get("--report-dir")).resolve()
    site = str(get("--site"))
    name = re.sub(r"[^A-Za-z0-9._-]+", "-", Path(site).stem)
    return Request(
        site=site,
        run=run,
        work=str(folder / f".{name}-{run}"),
        twin=bool(get("--twin")),
        vantages=tuple(vantage for vantage in VANTAGES if vantage in (get("--vantage") or VANTAGES)),
        profile=get("--profile"),
        max_safety=get("--max-safety"),
        budget=parse_budget(get("--budget")),
        credentials=get("--credentials"),
        waivers=get("--waivers"),
        expires=expiry(),
    ).plain()

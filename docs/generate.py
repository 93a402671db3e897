"""The parts of the documentation that are made: `python docs/generate.py`, or --check to see that they are fresh."""

from __future__ import annotations

import datetime as dt
import sys
from dataclasses import replace
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from afspec.catalogue import ignoring, in_markdown, markdown, meanings
from afspec.compiler import Checked, Frontend, render_site
from afspec.conformance.page import requirements_page
from afspec.diagnostics import Severity, render_text
from afspec.facility import validate
from afspec.facility.ignored import places
from afspec.matrix import Compiled, render_matrix
from afspec.rules import RULES, Rule, check
from afspec.source import Loader

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

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
# What is compiled for the three, for people to read, and to see in a review what a change of a generator does.
COMPILED = "docs/compiled"
START, END = "<!-- matrix: made by `make docs` -->", "<!-- end of matrix -->"


def diagnostics_page() -> str:
    """Every diagnostic, from the rules and passes themselves."""
    head = (
        "# Diagnostics\n\n"
        "Made from the code by `make docs`. `afspec rules CODE` prints one of them.\n\n"
        "AF0 is about reading a file, AF1 about bases, AF2 about the schema, AF3 about what a valid spec still gets\n"
        "wrong, AF4 about outputs, AF5 about what the field's own tools say of them. An error stops the compiler, a\n"
        "warning does not. Codes keep their meaning.\n\n"
        "Among the rules, AF30 is about sources, AF31 batch and GPUs, AF32 logins, AF33 Dask, AF34 notebooks, AF35\n"
        "storage, AF36 images, AF37 services, AF38 monitoring, AF39 clusters (Kubernetes, OKD, vCluster). Of these,\n"
        "AF391 is about addresses, AF392 names and namespaces, AF393 quotas, AF394 GPUs, AF395 Triton and scaling,\n"
        "AF396 volumes, AF397 what cannot be deployed. `--select AF39` and `--ignore AF39` take a whole family.\n\n"
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


@cache
def facilities() -> tuple[Checked, ...]:
    """The three facilities, from their specs."""
    frontend = Frontend(as_of=AS_OF)
    return tuple(frontend.check(str(ROOT / "specs" / "sites" / f"{name}.yaml")) for name in SITES)


@cache
def compiled() -> dict[str, dict[str, str]]:
    """What `afspec compile` writes for each of them: the text of every file, by its path."""
    return {
        checked.facility.name: {file.path: file.text for group in render_site(checked).values() for file in group}
        for checked in facilities()
    }


def readme() -> str:
    """The README, with the matrix of the three facilities as their specs give it; cells link to what is compiled."""
    links = Compiled(COMPILED, {site: tuple(files) for site, files in compiled().items()})
    table = render_matrix([checked.facility for checked in facilities()], "markdown", links)
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    before, _, rest = text.partition(START)
    _, _, after = rest.partition(END)
    return f"{before}{START}\n\n{table}\n{END}{after}"


def pages() -> dict[str, Callable[[], str]]:
    """Every file that is made, by its path from the project's root."""
    files = {f"{COMPILED}/{site}/{path}": text for site, each in compiled().items() for path, text in each.items()}
    return PAGES | {path: partial(str, text) for path, text in files.items()}


def orphans(made: Iterable[str]) -> list[Path]:
    """Files in folders of made files that are made no more: pages of rules, and what was compiled."""
    known = {ROOT / name for name in made}
    there = [*(ROOT / "docs/rules").glob("*.md"), *(ROOT / COMPILED).rglob("*")]
    return sorted(path for path in there if path.is_file() and path not in known)


PAGES: dict[str, Callable[[], str]] = {
    "docs/diagnostics.md": diagnostics_page,
    "docs/requirements.md": requirements_page,
    "README.md": readme,
    **{f"docs/rules/{rule.code}.md": partial(rule_page, rule) for rule in RULES},
}


def main() -> int:
    """Write the pages, or name those that are stale."""
    made = pages()
    stale = [name for name, page in made.items() if not _fresh(ROOT / name, page())]
    gone = orphans(made)
    if "--check" in sys.argv[1:]:
        for name in [*stale, *(path.relative_to(ROOT) for path in gone)]:
            sys.stderr.write(f"{name} is stale: run `make docs`\n")
        return 1 if stale or gone else 0
    for name in stale:
        (ROOT / name).parent.mkdir(parents=True, exist_ok=True)
        (ROOT / name).write_text(made[name](), encoding="utf-8")
        sys.stdout.write(f"wrote {name}\n")
    for path in gone:
        path.unlink()
    return 0


def _fresh(path: Path, text: str) -> bool:
    return path.is_file() and path.read_text(encoding="utf-8") == text


if __name__ == "__main__":
    sys.exit(main())

"""The parts of the documentation that are made: `python docs/generate.py`, or --check to see that they are fresh."""

from __future__ import annotations

import sys
from pathlib import Path

from afspec.catalogue import describe
from afspec.conformance.page import requirements_page
from afspec.facility import validate
from afspec.matrix import render_matrix
from afspec.source import Loader

ROOT = Path(__file__).parents[1]
SITES = ("bnl", "uchicago", "slac")
START, END = "<!-- matrix: made by `make docs` -->", "<!-- end of matrix -->"


def diagnostics_page() -> str:
    """Every diagnostic, from the rules and passes themselves."""
    head = (
        "# Diagnostics\n\n"
        "Made from the code by `make docs`. `afspec rules CODE` prints one of them.\n\n"
        "AF0 is about reading a file, AF1 about bases, AF2 about the schema, AF3 about what a valid spec still gets\n"
        "wrong, AF4 about outputs. An error stops the compiler, a warning does not. Codes keep their meaning.\n"
        "Each rule (AF3) has a case that breaks it and one that keeps it in tests/cases/.\n\n"
    )
    return head + (describe(None, "markdown") or "")


def readme() -> str:
    """The README, with the matrix of the three facilities as their specs give it."""
    facilities = [validate(Loader().load(str(ROOT / "specs" / "sites" / f"{name}.yaml"))) for name in SITES]
    table = "\n".join(f"    {line}".rstrip() for line in render_matrix(facilities, "text").splitlines())
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    before, _, rest = text.partition(START)
    _, _, after = rest.partition(END)
    return f"{before}{START}\n\n{table}\n\n{END}{after}"


PAGES = {"docs/diagnostics.md": diagnostics_page, "docs/requirements.md": requirements_page, "README.md": readme}


def main() -> int:
    """Write the pages, or name those that are stale."""
    stale = [name for name, page in PAGES.items() if not _fresh(ROOT / name, page())]
    if "--check" in sys.argv[1:]:
        for name in stale:
            sys.stderr.write(f"{name} is stale: run `make docs`\n")
        return 1 if stale else 0
    for name in stale:
        (ROOT / name).write_text(PAGES[name](), encoding="utf-8")
        sys.stdout.write(f"wrote {name}\n")
    return 0


def _fresh(path: Path, text: str) -> bool:
    return path.is_file() and path.read_text(encoding="utf-8") == text


if __name__ == "__main__":
    sys.exit(main())

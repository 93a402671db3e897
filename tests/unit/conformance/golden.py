"""The golden list of the catalogue: `python tests/unit/conformance/golden.py --write` makes it anew.

A requirement or a check that comes, goes or changes its level changes the list, which is reviewed like code: ids are
never used again, and what a site was once measured by is not taken away silently. Without --write it prints what
differs.
"""

from __future__ import annotations

import difflib
import sys
from pathlib import Path

from afspec.conformance.catalogue import catalogue

FILE = Path(__file__).with_name("catalogue.golden.txt")
COMMAND = "python tests/unit/conformance/golden.py --write"


def lines() -> list[str]:
    """A line for every check: the requirement's id, its level, the check; then a line for every profile's member."""
    whole = catalogue()
    checks = [f"{item.id} {item.level} {check.name}" for item in whole.requirements for check in item.checks]
    members = [f"profile {name} {member}" for name, ids in whole.members.items() for member in ids]
    return sorted(checks) + sorted(members)


def differences() -> list[str]:
    """What the list says and the catalogue does not (-), and the other way round (+)."""
    known = FILE.read_text().splitlines() if FILE.exists() else []
    found = difflib.unified_diff(known, lines(), lineterm="", n=0)
    return [line for line in found if line[:1] in "+-" and line[:3] not in {"+++", "---"}]


def main() -> int:
    """Write, or compare."""
    if "--write" in sys.argv[1:]:
        FILE.write_text("\n".join(lines()) + "\n")
        return 0
    found = differences()
    sys.stdout.writelines(f"{line}\n" for line in found)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())

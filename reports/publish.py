"""Make the published reports anew: `make reports`.

The three facilities are asked from this machine, which reaches none of them, and say so; their twins are asked whole.
Bundles go to reports/sites/ and reports/twins/, runs are put on record in reports/history/, and the pages are made of
all of that in reports/pages/. Annotations in reports/annotations/ are left alone.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
SITES = ("bnl", "uchicago", "slac")
TWINS = ("local", "slac", "bnl")
# What the kit's exit codes may be here: a site that cannot be reached is not demonstrated, and is published as that.
_TOLD = {0, 100, 101}


def ask(site: str, folder: Path, *options: str) -> Path:
    """Run the kit over a site: the bundle that it leaves."""
    command = [sys.executable, "-m", "pytest", "conformance", "--site", site, "-q", "--report-dir", str(folder)]
    code = subprocess.run([*command, *options], cwd=HERE.parent, check=False).returncode
    if code not in _TOLD:
        sys.exit(f"the kit failed over {site} (exit code {code}): nothing was published")
    (bundle,) = folder.glob("*/*")
    return bundle


def put(bundle: Path, place: Path) -> None:
    """Put a bundle in the place of the one before it."""
    place.parent.mkdir(parents=True, exist_ok=True)
    old = place.with_name(f".{place.name}.old")
    shutil.rmtree(old, ignore_errors=True)
    new = place.with_name(f".{place.name}.new")
    shutil.rmtree(new, ignore_errors=True)
    shutil.copytree(bundle, new)
    if place.exists():
        place.rename(old)
    new.rename(place)
    shutil.rmtree(old, ignore_errors=True)


def afspec(*arguments: str | Path) -> None:
    """Run a command of afspec."""
    subprocess.run([sys.executable, "-m", "afspec", *map(str, arguments)], cwd=HERE.parent, check=True)


def main() -> None:
    """Ask, put in place, verify, make the pages."""
    with tempfile.TemporaryDirectory() as folder:
        found = {HERE / "sites" / site: ask(site, Path(folder) / "site" / site) for site in SITES}
        for twin in TWINS:
            found[HERE / "twins" / twin] = ask(twin, Path(folder) / "twin" / twin, "--twin", "--max-safety", "load")
        for place, bundle in found.items():
            put(bundle, place)
    for place in found:
        afspec("report", "verify", place)
        afspec("report", "add", place, "--history", HERE / "history")
    afspec("report", "html", HERE, "-o", HERE / "pages")


if __name__ == "__main__":
    main()

"""What the pages of many reports cost: `python benchmarks/report_pages.py [--sites 200 --requirements 40 --runs 30]`.

Reports are made first and are not part of the figures; every requirement is asked of two instances at every site. The
aim (20 s on two cores for 200 sites, 40 requirements, 30 runs) is of CPU: the work is one process. Wall seconds are
those of an otherwise idle machine, or they are the other processes'.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import resource
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

from unit.report import factory as make

from afspec.report.html import Pages, PastRun, Promised, SitePages, write_pages
from afspec.verdict import Promise, Verdict

CAPABILITIES = ("access", "login", "batch", "dask", "jupyter", "images", "software", "storage", "triton", "gpu")
# One instance in so many is not well.
_TURNS = [Verdict.VERIFIED] * 12 + [Verdict.BROKEN, Verdict.UNVERIFIED, Verdict.DEGRADED, Verdict.WAIVED]
ITEMS = ("slurm/roma", "slurm/milano")


def pages(sites: int, requirements: int, runs: int) -> Pages:
    """Pages of a federation; every eleventh instance was not asked in a run."""
    rows = [
        make.requirement(f"AF-{key.upper()}-{number:03}", capability=key)
        for number in range(requirements)
        for key in [CAPABILITIES[number % len(CAPABILITIES)]]
    ]
    shown, history = [], []
    for number in range(sites):
        name = f"site-{number:03}"
        results = [
            make.result(row.id, item, _TURNS[(number + 3 * index) % len(_TURNS)], declared="120 cores", waiver="W-1")
            for row in rows
            for index, item in enumerate(ITEMS)
        ]
        report = make.report(name, results, requirements=rows, waivers=[make.waiver()], causes=[make.cause()])
        promises = {key: Promised(Promise.PROMISED, "Slurm") for key in CAPABILITIES}
        shown.append(SitePages(name, report.label, report.title, report, promises, "", f"bundles/{name}"))
        keys = [(result.requirement, result.item) for result in results]
        for day in range(runs):
            verdicts = {key: _TURNS[(day + i) % 16] for i, key in enumerate(keys) if (day + i) % 11}
            history.append(PastRun(name, "site", f"r-{day}", make.NOW - dt.timedelta(days=runs - day), verdicts))
    return Pages(make.NOW, {key: key.capitalize() for key in CAPABILITIES}, sites=tuple(shown), history=tuple(history))


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure what the pages of many reports cost.")
    parser.add_argument("--sites", type=int, default=200)
    parser.add_argument("--requirements", type=int, default=40)
    parser.add_argument("--runs", type=int, default=30)
    given = parser.parse_args()
    made = pages(given.sites, given.requirements, given.runs)
    with tempfile.TemporaryDirectory(prefix="afspec-bench-") as folder:
        cpu, wall = time.process_time(), time.perf_counter()
        count = write_pages(Path(folder) / "pages", made)
        cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
        sizes = [path.stat().st_size for path in Path(folder).rglob("*.html")]
    figures = {
        "sites": given.sites,
        "requirements": given.requirements,
        "runs": given.runs,
        "instances": sum(len(site.report.results) for site in made.sites if site.report),
        "pages": count,
        "cpu_s": round(cpu, 2),
        "wall_s": round(wall, 2),
        "aim_s": 20,
        "bytes": sum(sizes),
        "largest_page_bytes": max(sizes),
        "memory_bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss << 10,
    }
    print(json.dumps(figures, indent=2))


if __name__ == "__main__":
    main()

"""Pages that have one of everything: each verdict, stance and flag, a twin, a site without report, a past with gaps."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from unit.report import factory as make

from afspec.report.html import Annotation, Pages, PastRun, Promised, SitePages
from afspec.verdict import Level, Outcome, Promise, Proof, Reason, Verdict

if TYPE_CHECKING:
    from afspec.report.model import Environment, Report, Result

TODAY = make.NOW + dt.timedelta(days=2)
OLD = make.NOW - dt.timedelta(days=31)
CAPABILITIES = {
    "login": "Federated login",
    "batch": "Batch",
    "dask": "Dask",
    "jupyter": "JupyterHub",
    "servicex": "ServiceX",
    "gpu": "GPUs",
    "triton": "Triton",
}
REQUIREMENTS = [
    make.requirement("AF-LOGIN-001", title="A federated identity logs in", capability="login", each=""),
    make.requirement("AF-BATCH-001", title="A batch job runs"),
    make.requirement("AF-BATCH-002", title="The walltime that was promised is allowed"),
    make.requirement("AF-BATCH-003", title="Accounting can be read", level=Level.SHOULD, each=""),
    make.requirement("AF-DASK-001", title="Workers land on two hosts", capability="dask", each=""),
    make.requirement("AF-JUPYTER-001", title="A session starts", capability="jupyter", each=""),
    make.requirement("AF-SERVICEX-001", title="A transformation completes", capability="servicex", each=""),
    make.requirement("AF-GPU-001", title="A job sees the device", capability="gpu", each="queue"),
    make.requirement("AF-TRITON-001", title="A model answers", capability="triton", each=""),
]


def slac() -> Report:
    """A site with every verdict."""
    retried = (make.attempt(Outcome.FAIL, text="worker did not come"), make.attempt(Outcome.PASS))
    return make.report(
        "slac",
        [
            make.result("AF-LOGIN-001", declared="CILogon"),
            make.result("AF-BATCH-001", "slurm/roma", declared="120 cores a node"),
            make.result("AF-BATCH-001", "slurm/milano", Verdict.BROKEN, declared="120 cores a node"),
            make.result("AF-BATCH-001", "slurm/ampere", Verdict.WAIVED, declared="4 GPUs a node", waiver="W-1"),
            make.result("AF-BATCH-002", "slurm/roma", declared="10 days", flags=["configured"]),
            make.result("AF-BATCH-003", "", Verdict.BROKEN, decides=False),
            make.result(
                "AF-DASK-001",
                "",
                Verdict.DEGRADED,
                declared="SLURMCluster",
                checks=[
                    make.check(
                        attempts=retried, degraded=["passed when tried again"], text="workers on n1 and n2", name="runs"
                    )
                ],
            ),
            make.result("AF-JUPYTER-001", "", Verdict.VERIFIED, declared="Open OnDemand", at=OLD, fresh=30 * make.DAY),
            make.result(
                "AF-SERVICEX-001",
                "",
                Verdict.NOT_PROMISED,
                promise=Promise.UNDECLARED,
                checks=[make.check()],
                flags=["undeclared_found"],
            ),
            make.result("AF-GPU-001", "slurm/ampere", Verdict.ERROR, declared="A100"),
            make.result("AF-TRITON-001", "", Verdict.NOT_PROMISED, promise=Promise.PLANNED, declared="2027"),
        ],
        requirements=REQUIREMENTS,
        waivers=[make.waiver(), make.waiver("W-0", expires=dt.date(2026, 11, 10), valid=False, problem="it expired")],
        problems=[make.problem()],
        runs=[
            make.run(),
            make.run("r-20261121", partial=["-k AF-BATCH-001"], finished=make.NOW - dt.timedelta(days=1)),
        ],
        profiles=[make.summary([make.result(), make.result(verdict=Verdict.BROKEN)], "agc-ready")],
    )


def bnl() -> Report:
    """A site that could not be reached: everything promised is unverified, for one cause."""

    def stopped(name: str, item: str = "", declared: str = "") -> Result:
        checks = [make.check(Outcome.UNVERIFIED, reason=Reason.BLOCKED_BY, cause="C-1", text=make.cause().text)]
        decides = name != "AF-BATCH-003"
        return make.result(name, item, Verdict.UNVERIFIED, declared=declared, checks=checks, at=None, decides=decides)

    names = [row.id for row in REQUIREMENTS[:7] if row.id != "AF-SERVICEX-001"]
    results = [stopped(name, "condor/tier3" if "BATCH-001" in name else "", "HTCondor") for name in names]
    results.append(make.result("AF-SERVICEX-001", "", Verdict.NOT_PROMISED, promise=Promise.NOT_PROMISED))
    results.append(
        make.result("AF-TRITON-001", "", Verdict.VERIFIED, promise=Promise.BEST_EFFORT, declared="Triton 2.51")
    )
    return make.report(
        "bnl",
        results,
        title="BNL Scientific Data and Computing Center",
        requirements=REQUIREMENTS,
        causes=[make.cause(blocked=len(names))],
        exit_code=101,
    )


def good(site: str = "uchicago", environment: Environment = "site") -> Report:
    """A site where all is well."""
    verified = [
        make.result(row.id, "slurm/a" if row.each else "", declared="yes")
        for row in REQUIREMENTS
        if row.level is Level.MUST and row.id != "AF-BATCH-002"
    ]
    long = make.result("AF-BATCH-002", "slurm/a", declared="14 days", flags=["configured"])
    assert long.checks[0].proof is Proof.CONFIGURED
    return make.report(
        site, [*verified, long], environment=environment, title=f"A facility at {site}", requirements=REQUIREMENTS
    )


def past(report: Report, runs: int = 30) -> list[PastRun]:
    """Daily runs: every seventh did not ask the first instance, every ninth broke it."""
    keys = [(result.requirement, result.item) for result in report.results]
    made = []
    for day in range(runs):
        verdicts = dict.fromkeys(keys, Verdict.VERIFIED) | {keys[-1]: Verdict.UNVERIFIED}
        if day % 9 == 4:
            verdicts[keys[0]] = Verdict.BROKEN
        if day % 7 == 3:
            del verdicts[keys[0]]
        at = make.NOW - dt.timedelta(days=runs - day)
        made.append(PastRun(report.site, report.environment, f"r-{day:03}", at, verdicts))
    return made


def _site(report: Report, signed_by: str = "") -> SitePages:
    promises = {
        "batch": Promised(Promise.PROMISED, "Slurm"),
        "login": Promised(Promise.PROMISED, "CILogon"),
        "dask": Promised(Promise.ON_REQUEST, "dask-jobqueue"),
        "jupyter": Promised(Promise.PROMISED, "JupyterHub"),
        "gpu": Promised(Promise.PROMISED, "A100"),
        "triton": Promised(Promise.PLANNED, ""),
    }
    command = "timeout 30 sbatch --parsable --wrap 'echo afspec-r-20261122'"
    return SitePages(
        report.site,
        report.label,
        report.title,
        report,
        promises,
        signed_by,
        f"bundles/{report.site}",
        {"evidence/AF-BATCH-001/job.json": (command,)},
        "reported in 2023-05: it did not run",
    )


def pages() -> Pages:
    """The whole gallery."""
    reports = [slac(), bnl(), good()]
    miniature = good("slac", "twin")
    silent = SitePages(
        "desy", "DESY", "National Analysis Facility", None, {"batch": Promised(Promise.PROMISED, "HTCondor")}
    )
    return Pages(
        today=TODAY,
        capabilities=CAPABILITIES,
        sites=(_site(reports[0]), _site(reports[1]), _site(reports[2], "operators@uchicago.example"), silent),
        twins=(_site(miniature),),
        history=(*past(reports[0]), *past(reports[2], 5), *past(miniature, 12)),
        annotations=(
            Annotation(
                "slac",
                dt.date(2026, 11, 23),
                "A. Operator, SLAC",
                "milano was in a downtime that the calendar had: https://example.org/calendar",
                "AF-BATCH-001",
                "slurm/milano",
            ),
        ),
    )

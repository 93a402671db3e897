"""A session of pytest as the kit sees it: opened with the request, finished with a report and an exit code."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from afspec.conformance.assemble import assemble, find_spec
from afspec.conformance.catalogue import CatalogueError
from afspec.conformance.credentials import CredentialsError
from afspec.conformance.draft import draft
from afspec.conformance.evidence import now
from afspec.conformance.execute import Asker
from afspec.conformance.run import Request
from afspec.conformance.store import Store
from afspec.conformance.sweep import sweep
from afspec.conformance.terminal import show_plan, show_report
from afspec.conformance.twinlife import Lent
from afspec.conformance.twinsite import TwinError
from afspec.conformance.waiverfile import WaiversError, load_waivers
from afspec.diagnostics import AfspecError, render_text
from afspec.report import bundle
from afspec.report.errors import ReportError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from afspec.conformance.catalogue import Check
    from afspec.conformance.checks import CheckName
    from afspec.conformance.plan import Instance
    from afspec.conformance.run import Run
    from afspec.conformance.store import Told
    from afspec.report.model import Report

EXIT_KIT = 102
_INTERRUPTED = 2


class Session:
    """What the hooks share; a worker of xdist has one of its own, over the same state on disk."""

    def __init__(self, run: Run, *, worker: bool, lent: Lent | None = None) -> None:
        self.run = run
        self.worker = worker
        self.started = now()
        self.report: Report | None = None
        self.folder: Path | None = None
        self.refused = ""
        self._lent = lent
        self._partial: list[str] = []
        self._plan_only = False
        self._order = {
            (instance.id, check.name): number
            for number, (instance, check) in enumerate(
                (instance, check) for instance in run.plan.ordered for check in instance.requirement.checks
            )
        }

    @property
    def request(self) -> Request:
        """What was asked for."""
        return self.run.request

    @property
    def store(self) -> Store:
        """The state on disk."""
        return Store(self.run.work)

    @classmethod
    def open(cls, data: dict[str, Any], *, worker: bool) -> Session:
        """The session of a request; a twin is started if it is not up, and only then taken down at the end.

        Raises:
            pytest.UsageError: it cannot begin; the message says why.
        """
        request = Request.read(data)
        lent = None
        try:
            if request.twin and not worker:
                lent = Lent.borrow(find_spec(request.site, twin=True))
            run = assemble(request)
            _ = run.plan  # a profile that is not there is told now
        except AfspecError as error:
            texts = [render_text(diagnostic, {}, colour=False) for diagnostic in error.diagnostics]
            raise pytest.UsageError("\n".join(texts)) from error
        except KeyError as error:
            raise pytest.UsageError(f"--profile: there is no {error}") from error
        except (CredentialsError, TwinError, CatalogueError) as error:
            raise pytest.UsageError(str(error)) from error
        return cls(run, worker=worker, lent=lent)

    def pairs(self, names: Sequence[CheckName]) -> list[tuple[Instance, Check]]:
        """The instances that checks are asked of."""
        return [
            (instance, instance.check(name.name))
            for name in names
            for instance in self.run.plan.instances
            if instance.requirement.id == name.requirement
        ]

    def position(self, pair: tuple[Instance, Check] | None) -> int:
        """Where an item stands: what others rest on comes first."""
        return self._order[pair[0].id, pair[1].name] if pair else -1

    def expected(self) -> int:
        """How many items a whole run has."""
        return len(self._order)

    def selected(self, taken_away: set[str], *, whole: bool) -> None:
        """Take down that something was deselected, or that not all of the suite was given."""
        if taken_away:
            self._partial.append(f"{len(taken_away)} checks were deselected")
        if not whole:
            self._partial.append("not all files of the suite were given")

    def begin(self) -> None:
        """Sweep, once, before anything is asked."""
        if not self.worker:
            sweep(self.run, self.store)

    def ask(self, instance: Instance, check: Check) -> Told:
        """What came of a check."""
        return Asker(self.run, self.store).ask(instance, check)

    def finish(self, exitstatus: int, *, plan: bool) -> int:
        """Write the report; the exit code."""
        try:
            if plan:
                self._plan_only = True
                return 0 if exitstatus == pytest.ExitCode.NO_TESTS_COLLECTED else exitstatus
            if exitstatus in {pytest.ExitCode.USAGE_ERROR, pytest.ExitCode.INTERNAL_ERROR}:
                self._partial.append("pytest itself failed")
            if exitstatus == _INTERRUPTED:
                self._partial.append("interrupted")
            return max(self._write(), EXIT_KIT if exitstatus == pytest.ExitCode.INTERNAL_ERROR else 0)
        finally:
            if self._lent:
                self._lent.give_back()
            if plan:
                shutil.rmtree(self.run.work, ignore_errors=True)

    def _write(self) -> int:
        request = self.request
        known = {requirement.id for requirement in self.run.plan.catalogue.requirements}
        try:
            waivers = load_waivers(Path(request.waivers), known) if request.waivers else ()
        except WaiversError as error:
            self.refused = str(error)
            waivers = ()
        self.report = draft(self.run, self.store, self.started, self._partial, waivers)
        folder = self.run.work.parent / self.run.facility.name / request.run
        folder.parent.mkdir(parents=True, exist_ok=True)
        try:
            bundle.write(folder, self.report, self.run.spec, self.store.evidence_files(), forbidden=self.run.forbidden)
        except ReportError as error:
            # Nothing that could hold a secret is published; the state stays, for its owner to look at.
            self.refused = str(error)
            return EXIT_KIT
        shutil.rmtree(self.run.work)
        self.folder = folder
        return EXIT_KIT if self.refused else self.report.exit_code

    def summarise(self, terminal: pytest.TerminalReporter) -> None:
        """Say at the end what came of it."""
        if self._plan_only:
            show_plan(terminal, self.run)
        if self.refused:
            terminal.write_line(f"error: {self.refused}", red=True, bold=True)
        if self.report is not None:
            show_report(terminal, self.report, self.folder)

"""The kit over a twin that a test has in hand: ask one requirement, before and after something was broken."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from afspec.conformance.assemble import assemble
from afspec.conformance.execute import Asker
from afspec.conformance.run import Request, expiry, new_run_id
from afspec.conformance.store import Store

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from engines.conftest import Miniature

    from afspec.conformance.run import Run
    from afspec.conformance.store import Told
    from afspec.verdict import Outcome


@dataclass(frozen=True)
class Asked:
    """What came of asking; every call of `ask` is a run of its own, unless it goes through the same `Asked`."""

    run: Run
    store: Store

    def ask(self, requirement: str, item: str = "", check: str = "") -> Told:
        """What came of a check; of the only one, where none is named."""
        instance = self.run.plan.by_id[f"{requirement}[{item}]"]
        checks = [each for each in instance.requirement.checks if check in {"", each.name}]
        (only,) = checks
        return Asker(self.run, self.store).ask(instance, only)

    def all(self, requirement: str, item: str = "") -> list[Told]:
        """What came of all checks of an instance."""
        instance = self.run.plan.by_id[f"{requirement}[{item}]"]
        return [Asker(self.run, self.store).ask(instance, check) for check in instance.requirement.checks]

    def outcome(self, requirement: str, item: str = "", check: str = "") -> tuple[Outcome, str]:
        """The outcome, and what was said of it."""
        told = self.ask(requirement, item, check)
        return told.outcome, told.attempts[-1].text if told.attempts else told.text


@pytest.fixture
def kit(tmp_path: Path) -> Callable[..., Asked]:
    """What begins a run of the kit over a twin that is up; `kit(slac).ask("AF-BATCH-003", "slurm/roma")` asks."""

    def begin(miniature: Miniature, **options: object) -> Asked:
        run = new_run_id()
        request = Request(
            site=miniature.running.state.spec,
            run=run,
            work=str(tmp_path / run),
            twin=True,
            expires=expiry(),
            **options,  # type: ignore[arg-type]
        )
        return Asked(assemble(request), Store(tmp_path / run))

    return begin

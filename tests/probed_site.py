"""A run of the kit over a small spec: its checks are asked of the servers of the tests, with waits that are cut."""

from __future__ import annotations

import datetime as dt
import os
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, NamedTuple

from support import facility

from afspec.conformance import probe as probe_module
from afspec.conformance.credentials import ConsentGiven, Credentials, Wallet
from afspec.conformance.execute import Asker
from afspec.conformance.reach import Direct, Vantages, Way
from afspec.conformance.reach.hosts import CommandHost
from afspec.conformance.run import Request, Run, expiry, new_run_id
from afspec.conformance.store import Store
from afspec.facility.common import SecretRef

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pytest

    from afspec.conformance.store import Told
    from afspec.report.model import Cause, Problem
    from afspec.verdict import Outcome, Reason

# What a check that waits for ever may take here. [s]
WALL = 3


class Came(NamedTuple):
    """What came of a check."""

    outcome: Outcome
    reason: Reason | None
    text: str


class Probed:
    """A site, and somebody with the secrets that the kit is given; `session` is the environment of a session of theirs.

    Secrets are files, as in a run over a real site.
    """

    def __init__(
        self,
        folder: Path,
        body: str,
        *,
        secrets: Mapping[str, str] | None = None,
        session: Mapping[str, str] | None = None,
        agreed: bool = True,
    ) -> None:
        refs = {name: SecretRef(file=str(_kept(folder / name, text))) for name, text in (secrets or {}).items()}
        consents = (
            {"bad_credentials": ConsentGiven(given_by="the tests", since=dt.date(2026, 11, 22))} if agreed else {}
        )
        credentials = Credentials.model_validate({"site": "toy", "secrets": refs, "consents": consents})
        ways = {"outside": Way("this machine", _host({}), Direct())}
        if session is not None:
            ways["session"] = Way("a session", _host(session), Direct(), one_user=True)
        run = new_run_id()
        self.run = Run(
            Request(site="toy", run=run, work=str(folder / run), expires=expiry()),
            facility(body),
            {},
            {},
            Vantages(ways),
            credentials,
            Wallet(credentials.secrets),
        )
        self.store = Store(folder / run)

    def ask(self, requirement: str, item: str = "", check: str = "", *, wall: float = 0) -> Told:
        """What came of a check, of the only one where none is named; `wall` cuts its time."""
        instance = self.run.plan.by_id[f"{requirement}[{item}]"]
        (asked,) = (each for each in instance.requirement.checks if check in {"", each.name})
        if wall:
            budget = instance.requirement.budget.model_copy(update={"wall": wall})
            instance = replace(instance, requirement=instance.requirement.model_copy(update={"budget": budget}))
        return Asker(self.run, self.store).ask(instance, asked)

    def came(self, requirement: str, item: str = "", check: str = "", *, wall: float = 0) -> Came:
        """What came of it, and what was said."""
        told = self.ask(requirement, item, check, wall=wall)
        last = told.attempts[-1] if told.attempts else None
        return Came(told.outcome, last.reason if last else None, last.text if last else told.text)

    @property
    def causes(self) -> list[Cause]:
        return self.store.causes()

    @property
    def problems(self) -> list[Problem]:
        return self.store.problems()

    @property
    def published(self) -> str:
        """Everything that was taken down as evidence."""
        return "\n".join(content.decode() for content in self.store.evidence_files().values())


def hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    """Checks look again at once, not after the seconds that a real service is given."""
    quick = SimpleNamespace(monotonic=time.monotonic, sleep=lambda _: threading.Event().wait(0.02))
    monkeypatch.setattr(probe_module, "time", quick)


def _kept(path: Path, text: str) -> Path:
    path.write_text(text)
    path.chmod(0o600)
    return path


def _host(environment: Mapping[str, str]) -> CommandHost:
    """Commands of this machine, where python3 is that of the tests."""
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    return CommandHost(lambda argv: argv, {**os.environ, "PATH": path, **environment})

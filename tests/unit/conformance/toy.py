"""A kit of the tests: a catalogue of a few lines, checks that are functions of the test, a run that reaches nothing."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from support import facility

from afspec.conformance import execute
from afspec.conformance.catalogue import Catalogue
from afspec.conformance.credentials import Credentials, Wallet
from afspec.conformance.draft import draft
from afspec.conformance.evidence import now
from afspec.conformance.execute import Asker
from afspec.conformance.plan import make_plan
from afspec.conformance.reach import Direct, Vantages, Way
from afspec.conformance.run import Request, Run, expiry
from afspec.conformance.store import Store

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    import pytest

    from afspec.conformance.probe import Probe
    from afspec.conformance.reach import Host
    from afspec.conformance.store import Told
    from afspec.facility import Facility
    from afspec.report.model import Report, Result

    Asks = Mapping[str, Callable[[Probe], None]]

RUN = "0badcafe"
ROOT, LEAF, TOP = "AF-TOY-001", "AF-TOY-002", "AF-TOY-003"


def requirement(name: str = ROOT, *below: str, checks: tuple[dict[str, Any], ...] = (), **more: Any) -> dict[str, Any]:
    """A requirement as its file has it; its checks are called `asks` unless it says otherwise."""
    given = checks or ({"name": "asks"},)
    return {
        "id": name,
        "title": "Toys work",
        "level": "MUST",
        "capability": "toys",
        "statement": "A toy works.",
        "source": "these tests",
        "budget": {"wall": "60 s"},
        "depends_on": list(below),
        "checks": [{"test": f"test_toy.py::test_{item['name']}", "shows": "It works.", **item} for item in given],
        **more,
    }


def catalogue(*requirements: dict[str, Any], profiles: Mapping[str, list[str]] | None = None) -> Catalogue:
    """A catalogue of them."""
    found = [{"name": name, "title": name, "requirements": ids} for name, ids in (profiles or {}).items()]
    return Catalogue.model_validate({"requirements": list(requirements), "profiles": found})


def passes(probe: Probe) -> None:
    """A check that claims one thing, which holds."""
    probe.expect(holds=True, claim="a toy works")


def fails(probe: Probe) -> None:
    """A check that claims one thing, which does not hold."""
    probe.expect(holds=False, claim="a toy works", found="it squeaks")


@dataclass
class Toy:
    """A run over the toy facility; checks are found by ID.name, ID, or the check's name."""

    run: Run
    store: Store
    asks: dict[str, Callable[[Probe], None]] = field(default_factory=dict)

    def told(self, name: str = ROOT, check: str = "asks", item: str = "") -> Told:
        """What comes of asking."""
        instance = self.run.plan.by_id[f"{name}[{item}]"]
        return Asker(self.run, self.store).ask(instance, instance.check(check))

    def report(self, *partial: str) -> Report:
        """The report of what is known."""
        return draft(self.run, self.store, now(), partial, [])

    def result(self, name: str = ROOT) -> Result:
        """The row of a requirement in it."""
        return next(row for row in self.report().results if row.requirement == name)


class Box:
    """Makes runs in a folder."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self._folder = folder
        self._patch = monkeypatch

    def __call__(
        self,
        *requirements: dict[str, Any],
        asks: Asks | None = None,
        spec: str = "",
        host: Host | None = None,
        credentials: Credentials | None = None,
        secrets: Mapping[str, str] | None = None,
        absent: Mapping[str, str] | None = None,
        **request: Any,
    ) -> Toy:
        """A run of some requirements, or of one, with checks that pass unless `asks` has others."""
        site: Facility = facility(spec)
        work = self._folder / f"work-{len(list(self._folder.iterdir()))}"
        run = Run(
            Request(site="toy", run=RUN, work=str(work), expires=expiry(), **request),
            site,
            {},
            {},
            Vantages({"session": Way("here", host, Direct(), one_user=True)}),
            credentials or Credentials(site="toy", user="alice"),
            Wallet({}, secrets),
            absent or {},
        )
        run.__dict__["plan"] = make_plan(site, catalogue(*(requirements or (requirement(),))))
        toy = Toy(run, Store(work), dict(asks or {}))

        def function_of(check: Any) -> Callable[[Probe], None]:
            name = check.test.partition("::test_")[2]
            return toy.asks.get(name, passes)

        self._patch.setattr(execute, "function_of", function_of)
        return toy

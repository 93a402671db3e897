"""pytest's hooks: one item for every check of every instance, nothing deselected silently, and a report at the end.

conformance/conftest.py imports these names; nothing is registered globally. Items only ask and show: what came of a
check is on disk the moment it is known, and the report is made from there.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from afspec.conformance.checks import names_of
from afspec.conformance.options import add_options, request_of
from afspec.conformance.session import Session
from afspec.verdict import Outcome

if TYPE_CHECKING:
    from collections.abc import Generator

    from afspec.conformance.catalogue import Check
    from afspec.conformance.plan import Instance

__all__ = [
    "pytest_addoption",
    "pytest_collection_modifyitems",
    "pytest_configure",
    "pytest_configure_node",
    "pytest_generate_tests",
    "pytest_pyfunc_call",
    "pytest_report_teststatus",
    "pytest_runtest_makereport",
    "pytest_runtestloop",
    "pytest_sessionfinish",
    "pytest_terminal_summary",
]

_SESSION = pytest.StashKey[Session]()
_SHOWN = {
    Outcome.PASS: ("verified", "."),
    Outcome.FAIL: ("failed", "F"),
    Outcome.UNVERIFIED: ("unverified", "U"),
    Outcome.ERROR: ("kit error", "E"),
    Outcome.NOT_RUN: ("not asked", "-"),
}
_PROPERTY = "afspec"


class NotShown(Exception):  # noqa: N818 - no error: what pytest shows where a check does not pass
    """A check that does not pass, in one line."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """The kit's options."""
    add_options(parser)


def pytest_configure(config: pytest.Config) -> None:
    """Find the site, its spec and its ways, before anything is collected."""
    if config.getoption("--site") is None:
        if config.option.collectonly or config.option.help:
            return
        raise pytest.UsageError("say which site: pytest conformance --site bnl (bnl, uchicago, slac, local, or a spec)")
    # The kit's own summary names each cause once; a list of every check that it stopped says nothing more.
    config.option.reportchars = ""
    told = getattr(config, "workerinput", {}).get("afspec_request")
    # A worker is told what the controller found out; everybody else finds out.
    config.stash[_SESSION] = Session.open(json.loads(told) if told else request_of(config), worker=bool(told))


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Tell a worker of xdist what is asked for."""
    node.workerinput["afspec_request"] = json.dumps(node.config.stash[_SESSION].request.plain())


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """An item for every instance of the requirements whose checks a function is."""
    names = names_of(metafunc.function)
    session = metafunc.config.stash.get(_SESSION, None)
    if not names:
        return
    pairs = session.pairs(names) if session else []
    ids = [f"{instance.requirement.id}.{check.name}[{instance.subject.item}]" for instance, check in pairs]
    metafunc.parametrize("probe", pairs, ids=ids)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_collection_modifyitems(
    session: pytest.Session, config: pytest.Config, items: list[pytest.Item]
) -> Generator[None]:
    """First what others rest on; what -k, -m or --deselect take away is taken down, not forgotten."""
    del session
    kit = config.stash.get(_SESSION, None)
    if kit is None:
        yield
        return
    items.sort(key=lambda item: kit.position(_pair(item)))
    before = {item.nodeid for item in items}
    result = yield
    kit.selected(before - {item.nodeid for item in items}, whole=kit.expected() <= len(before))
    return result


def pytest_runtestloop(session: pytest.Session) -> bool | None:
    """With --plan nothing is asked; else leftovers of ours are swept first."""
    kit = session.config.stash.get(_SESSION, None)
    if kit is None or session.config.option.collectonly:
        return None
    if session.config.getoption("--plan"):
        return True
    kit.begin()
    return None


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    """Ask, and show what came of it."""
    pair = _pair(pyfuncitem)
    if pair is None:
        return None
    instance, check = pair
    told = pyfuncitem.config.stash[_SESSION].ask(instance, check)
    text = told.attempts[-1].text if told.attempts else told.text
    pyfuncitem.user_properties.append(
        (_PROPERTY, json.dumps({"outcome": told.outcome.value, "text": text, "cause": told.cause}))
    )
    if told.outcome is not Outcome.PASS:
        raise NotShown(text)
    return True


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """What did not pass is shown by its own words, without a traceback through the kit."""
    del item
    report = yield
    if call.excinfo is not None and isinstance(call.excinfo.value, NotShown):
        report.longrepr = str(call.excinfo.value)
    return report


def pytest_report_teststatus(report: pytest.TestReport) -> tuple[str, str, str] | None:
    """The kit's own words beside pytest's."""
    # A file that could not be collected has a report too, of another kind.
    found = dict(getattr(report, "user_properties", ())).get(_PROPERTY)
    if report.when != "call" or found is None:
        return None
    outcome = Outcome(json.loads(str(found))["outcome"])
    category, letter = _SHOWN[outcome]
    return category, letter, category.upper()


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """Make the report, also after an interrupt or with a worker lost; the exit code is what it says."""
    kit = session.config.stash.get(_SESSION, None)
    if kit is None or kit.worker or session.config.option.collectonly:
        return
    session.exitstatus = kit.finish(int(exitstatus), plan=bool(session.config.getoption("--plan")))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """The word of the site, its counts, and every cause once."""
    kit = config.stash.get(_SESSION, None)
    if kit is not None:
        kit.summarise(terminalreporter)


def _pair(item: pytest.Item) -> tuple[Instance, Check] | None:
    call = getattr(item, "callspec", None)
    pair: tuple[Instance, Check] | None = call.params.get("probe") if call else None
    return pair

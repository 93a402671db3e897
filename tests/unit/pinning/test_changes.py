"""Old lock and new: what went up, down, came, went, or is another file; and what is news at all."""

from __future__ import annotations

import datetime as dt

import pytest
from unit.pinning.test_resolvers import request

from afspec.pinning import Fit, compare, fit_of, lock, pip
from afspec.pinning.resolved import Resolved

DAY = dt.date(2026, 11, 23)


def pin(name: str, version: str, digest: str = "0") -> str:
    return f"{name}=={version} \\\n    --hash=sha256:{digest * 64}\n"


@pytest.mark.parametrize(
    ("old", "new", "kind"),
    [
        ("1.9", "1.10", "up"),
        ("1.10", "1.9", "down"),
        ("2.0rc1", "2.0.1", "up"),
        ("2025.12", "2026.1", "up"),
        ("1.0", "1.0+cpu", "changed"),
    ],
)
def test_versions_are_told_by_their_order(old: str, new: str, kind: str) -> None:
    [change] = compare(pin("a", old), pin("a", new)).versions
    if kind != "changed":
        assert change.kind == kind
    assert (change.name, change.old, change.new) == ("a", old, new)


def test_packages_come_and_go() -> None:
    changes = compare(pin("a", "1") + pin("b", "1"), pin("b", "1") + pin("c", "1"))
    assert [(change.kind, change.name) for change in changes.versions] == [("gone", "a"), ("new", "c")]
    assert (changes.packages, changes.files) == (2, ())


def test_another_file_of_the_same_version_is_told() -> None:
    changes = compare(pin("a", "1", "0"), pin("a", "1", "1"))
    assert (changes.versions, changes.files, changes.any) == ((), ("a",), True)


def test_a_head_is_no_change() -> None:
    assert not compare("# made: 2026-01-01\n" + pin("a", "1"), "# made: 2026-11-23\n" + pin("a", "1")).any


def resolves_to(body: str, monkeypatch: pytest.MonkeyPatch, resolver: str = "uv 1") -> None:
    monkeypatch.setattr(pip, "resolve", lambda *_, **__: Resolved(body, resolver))


def test_a_lock_says_what_it_was_made_from_and_fits_it(monkeypatch: pytest.MonkeyPatch) -> None:
    resolves_to(pin("numpy", "2"), monkeypatch)
    assert fit_of(request()) is Fit.ABSENT
    made = lock.make(request(), DAY, upgrade=False)
    assert made.endswith(pin("numpy", "2"))
    assert fit_of(request(old=made)) is Fit.FITS
    assert fit_of(request(old=made, wanted="sha256:2")) is Fit.STALE


def test_the_day_and_the_resolver_alone_are_no_news(monkeypatch: pytest.MonkeyPatch) -> None:
    resolves_to(pin("numpy", "2"), monkeypatch)
    made = lock.make(request(), DAY, upgrade=False)
    resolves_to(pin("numpy", "2"), monkeypatch, "uv 2")
    later = DAY + dt.timedelta(days=9)
    assert lock.make(request(old=made), later, upgrade=False) == made
    assert lock.make(request(old=made, wanted="sha256:2"), later, upgrade=False) != made
    resolves_to(pin("numpy", "3"), monkeypatch)
    assert f"# made: {later}" in lock.make(request(old=made), later, upgrade=False)

"""What a twin needs, what its room is made of, and what stays out."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, cast

import pytest
from support import facility

from afspec import twins
from afspec.twin import wants
from afspec.twin.environments import Environment
from afspec.twin.registry import engines_of
from afspec.twin.state import State

if TYPE_CHECKING:
    from pathlib import Path

    from afspec.twin.context import Twin

SLURM = "batch: [{name: slurm, scheduler: slurm, stance: promised}]\n"
HTCONDOR = "batch: [{name: pool, scheduler: htcondor, stance: promised}]\n"


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))


@pytest.mark.parametrize(
    ("spec", "name"),
    [(SLURM, "bookworm"), (HTCONDOR, "trixie"), (SLURM.replace("promised", "planned"), None), ("", None)],
)
def test_the_scheduler_decides_the_root(spec: str, name: str | None) -> None:
    root = wants.root_of(facility(spec))
    assert (root.name if root else None) == name


def test_a_private_room_needs_what_makes_it() -> None:
    found = [need.name for need in wants.needs_of(facility(SLURM), {})]
    assert found == ["unshare", "nsenter", "mmdebstrap", "bookworm"]
    assert wants.environments_of(facility(SLURM)) == {}


def test_images_lie_over_the_root() -> None:
    found = twins.find("slac")
    layers = wants.layers_of(found.facility, found.texts)
    assert len(layers) == 2
    assert layers[-1].name.startswith("bookworm-")


def test_the_local_twin_needs_environments_only() -> None:
    found = twins.find("local")
    assert [need.name for need in found.needs] == ["hub", "triton"]
    assert wants.layers_of(found.facility, found.texts) == []


def test_what_cannot_be_had_stays_out_and_the_rest_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Environment, "obstacle", lambda self: "needs Python 3.11" if self.name == "triton" else "")
    found = twins.find("local")
    out = wants.left_out(found.facility)
    assert set(out) == {"triton", "s3"}
    assert "needs Python 3.11" in out["triton"]
    assert [need.name for need in twins.missing_of(found)] == ["hub"]
    assert {engine.name for engine in engines_of(found.facility, out)} == {"oidc", "jupyterhub", "gateway"}


def test_nothing_stays_out_of_what_is_only_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Environment, "obstacle", lambda _: "")
    found = twins.find("local")
    assert wants.left_out(found.facility) == {}
    assert [need.name for need in twins.missing_of(found)] == ["hub", "triton"]


def test_what_everything_needs_never_stays_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Environment, "obstacle", lambda _: "needs Python 3.11")
    assert [need.name for need in twins.missing_of(twins.find("local"))] == ["hub"]


def test_a_twin_knows_whether_its_spec_has_changed(tmp_path: Path) -> None:
    base = "afspec: 1\nname: toy\ntitle: {title}\ndeclared_by: site\n"
    spec = tmp_path / "toy.yaml"
    spec.write_text(base.format(title="A toy"))
    made_of = twins.find(str(spec))
    state = State("toy", str(spec), tmp_path, private=False, digest=made_of.digest)
    running = twins.Running(state, cast("Twin", None), [])
    assert not running.differs_from(twins.find(str(spec)))
    spec.write_text("# a remark\n" + base.format(title="A toy"))
    assert not running.differs_from(twins.find(str(spec)))
    spec.write_text(base.format(title="Another toy"))
    assert running.differs_from(twins.find(str(spec)))


def test_a_version_stays_as_it_was_written(tmp_path: Path) -> None:
    spec = tmp_path / "toy.yaml"
    spec.write_text(
        "afspec: 1\nname: toy\ntitle: A toy\ndeclared_by: site\n"
        "batch: [{name: slurm, scheduler: slurm, stance: promised, version: 22.10}]\n"
    )
    again = tmp_path / "again.yaml"
    again.write_text(json.dumps(twins.find(str(spec)).data))
    assert twins.find(str(again)).facility.batch[0].version == "22.10"
    assert twins.find(str(again)).facility == twins.find(str(spec)).facility


@pytest.mark.parametrize("name", ["local", "slac", "slac-2023", "bnl"])
def test_a_twins_own_spec_describes_the_same_facility(name: str, tmp_path: Path) -> None:
    found = twins.find(name)
    again = tmp_path / "again.yaml"
    again.write_text(json.dumps(found.data))
    assert twins.find(str(again)).facility.model_copy(update={"extends": found.facility.extends}) == found.facility

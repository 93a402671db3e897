"""Loading the catalogue: what does not fit is refused, and the words say where."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import pytest
import yaml
from unit.conformance.toy import LEAF, ROOT, TOP, catalogue, requirement

from afspec.conformance.catalogue import CatalogueError, load_catalogue
from afspec.conformance.catalogue import catalogue as own

if TYPE_CHECKING:
    from pathlib import Path
    from typing import Any


def written(folder: Path, *requirements: Any, profiles: Any = None) -> Path:
    (folder / "toys.yaml").write_text(yaml.safe_dump(list(requirements)))
    if profiles is not None:
        (folder / "profiles.yaml").write_text(yaml.safe_dump(profiles))
    return folder


def refusal(folder: Path) -> str:
    with pytest.raises(CatalogueError) as caught:
        load_catalogue(folder)
    return str(caught.value)


def test_requirements_come_in_the_order_of_their_files(tmp_path: Path) -> None:
    written(tmp_path, requirement(TOP), profiles=[{"name": "p", "title": "P", "requirements": [ROOT]}])
    (tmp_path / "a.yaml").write_text(yaml.safe_dump([requirement(LEAF), requirement(ROOT)]))
    found = load_catalogue(tmp_path)
    assert [item.id for item in found.requirements] == [LEAF, ROOT, TOP]
    assert found.members == {"p": (ROOT,)}
    assert found.requirement(TOP).id == TOP
    with pytest.raises(KeyError):
        found.requirement("AF-TOY-999")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("- id: [", "toys.yaml: no YAML"),
        ("id: AF-TOY-001", "toys.yaml: must be a list"),
        ("- {granted: 2026-02-30}", "toys.yaml: no YAML"),
        ("- word", "entry 1: "),
        ("- {title: t}", "entry 1."),
        ("", "toys.yaml: must be a list"),
    ],
)
def test_what_is_no_list_of_requirements_is_refused_by_its_file(tmp_path: Path, text: str, words: str) -> None:
    (tmp_path / "toys.yaml").write_text(text)
    assert words in refusal(tmp_path)


def test_what_is_no_text_is_refused(tmp_path: Path) -> None:
    (tmp_path / "toys.yaml").write_bytes(b"\xff\xfe- a")
    assert "toys.yaml: no YAML" in refusal(tmp_path)


@pytest.mark.parametrize(
    ("more", "place"),
    [
        ({"id": "AF-toy-1"}, "AF-toy-1.id"),
        ({"level": "SHALL"}, f"{ROOT}.level"),
        ({"vantage": "moon"}, f"{ROOT}.vantage"),
        ({"safety": "harm"}, f"{ROOT}.safety"),
        ({"actor": "root"}, f"{ROOT}.actor"),
        ({"budget": {}}, f"{ROOT}.budget.wall"),
        ({"budget": {"wall": "soon"}}, f"{ROOT}.budget.wall"),
        ({"budget": {"wall": "1 s", "jobs": -1}}, f"{ROOT}.budget.jobs"),
        ({"max_age": "never"}, f"{ROOT}.max_age"),
        ({"depends_on": ["toys"]}, f"{ROOT}.depends_on.0"),
        ({"checks": []}, f"{ROOT}.checks"),
        ({"surprise": 1}, f"{ROOT}.surprise"),
    ],
)
def test_a_key_that_does_not_fit_is_named(tmp_path: Path, more: dict[str, Any], place: str) -> None:
    assert refusal(written(tmp_path, {**requirement(), **more})).startswith(f"{place}:")


@pytest.mark.parametrize(
    ("check", "place"),
    [
        ({"name": "Asks"}, "checks.0.name"),
        ({"test": "conformance/test_toy.py::test_asks"}, "checks.0.test"),
        ({"test": "test_toy.py::asks"}, "checks.0.test"),
        ({"retries": 3}, "checks.0.retries"),
        ({"consent": "anything"}, "checks.0.consent"),
    ],
)
def test_a_check_that_does_not_fit_is_named(tmp_path: Path, check: dict[str, Any], place: str) -> None:
    data = requirement()
    data["checks"][0].update(check)
    assert refusal(written(tmp_path, data)).startswith(f"{ROOT}.{place}:")


@pytest.mark.parametrize(
    ("requirements", "words"),
    [
        ([requirement(), requirement()], f"used twice: {ROOT}"),
        ([requirement(LEAF, ROOT)], f"{LEAF} depends on {ROOT}, which is not there"),
        ([requirement(checks=({"name": "a"}, {"name": "a"}))], "two checks have the same name"),
        ([requirement(ROOT, ROOT)], f"in a circle, each depends on the next: {ROOT}, {ROOT}"),
        (
            [requirement(ROOT, LEAF), requirement(LEAF, TOP), requirement(TOP, ROOT)],
            "in a circle, each depends on the next: ",
        ),
    ],
)
def test_references_that_lead_nowhere_or_in_a_circle_are_refused(
    tmp_path: Path, requirements: list[Any], words: str
) -> None:
    assert words in refusal(written(tmp_path, *requirements))


def test_a_circle_is_told_in_the_order_in_which_each_depends_on_the_next(tmp_path: Path) -> None:
    written(tmp_path, requirement(ROOT, LEAF), requirement(LEAF, TOP), requirement(TOP, ROOT))
    told = refusal(tmp_path).rpartition(": ")[2].split(", ")
    assert set(itertools.pairwise(told)) == {(ROOT, LEAF), (LEAF, TOP), (TOP, ROOT)}


def test_a_profile_that_names_what_is_not_there_is_refused(tmp_path: Path) -> None:
    profiles = [{"name": "p", "title": "P", "requirements": [TOP]}]
    assert f"profile p names {TOP}, which is not there" in refusal(written(tmp_path, requirement(), profiles=profiles))


def test_any_change_gives_another_digest() -> None:
    assert catalogue(requirement()).sha256 == catalogue(requirement()).sha256
    for more in ({"level": "SHOULD"}, {"title": "T"}, {"max_age": "1 d"}, {"safety": "touch"}):
        assert catalogue({**requirement(), **more}).sha256 != catalogue(requirement()).sha256


def test_the_suites_own_catalogue_is_whole() -> None:
    assert own().requirements

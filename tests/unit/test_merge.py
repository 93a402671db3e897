"""Bases: what a file that extends others keeps, changes and takes away, and what is said when it does not fit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import yaml
from hypothesis import assume, given
from hypothesis import strategies as st
from support import HEAD, JSON, codes, parsed, places, refused, tree

from afspec.diagnostics import Diagnostic
from afspec.facility import validate
from afspec.source import Loader, Mapping, to_plain
from afspec.source.load import MAX_CHAIN
from afspec.source.merge import duplicate_names, merge, strip

if TYPE_CHECKING:
    from pathlib import Path

    from afspec.source import Document, Node


def merged(base: str, over: str) -> tuple[Any, list[Diagnostic]]:
    problems: list[Diagnostic] = []
    return to_plain(merge(strip(tree(base)), tree(over), problems.append)), problems


@pytest.mark.parametrize(
    ("base", "over", "result"),
    [
        pytest.param("a: 1\nb: 2", "b: 3\nc: 4", {"a": 1, "b": 3, "c": 4}, id="maps merge"),
        pytest.param("a: {b: {c: 1, d: 2}}", "a: {b: {d: 3}}", {"a": {"b": {"c": 1, "d": 3}}}, id="deep maps"),
        pytest.param("a: [1, 2]", "a: [3]", {"a": [3]}, id="lists replace"),
        pytest.param("a: [1, 2]", "a: []", {"a": []}, id="empty list replaces"),
        pytest.param("a: [{name: x, v: 1}]", "a: []", {"a": []}, id="empty list replaces named items"),
        pytest.param("a: []", "a: [{name: x}]", {"a": [{"name": "x"}]}, id="named items onto an empty list"),
        pytest.param(
            "a: [{name: x, v: 1, w: 1}, {name: y, v: 2}]",
            "a: [{name: z, v: 3}, {name: x, v: 4}]",
            {"a": [{"name": "x", "v": 4, "w": 1}, {"name": "y", "v": 2}, {"name": "z", "v": 3}]},
            id="named items merge and keep their places",
        ),
        pytest.param(
            "a: [{name: x, v: 1}]", "a: [{name: y}, {v: 2}]", {"a": [{"name": "y"}, {"v": 2}]}, id="not all are named"
        ),
        pytest.param("a: 1\nb: {c: 2, d: 3}", "a: null\nb: {c: ~}", {"b": {"d": 3}}, id="null takes away"),
        pytest.param("a: {b: 1}\nc: [1]", "a:\nc:", {}, id="null takes away maps and lists"),
        pytest.param("a: 1", "b: null", {"a": 1}, id="null of what is not there"),
        pytest.param("a: 1", "a: 'null'", {"a": "null"}, id="null in quotes is a word"),
        pytest.param("a: 1", "b: {c: null, d: 1}", {"a": 1, "b": {"d": 1}}, id="null in a new map"),
        pytest.param("a: {b: 1}", "a: !replace {c: 2}", {"a": {"c": 2}}, id="replace a map"),
        pytest.param("a: [{name: x}]", "a: !replace [{name: y}]", {"a": [{"name": "y"}]}, id="replace a list"),
        pytest.param("a: [{name: x, v: {b: 1}}]", "a: [{name: x, v: !replace {c: 1}}]",
                     {"a": [{"name": "x", "v": {"c": 1}}]}, id="replace inside an item"),
        pytest.param("a: [1]", "a: !replace {b: 1}", {"a": {"b": 1}}, id="replace by another kind"),
        pytest.param("a: 1", "b: !replace {c: 1}", {"a": 1, "b": {"c": 1}}, id="replace nothing"),
    ],
)  # fmt: skip
def test_merge(base: str, over: str, result: Any) -> None:
    assert merged(base, over) == (result, [])


def test_order_of_keys_is_that_of_the_base() -> None:
    value, _ = merged("b: 1\na: 1", "c: 1\na: 2")
    assert list(value) == ["b", "a", "c"]


@pytest.mark.parametrize(
    ("base", "over", "said"),
    [
        ("a: {b: 1}", "x: 1\na: 2", "a single value overrides a map"),
        ("a: [1]", "x: 1\na: 2", "a single value overrides a list"),
        ("a: 1", "x: 1\na: [2]", "a list overrides a single value"),
        ("a: [1]", "x: 1\na: {b: 1}", "a map overrides a list"),
    ],
)
def test_kinds_that_clash(base: str, over: str, said: str) -> None:
    _, [problem] = merged(base, over)
    assert places([problem]) == [("AF1004", 2, 4)]
    assert said in problem.message


def test_names_that_are_given_twice() -> None:
    problems: list[Diagnostic] = []
    duplicate_names(tree("a:\n  - {name: x}\n  - b: [{name: y}, {name: y}]\n  - {name: x}\n"), problems.append)
    assert places(problems) == [("AF1003", 3, 27), ("AF1003", 4, 12)]
    assert "line 2" in problems[1].message


NAMED = st.lists(st.sampled_from("abcdef"), unique=True).map(lambda names: [{"name": name} for name in names])
DATA = st.dictionaries(st.sampled_from(["a", "b", "c", "name"]), st.one_of(JSON, NAMED), max_size=4)


def node(data: Any) -> Node:
    result = parsed(yaml.safe_dump(data))
    assume(result.root is not None and not result.diagnostics)
    assert result.root is not None
    return result.root


@given(DATA)
def test_empty_map_changes_nothing(data: Any) -> None:
    base, problems = strip(node(data)), list[Diagnostic]()
    assert to_plain(merge(base, node({}), problems.append)) == to_plain(base)
    assert to_plain(merge(node({}), node(data), problems.append)) == to_plain(base)
    assert problems == []


@given(DATA)
def test_tree_on_itself_changes_nothing(data: Any) -> None:
    over, problems = node(data), list[Diagnostic]()
    duplicate_names(over, problems.append)
    assume(not problems)
    assert to_plain(merge(strip(over), over, problems.append)) == to_plain(strip(over))
    assert problems == []


@given(DATA, DATA)
def test_override_that_is_applied_twice_is_applied_once(base: Any, over: Any) -> None:
    problems: list[Diagnostic] = []
    once = merge(strip(node(base)), node(over), problems.append)
    assume(not problems)
    assert to_plain(merge(once, node(over), problems.append)) == to_plain(once)


@given(NAMED, NAMED)
def test_named_items_keep_their_places(base: Any, over: Any) -> None:
    assume(base and over)
    value = to_plain(merge(node(base), node(over), list[Diagnostic]().append))
    known = [item["name"] for item in base]
    assert [item["name"] for item in value] == known + [i["name"] for i in over if i["name"] not in known]


@given(DATA)
def test_stripped_tree_holds_no_null_in_a_map(data: Any) -> None:
    def nulls(value: Any) -> bool:
        if isinstance(value, dict):
            return None in value.values() or any(map(nulls, value.values()))
        return isinstance(value, list) and any(map(nulls, value))

    assert not nulls(to_plain(strip(node(data))))


def write(folder: Path, **texts: str) -> None:
    for name, text in texts.items():
        path = folder / f"{name.replace('__', '/')}.yaml"
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)


def load(folder: Path, name: str = "site") -> Document:
    return Loader().load(str(folder / f"{name}.yaml"))


def test_bases_in_order_and_bases_of_bases(tmp_path: Path) -> None:
    write(
        tmp_path,
        sites__site="extends: [../base/one.yaml, ../base/two.yaml]\nd: site\n",
        base__one="a: one\nb: one\nc: one\nd: one\n",
        base__two="extends: root.yaml\nb: two\n",
        base__root="b: root\nc: root\n",
    )
    loaded = load(tmp_path / "sites")
    values = to_plain(loaded.root)
    assert {key: values[key] for key in "abcd"} == {"a": "one", "b": "two", "c": "root", "d": "site"}
    assert [file.name.rpartition("/")[2] for file in loaded.files] == ["site.yaml", "one.yaml", "two.yaml", "root.yaml"]


def test_one_base_as_a_word(tmp_path: Path) -> None:
    write(tmp_path, site="extends: base.yaml\nb: 2\n", base="a: 1\n")
    assert to_plain(load(tmp_path).root) == {"a": 1, "extends": "base.yaml", "b": 2}


@pytest.mark.parametrize("site", ["base.yaml", "[base.yaml]", "[base.yaml, other.yaml]"])
def test_how_a_base_names_its_own_bases_is_its_affair(tmp_path: Path, site: str) -> None:
    write(tmp_path, site=f"extends: {site}\n", base="extends: [root.yaml]\n", other="extends: root.yaml\n", root="a: 1")
    assert to_plain(load(tmp_path).root)["a"] == 1


def test_one_base_by_two_ways_is_read_once(tmp_path: Path) -> None:
    write(tmp_path, site="extends: [l.yaml, r.yaml]\n", l="extends: b.yaml\n", r="extends: b.yaml\n", b="a: 1\n")
    assert len(load(tmp_path).files) == 4


def test_problem_of_a_base_by_two_ways_is_reported_once(tmp_path: Path) -> None:
    write(tmp_path, site="extends: [l.yaml, r.yaml]\n", l="extends: b.yaml\n", r="extends: b.yaml\n", b="a: 1\na: 2\n")
    assert places(refused(lambda: load(tmp_path))) == [("AF0007", 2, 1)]


def test_problem_of_a_base_is_reported_for_every_site(tmp_path: Path) -> None:
    write(tmp_path, one="extends: b.yaml\n", two="extends: b.yaml\n", b="a: 1\na: 2\n")
    loader = Loader()
    for name in ("one", "two"):
        assert codes(refused(lambda name=name: loader.load(str(tmp_path / f"{name}.yaml")))) == ["AF0007"]  # type: ignore[misc]


def test_tree_of_bases_that_grows_by_doubling(tmp_path: Path) -> None:
    write(tmp_path, **{f"b{n}": f"extends: [b{n + 1}.yaml, b{n + 1}.yaml]\n" for n in range(14)}, b14="a: 1\na: 2\n")
    assert codes(refused(lambda: load(tmp_path, "b0"))) == ["AF0007"]


def test_circle_is_named(tmp_path: Path) -> None:
    write(tmp_path, site="extends: a.yaml\n", a="x: 1\nextends: b.yaml\n", b="x: 1\ny: 1\nextends: [a.yaml]\n")
    [found] = refused(lambda: load(tmp_path))
    assert places([found]) == [("AF1002", 3, 11)]
    assert found.span is not None
    assert found.span.file == str(tmp_path / "b.yaml")
    circle = found.message.partition(": ")[2].split(" -> ")
    assert [name.rpartition("/")[2] for name in circle] == ["a.yaml", "b.yaml", "a.yaml"]


def test_file_that_extends_itself(tmp_path: Path) -> None:
    write(tmp_path, site=f"extends: [../{tmp_path.name}/site.yaml]\n")
    assert places(refused(lambda: load(tmp_path))) == [("AF1002", 1, 11)]


@pytest.mark.parametrize("name", ["none.yaml", "folder", "'a\\0b'", '"a\\0b"', "''", "/dev/zero"])
def test_base_that_cannot_be_read(tmp_path: Path, name: str) -> None:
    (tmp_path / "folder").mkdir()
    write(tmp_path, site=f"a: 1\nextends:\n  - base.yaml\n  - {name}\n", base="a: 1\n")
    [found] = refused(lambda: load(tmp_path))
    assert places([found]) == [("AF1001", 4, 5)]
    assert found.span is not None
    assert found.span.file == str(tmp_path / "site.yaml")


def test_base_of_a_base_that_is_missing_is_the_fault_of_the_base(tmp_path: Path) -> None:
    write(tmp_path, site="extends: base.yaml\n", base="a: 1\nextends: none.yaml\n")
    [found] = refused(lambda: load(tmp_path))
    assert str(found.span) == f"{tmp_path / 'base.yaml'}:2:10"


@pytest.mark.parametrize("value", ["", "null", "{a: b}", "[[a.yaml]]", "[a.yaml, null]", "[{name: a}]"])
def test_extends_is_a_list_of_paths(tmp_path: Path, value: str) -> None:
    write(tmp_path, site=f"extends: {value}\n", a="a: 1\n")
    assert codes(refused(lambda: load(tmp_path))) == ["AF1005"]


def test_bases_nested_too_deeply(tmp_path: Path) -> None:
    write(tmp_path, **{f"b{n}": f"extends: b{n + 1}.yaml\n" for n in range(MAX_CHAIN)})
    write(tmp_path, **{f"b{MAX_CHAIN}": "a: 1\n"})
    assert to_plain(load(tmp_path, "b0").root)["a"] == 1
    write(tmp_path, **{f"b{MAX_CHAIN}": f"extends: b{MAX_CHAIN + 1}.yaml\n", f"b{MAX_CHAIN + 1}": "a: 1\n"})
    assert codes(refused(lambda: load(tmp_path, "b0"))) == ["AF1006"]


@pytest.mark.parametrize("text", ["- 1\n", "word\n", "[]\n", "'quoted'\n", "~\n"])
def test_file_that_is_not_a_map(tmp_path: Path, text: str) -> None:
    write(tmp_path, site=text, heir="extends: site.yaml\n")
    for name in ("site", "heir"):
        [found] = refused(lambda name=name: load(tmp_path, name))  # type: ignore[misc]
        assert found.code == "AF0015"
        assert str(found.span) == f"{tmp_path / 'site.yaml'}:1:1"


def test_clash_with_a_base_points_to_the_override(tmp_path: Path) -> None:
    write(tmp_path, site="extends: base.yaml\na: 1\n", base="a: {b: 1}\n")
    assert places(refused(lambda: load(tmp_path))) == [("AF1004", 2, 4)]


def test_value_of_a_base_is_shown_in_the_base(tmp_path: Path) -> None:
    write(tmp_path, site=HEAD + "extends: base.yaml\nstale_after: 5\n", base="\n\ndocs: nonsense\nstale_after: 1 d\n")
    loader = Loader()
    found = refused(lambda: validate(loader.load(str(tmp_path / "site.yaml"))))
    assert [str(d.span) for d in found] == [f"{tmp_path / 'base.yaml'}:3:7", f"{tmp_path / 'site.yaml'}:6:14"]
    assert loader.sources[str(tmp_path / "base.yaml")][2] == "docs: nonsense"


def test_named_item_of_a_base_keeps_its_place_for_diagnostics(tmp_path: Path) -> None:
    pool = "batch:\n  - name: farm\n    scheduler: slurm\n    {}\n"
    write(tmp_path, site=HEAD + "extends: base.yaml\n" + pool.format("nodes: 2"), base=pool.format("cores: none"))
    found = refused(lambda: validate(load(tmp_path)))
    assert [str(d.span) for d in found] == [f"{tmp_path / 'base.yaml'}:4:12"]
    assert found[0].pointer == "/batch/farm/cores"


def test_merging_leaves_the_cached_base_alone(tmp_path: Path) -> None:
    write(
        tmp_path,
        one="extends: b.yaml\na: {x: 1}\nc: null\n",
        two="extends: b.yaml\n",
        b="a: {y: 1}\nc: 2\nl: [{name: n, v: 1}]\n",
    )
    loader = Loader()
    loader.load(str(tmp_path / "one.yaml"))
    second = to_plain(loader.load(str(tmp_path / "two.yaml")).root)
    assert second == {"a": {"y": 1}, "c": 2, "l": [{"name": "n", "v": 1}], "extends": "b.yaml"}
    assert isinstance(loader.load(str(tmp_path / "two.yaml")).root, Mapping)

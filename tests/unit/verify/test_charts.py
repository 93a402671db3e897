"""Values of charts: merged over the defaults, against the schema, or against what the defaults know."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

import pytest
from cluster_files import FILES, VALUES, changed, charts, line_of
from hypothesis import given
from hypothesis import strategies as st
from upstream import UPSTREAM, merged, upstream
from verify_support import ask, found

from afspec.diagnostics import AfspecError
from afspec.verify import State
from afspec.verify.cluster.charts import Charts
from afspec.verify.cluster.coalesce import coalesced

if TYPE_CHECKING:
    from pathlib import Path

BAD = [
    ("port: 8081", "port: high", "port: 8081", "hub.port: 'high' is no integer"),
    ("port: 8081", "porte: 8081", "port: 8081", "unknown field `porte`; did you mean `port`?"),
    ("port: 8081", "port: null", "hub:", "'port' is a required property"),
    ("team: atlas", "team: y", "team: atlas", "hub.extraLabels.team: True is no string"),
    ("hub:\n", "hub_: 1\nhub:\n", "hub:", "unknown field `hub_`"),
]


def test_good_values_are_fine(tmp_path: Path) -> None:
    verdict = ask("charts", FILES, charts(tmp_path))
    assert (verdict.state, verdict.files) == (State.FINE, (VALUES,))


@pytest.mark.parametrize(("old", "new", "line", "said"), BAD)
def test_what_the_schema_refuses(tmp_path: Path, old: str, new: str, line: str, said: str) -> None:
    every = found("charts", changed(VALUES, old, new), charts(tmp_path))
    assert any(said in message for _, _, message in every), every
    assert {(path, at) for path, at, _ in every} == {(VALUES, line_of(FILES, VALUES, line))}


UNKNOWN = [
    ("", "the chart has no value `extraLabels`"),
    ("secured: true", "the chart has no value `secured`; did you mean `secure`?"),
    ("secure: 'false'", "'false' is no boolean"),
    ("service: NodePort", "is no map"),
    ("service: {typ: NodePort}", "the chart has no value `typ`; did you mean `type`?"),
]


@pytest.mark.parametrize(("line", "said"), UNKNOWN)
def test_keys_that_a_chart_without_schema_does_not_know(tmp_path: Path, line: str, said: str) -> None:
    files = changed(VALUES, "  extraLabels: {team: atlas}", f"  {line}") if line else FILES
    ((path, at, message),) = found("charts", files, charts(tmp_path, schema=False))
    assert (path, at) == (VALUES, line_of(FILES, VALUES, "extraLabels"))
    assert said in message


def test_without_templates_only_what_looks_misspelt_is_a_fault(tmp_path: Path) -> None:
    folder = charts(tmp_path, schema=False)
    (folder / "toyhub/templates").rename(tmp_path / "templates")
    verdict = ask("charts", FILES, folder, whole=False)
    assert (verdict.state, verdict.findings) == (State.UNCHECKED, ())
    assert verdict.reason == "toyhub: whether it has hub.extraLabels is in its templates, which are not there"
    ((_, _, said),) = found("charts", changed(VALUES, "port: 8081", "prot: 8081"), folder)
    assert "did you mean `port`?" in said


@pytest.mark.parametrize(
    "line",
    [
        "workers: 2",
        "readByTemplate: a",
        "service: null",
        "service: {type: NodePort}",
        "extraEnv: {A: b}",
        "secure: false",
        "port: 1",
    ],
)
def test_keys_that_it_comments_on_or_reads_are_known(tmp_path: Path, line: str) -> None:
    text = f"# chart: toyhub 1.2.0\nglobal: {{a: 1}}\nhub:\n  {line}\n"
    assert found("charts", {VALUES: text}, charts(tmp_path, schema=False)) == []


def test_what_is_not_there_is_said(tmp_path: Path) -> None:
    bare = ask("charts", FILES, whole=False)
    assert (bare.state, bare.reason) == (State.UNCHECKED, "toyhub 1.2.0: needs --charts DIR")
    other = ask("charts", changed(VALUES, "toyhub", "toolhub"), charts(tmp_path), whole=False)
    assert other.reason == "toolhub 1.2.0: not below the folder of charts"


def test_one_chart_that_is_missing_does_not_hide_what_another_refuses(tmp_path: Path) -> None:
    files = changed(VALUES, "port: 8081", "port: high") | {"x/values.yaml": "# chart: other 1.0.0\na: 1\n"}
    verdict = ask("charts", files, charts(tmp_path), whole=False)
    assert (verdict.state, len(verdict.findings)) == (State.FOUND, 1)
    assert "1 finding (this Python); not checked: other 1.0.0: not below the folder of charts" in verdict.result


def test_another_version_is_said_and_never_fine(tmp_path: Path) -> None:
    verdict = ask("charts", FILES, charts(tmp_path, version="1.3.0"), whole=False)
    assert (verdict.state, verdict.reason) == (State.UNCHECKED, "toyhub 1.2.0: the folder of charts has 1.3.0")
    assert found_of_source(tmp_path / "source") == []


def found_of_source(folder: Path) -> list[Any]:
    """A chart's source tree has no version, and counts as the one that is named."""
    return found("charts", FILES, charts(folder, version="0.0.1-set.by.chartpress"))


_TREES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from("abcd"), inner, max_size=3),
)
_MAPS = st.dictionaries(st.sampled_from("abcd"), _TREES, max_size=4)


@given(_MAPS, _MAPS)
def test_values_are_merged_as_the_tests_merge_them(defaults: dict[str, Any], values: dict[str, Any]) -> None:
    before = copy.deepcopy((defaults, values))
    assert coalesced(defaults, values) == merged(defaults, values)
    assert (defaults, values) == before


@pytest.mark.parametrize(
    ("name", "version", "has_schema"),
    [
        ("jupyterhub", "4.4.0", True),
        ("dask-gateway", "", True),
        ("vcluster", "v0.36.1", True),
        ("supersonic", "0.3.1", True),
        ("servicex", "1.0.32", False),
        ("reana", "0.95.0-alpha.5", False),
        ("nvidia-device-plugin", "0.20.0", False),
        ("coffea-casa", "", False),
    ],
)
def test_real_charts_are_found_in_a_collection(name: str, version: str, *, has_schema: bool) -> None:
    upstream("z2jh")
    chart = Charts(UPSTREAM).chart(name, version)
    assert chart
    assert (chart.version, chart.schema is not None, chart.defaults != {}) == (version, has_schema, True)


@pytest.mark.parametrize("name", ["jupyterhub", "dask-gateway", "vcluster", "supersonic", "servicex", "reana"])
def test_real_charts_accept_their_own_defaults(name: str) -> None:
    upstream("z2jh")
    chart = Charts(UPSTREAM).chart(name, "")
    assert chart
    text = f"# chart: {name} {chart.version or '1'}\n" + chart.values.read_text()
    assert found("charts", {VALUES: text}, UPSTREAM) == []


def test_real_schema_refuses_a_key_that_is_misspelt() -> None:
    upstream("z2jh")
    text = "# chart: jupyterhub 4.4.0\nhub:\n  confg: {}\nsingleuser:\n  image: {name: a, tag: 1e3}\n"
    assert [(at, said) for _, at, said in found("charts", {VALUES: text}, UPSTREAM)] == [
        (3, "jupyterhub: hub.confg: unknown field `confg`; did you mean `config`?"),
        (5, "jupyterhub: singleuser.image.tag: 1000.0 is no string"),
    ]


def test_digest_changes_with_any_file_and_with_no_time(tmp_path: Path) -> None:
    folder = charts(tmp_path)
    first = Charts(folder).digest
    (folder / "toyhub/values.yaml").touch()
    assert Charts(folder).digest == first
    (folder / "toyhub/crds/toys.yaml").write_text("a: 1\n")
    assert Charts(folder).digest != first


def test_folder_that_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(AfspecError) as caught:
        Charts(tmp_path / "nowhere")
    assert caught.value.diagnostics[0].code == "AF0001"
    monkeypatch.setattr("afspec.verify.cluster.charts._MOST_FILES", 2)
    with pytest.raises(AfspecError, match=r"AF0002|more than"):
        _ = Charts(charts(tmp_path / "x")).digest


@pytest.mark.parametrize(
    ("name", "text"),
    [("values.schema.json", '{"type": '), ("values.schema.json", "[]"), ("values.yaml", "hub: [")],
)
def test_chart_that_is_damaged_is_said_and_never_fine(tmp_path: Path, name: str, text: str) -> None:
    folder = charts(tmp_path)
    (folder / "toyhub" / name).write_text(text)
    verdict = ask("charts", FILES, folder, whole=False)
    assert (verdict.state, verdict.findings) == (State.UNCHECKED, ())
    assert name in verdict.reason


def test_folder_that_may_not_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = Charts(charts(tmp_path))

    def refuse(path: Path) -> bytes:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr("pathlib.Path.read_bytes", refuse)
    with pytest.raises(AfspecError, match="Permission denied") as caught:
        _ = folder.digest
    assert caught.value.diagnostics[0].code == "AF0002"


@pytest.mark.parametrize(
    "schema", ['{"$ref": "https://example.org/schema.json"}', '{"propertyNames": {"pattern": "(?<x"}}']
)
def test_schema_that_is_at_fault_is_said_and_nothing_is_fetched(tmp_path: Path, schema: str) -> None:
    folder = charts(tmp_path)
    (folder / "toyhub/values.schema.json").write_text(schema)
    verdict = ask("charts", FILES, folder, whole=False)
    assert (verdict.state, verdict.findings) == (State.UNCHECKED, ())
    assert "toyhub 1.2.0: its schema cannot be asked" in verdict.reason

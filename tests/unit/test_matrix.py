"""The table of facilities: what each word of a spec becomes in a cell, and that silence is never a no."""

from __future__ import annotations

import json
from html.parser import HTMLParser

import pytest
from support import HEAD, facility

from afspec.matrix import COLUMNS, FORMATS, Cell, Compiled, Link, cells, implementing, render_matrix

UNDECLARED = Cell("undeclared", "undeclared")


def test_silence_is_undeclared_everywhere() -> None:
    assert cells(facility()) == dict.fromkeys(COLUMNS, UNDECLARED)


@pytest.mark.parametrize(
    ("stance", "cell"),
    [
        ("promised", Cell("yes", "promised")),
        ("best_effort", Cell("yes", "best_effort")),
        ("on_request", Cell("yes", "on_request")),
        ("planned", Cell("planned", "planned")),
        ("not_promised", Cell("no", "not_promised")),
    ],
)
@pytest.mark.parametrize(
    ("column", "body"),
    [
        ("triton", "services: {{triton: {{stance: {}}}}}"),
        ("coffea_casa", "services: {{coffea_casa: {{stance: {}}}}}"),
        ("servicex", "services: {{servicex: [{{name: a, stance: {}}}]}}"),
        ("gpus", "gpus: {{stance: {}}}"),
        ("dask", "dask: {{stance: {}}}"),
        ("dask", "dask: {{gateway: {{stance: {}}}}}"),
        ("jupyterhub", "jupyter: [{{name: a, kind: hub_vm, stance: {}}}]"),
        ("federated_login", "logins: [{{name: a, method: cilogon, federated: true, stance: {}}}]"),
        ("orchestration", "orchestration: {{stance: {}}}"),
        ("custom_images", "images: {{policy: any, stance: {}}}"),
    ],
)
def test_each_stance_in_each_column(column: str, body: str, stance: str, cell: Cell) -> None:
    found = cells(facility(body.format(stance)))
    assert found[column] == cell
    assert {key for key, value in found.items() if value != UNDECLARED} == {column}


def pool(name: str, scheduler: str, stance: str) -> str:
    return f"{{name: {name}, scheduler: {scheduler}, {stance}}}"


@pytest.mark.parametrize(
    ("column", "body", "cell"),
    [
        ("batch", f"batch: [{pool('a', 'slurm', 'stance: promised')}]", Cell("Slurm", "promised")),
        (
            "batch",
            f"batch: [{pool('a', 'htcondor', 'stance: best_effort')}, {pool('b', 'slurm', 'stance: promised')}]",
            Cell("HTCondor, Slurm", "promised"),
        ),
        (
            "batch",
            f"batch: [{pool('a', 'htcondor', 'stance: planned')}, {pool('b', 'slurm', 'stance: promised')}]",
            Cell("Slurm", "promised"),
        ),
        ("batch", f"batch: [{pool('a', 'slurm', 'nodes: 1')}]", UNDECLARED),
        ("batch", f"batch: [{pool('a', 'slurm', 'stance: not_promised')}]", Cell("no", "not_promised")),
        ("orchestration", "orchestration: {stance: promised, kind: okd}", Cell("OKD", "promised")),
        ("orchestration", "orchestration: {stance: promised, kind: vcluster}", Cell("Kubernetes", "promised")),
        ("orchestration", "orchestration: {kind: okd}", UNDECLARED),
        ("federated_login", "logins: [{name: a, method: oidc, federated: false}]", Cell("no", "not_promised")),
        ("federated_login", "logins: [{name: a, method: oidc}]", UNDECLARED),
        (
            "federated_login",
            "logins: [{name: a, method: oidc, federated: false}, {name: b, method: ssh-key}]",
            UNDECLARED,
        ),
        ("dask", "dask: {jobqueue: {stance: planned}, gateway: {stance: best_effort}}", Cell("yes", "best_effort")),
        ("dask", "dask: {stance: not_promised, gateway: {stance: promised}}", Cell("no", "not_promised")),
        (
            "jupyterhub",
            "jupyter: [{name: a, kind: open_ondemand, stance: promised}]",
            Cell("Open OnDemand", "promised"),
        ),
        (
            "jupyterhub",
            "jupyter: [{name: a, kind: open_ondemand, stance: promised}, {name: b, kind: portal, stance: best_effort}]",
            Cell("yes", "best_effort"),
        ),
        ("custom_images", "images: {policy: allow_list, stance: promised}", Cell("no", "not_promised")),
        ("custom_images", "images: {stance: promised}", UNDECLARED),
        ("custom_images", "images: {policy: any}", UNDECLARED),
        ("custom_images", "images: {stance: not_promised}", Cell("no", "not_promised")),
    ],
)
def test_cell(column: str, body: str, cell: Cell) -> None:
    assert cells(facility(body))[column] == cell


ONE = facility("label: One\nservices: {triton: {stance: promised}, coffea_casa: {stance: not_promised}}\n")
TWO = facility(
    "label: 'Two <b>|`'\nservices: {triton: {stance: on_request}}\ngpus: {stance: best_effort}\n",
    head=HEAD.replace("name: toy", "name: two").replace("A toy", "<i>A & B</i>"),
)


def test_text_table_says_what_was_not_shown() -> None:
    text = render_matrix([ONE, TWO], "text")
    rows = {line[:16].rstrip(): line[16:].split() for line in text.splitlines()}
    assert rows["Triton"] == ["yes", "?", "yes", "+?"]
    assert rows["Coffea-casa"] == ["no", "."]
    assert rows["GPUs"] == [".", "yes", "~?"]
    legend = text.splitlines()[-1]
    for said in ("? = promised, not yet demonstrated", "no = not promised", ". = nothing was declared"):
        assert said in legend
    assert "planned" not in legend


def test_markdown_table_is_one() -> None:
    lines = [line for line in render_matrix([ONE, TWO], "markdown").splitlines() if line.startswith("|")]
    assert len(lines) == len(COLUMNS) + 2
    assert len({line.replace("\\|", "").count("|") for line in lines}) == 1
    assert "<b>" not in lines[0]
    assert "| Triton | yes | yes (on request) |" in lines


class Tags(HTMLParser):
    """Counts tags, and sees that each is closed."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert all(value is not None for _, value in attrs)
        self.seen.append(tag)
        if tag not in {"meta", "br", "link"}:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_html_is_whole_and_text_in_it_is_text() -> None:
    page = render_matrix([ONE, TWO], "html")
    tags = Tags()
    tags.feed(page)
    assert tags.open == []
    assert tags.seen.count("td") == 2 * len(COLUMNS)
    assert "i" not in tags.seen
    assert "&lt;i&gt;A &amp; B&lt;/i&gt;" in page
    assert "http" not in page.replace("http://www.w3.org", "")


def test_json_holds_value_and_stance() -> None:
    data = json.loads(render_matrix([ONE, TWO], "json"))
    assert list(data) == ["toy", "two"]
    assert data["toy"]["triton"] == {"value": "yes", "stance": "promised"}
    assert list(data["two"]) == list(COLUMNS)


@pytest.mark.parametrize("form", FORMATS)
def test_every_format_names_every_column(form: str) -> None:
    shown = render_matrix([ONE], form)
    assert all((key if form == "json" else title) in shown for key, title in COLUMNS.items())
    assert shown.endswith("\n")


COMPILED = Compiled("build", {"toy": ("slurm/a/cpu.sh", "slurm/a/gpu.sh", "slurm/replica/cpu.sh", "dask/cluster.py")})


def test_what_users_may_have_links_to_the_files_that_implement_it() -> None:
    body = f"batch: [{pool('a', 'slurm', 'stance: promised')}]\ndask: {{stance: not_promised}}"
    found = json.loads(render_matrix([facility(body)], "json", COMPILED))["toy"]
    assert found["batch"] == {"value": "Slurm", "stance": "promised", "files": ["build/toy/slurm/a/cpu.sh"]}
    # What is not offered has no files, even where some lie there.
    assert found["dask"] == {"value": "no", "stance": "not_promised"}


def test_nothing_links_where_nothing_was_compiled() -> None:
    one = facility(f"batch: [{pool('a', 'slurm', 'stance: promised')}]")
    for form in FORMATS:
        assert render_matrix([one], form, Compiled("build", {})) == render_matrix([one], form)


def test_links_lead_there_in_markdown_and_html() -> None:
    one = facility(f"batch: [{pool('a', 'slurm', 'stance: promised')}]")
    assert "| [Slurm](build/toy/slurm/a/cpu.sh) |" in render_matrix([one], "markdown", COMPILED)
    assert '<a href="build/toy/slurm/a/cpu.sh">' in render_matrix([one], "html", COMPILED)


def test_many_files_of_a_kind_are_their_folder() -> None:
    paths = [f"slurm/{name}/cpu.sh" for name in "abcd"]
    assert implementing("batch", "x", paths, "") == (Link("slurm", "x/slurm"),)
    assert [link.title for link in implementing("batch", "x", paths[:3], "out/")] == paths[:3]


def test_every_column_knows_where_its_files_are() -> None:
    assert all(implementing(column, "x", (), "") == () for column in COLUMNS)


@pytest.mark.parametrize("client", ["", "client: {id: hub, secret: {env: A}}, "])
def test_a_hub_that_nobody_can_sign_in_to_implements_no_login(client: str) -> None:
    login = f"logins: [{{name: a, method: globus, federated: true, strip_domain: a.org, {client}stance: promised}}]"
    compiled = Compiled("build", {"toy": ("jupyterhub-k8s/hub/values.yaml",)})
    found = json.loads(render_matrix([facility(login)], "json", compiled))["toy"]["federated_login"]
    assert ("files" in found) == bool(client)

"""From a tree to a facility: every problem in one pass, each with its code, place and a way out."""

from __future__ import annotations

import sys
from typing import Any

import pytest
import yaml
from hypothesis import assume, given
from hypothesis import strategies as st
from support import HEAD, HEAD_LINES, JSON, TEXT, document, facility, parsed, places, refused

from afspec.diagnostics import AfspecError, Diagnostic
from afspec.facility import Facility, validate
from afspec.source import Document, Mapping, Node
from afspec.source.nodes import item_name
from afspec.source.text import SourceFile


def problems(body: str) -> list[Diagnostic]:
    return refused(lambda: facility(body))


@pytest.mark.parametrize(
    ("line", "code", "column", "message", "hint"),
    [
        ("lable: X", "AF2001", 1, "`lable`", "Did you mean `label`?"),
        ("xyzzy: X", "AF2001", 1, "`xyzzy`", "Known here:"),
        ("access: {ssh: {hots: []}}", "AF2001", 16, "`hots`", "`hosts`"),
        ("batch: [{name: a, scheduler: slurm, queues: []}]", "AF2001", 37, "`queues`", "Known here"),
        ("batch: [{name: a, scheduler: htcondor, partitions: []}]", "AF2001", 40, "`partitions`", "queues"),
        ("batch: [{name: a, scheduler: slurm, partition: []}]", "AF2001", 37, "`partition`", "`partitions`"),
        ("batch: [{scheduler: slurm}]", "AF2002", 9, "`name`", "Add `name:`"),
        ("batch: [{name: a}]", "AF2002", 16, "`scheduler`", "slurm"),
        ("logins: [{name: a}]", "AF2002", 17, "`method`", "Add `method:`"),
        ("batch: [{name: a, scheduler: slrum}]", "AF2004", 30, "`slrum`", "Did you mean `slurm`?"),
        ("batch: [{name: a, scheduler: pbs}]", "AF2004", 30, "`pbs`", "slurm, htcondor"),
        ("jupyter: [{name: a, kind: hub_vn}]", "AF2004", 27, "`hub_vn`", "`hub_vm`"),
        ("storage: {stance: promise}", "AF2004", 19, "`promise`", "`promised`"),
        ("logins: [{name: a, method: oidc, mfa: true}]", "AF2004", 39, "true", "duo"),
        ("logins: [{name: a, method: oidc, federated: yes}]", "AF2003", 45, "`yes`", "true or false"),
        ("logins: [{name: a, method: oidc, federated: 1}]", "AF2003", 45, "`1`", "true or false"),
        ("organisation: 1.30", "AF2003", 15, "`1.30`", '"1.30"'),
        ("organisation: true", "AF2003", 15, "true", '"true"'),
        ("organisation: [a]", "AF2003", 1, "a list", "text"),
        ("label: {a: b}", "AF2003", 1, "a map", "text"),
        ("batch: slurm", "AF2003", 8, "`slurm`", "a list"),
        ("access: 5", "AF2003", 9, "`5`", "a map"),
        ("logins: [5]", "AF2003", 10, "`5`", "a map"),
        ("sources: [a]", "AF2003", 1, "a list", "a map"),
        ("batch: [{name: a, scheduler: slurm, nodes: many}]", "AF2003", 44, "`many`", "a whole number"),
        ("batch: [{name: a, scheduler: slurm, nodes: 1.5}]", "AF2003", 44, "`1.5`", "a whole number"),
        ("batch: [{name: a, scheduler: slurm, nodes: 0}]", "AF2006", 44, "`0`", "at least 1"),
        ("access: {ssh: {bastion: {host: h, port: 65536}}}", "AF2006", 41, "`65536`", "at most 65535"),
        ("stale_after: 5", "AF2005", 14, "`5`", "with its unit"),
        ("stale_after: 96:00", "AF2005", 14, "`96:00`", "10-00:00:00"),
        ("docs: nonsense", "AF2005", 7, "`nonsense`", "https://"),
        ("organisation: a {{ b }}", "AF2007", 15, "`{{`", "template marks"),
        ("agc: {environment: {A-B: c}}", "AF2005", 21, "`A-B`", "letters, digits"),
        ("agc: {environment: {A: b, C: 5}}", "AF2003", 30, "`5`", '"5"'),
        ("services: {servicex: [{name: a, token: {env: A, file: /b}}]}", "AF2005", 33, "exactly one", "Give one of"),
        ("services: {servicex: [{name: a, token: {}}]}", "AF2005", 33, "exactly one", "Give one of"),
        ("sources: {/name: {doc: d, state: conflict}}", "AF2005", 11, "rival", "conflict:"),
        ("sources: {/name: {doc: d, state: resolved}}", "AF2005", 11, "by whom", "resolved:"),
        ("sources: {/name: {doc: d, resolved: {by: a, as_of: 2026, how: b}}}",
         "AF2005", 11, "none is named", "history"),
        ("sources: {/name: {doc: d, conflict: {value: 1, doc: e}, resolved: {by: a, how: b}}}",
         "AF2002", 57, "as_of", "Add"),
        ("sources: {/name: {doc: d, as_of: 2026-13}}", "AF2005", 34, "`2026-13`", "2026-03-14"),
        ("é: x", "AF2001", 1, "`é`", "Known here"),
    ],
)  # fmt: skip
def test_problem_says_what_where_and_what_to_do(line: str, code: str, column: int, message: str, hint: str) -> None:
    [found] = problems(line + "\n")
    assert places([found]) == [(code, HEAD_LINES + 1, column)]
    assert message in found.message
    assert hint in found.hint


@pytest.mark.parametrize("value", ["2", "true", "x", "[1]", "1.5"])
def test_version_of_the_language(value: str) -> None:
    [found] = refused(lambda: facility(head=HEAD.replace("afspec: 1", f"afspec: {value}")))
    assert places([found]) == [(found.code, 1, 1 if value == "[1]" else 9)]
    assert "1" in found.hint


@pytest.mark.parametrize("key", ["afspec", "name", "title", "declared_by"])
def test_missing_key_of_the_whole_spec(key: str) -> None:
    head = "".join(line for line in HEAD.splitlines(keepends=True) if not line.startswith(key))
    [found] = refused(lambda: facility(head=head))
    assert (places([found]), f"`{key}`" in found.message) == ([("AF2002", 1, 1)], True)


def test_all_problems_in_one_pass_in_the_order_of_the_file() -> None:
    found = problems(
        "storage:\n  areas:\n    - {name: a, path: b, quota: 5}\n    - {name: c}\nlogins: no\nlable: x\n"
        "batch:\n  - {name: farm, scheduler: slurm, partitions: [{name: p, cores: 0}, {name: q, memory: x}]}\n"
    )
    assert places(found) == [
        ("AF2005", 7, 23),
        ("AF2005", 7, 33),
        ("AF2002", 8, 14),
        ("AF2003", 9, 9),
        ("AF2001", 10, 1),
        ("AF2006", 12, 66),
        ("AF2005", 12, 88),
    ]
    assert [d.pointer for d in found][-2:] == ["/batch/farm/partitions/p/cores", "/batch/farm/partitions/q/memory"]


def test_pointer_goes_by_name_and_by_index() -> None:
    found = problems('logins: [{name: "1", method: oidc}, {method: x}, 5]\n')
    assert [(d.pointer, d.span and d.span.column) for d in found] == [
        ("/logins/1", 37),
        ("/logins/1/method", 46),
        ("/logins/2", 50),
    ]


@pytest.mark.parametrize(
    "line",
    [
        "batch: [{name: a, scheduler: htcondor, queues: [{name: q, attributes: {a: [1]}}]}]",
        "batch: [{name: a, scheduler: htcondor, queues: [{name: q, attributes: {a: 1.5}}]}]",
        "extends: {a: b}",
        "sources: {/name: {doc: d, conflict: {doc: e, value: [1]}}}",
    ],
)
def test_union_is_reported_once(line: str) -> None:
    assert len(problems(line + "\n")) == 1


def test_several_unknown_keys_of_one_item() -> None:
    assert places(problems("logins:\n  - {name: a, method: oidc, x1: 1, x2: 2}\n")) == [
        ("AF2001", 6, 29),
        ("AF2001", 6, 36),
    ]


def test_many_problems_take_time_in_proportion(monkeypatch: pytest.MonkeyPatch) -> None:
    calls = 0

    def counting(node: Node) -> str | None:
        nonlocal calls
        calls += 1
        return item_name(node)

    monkeypatch.setattr(sys.modules[validate.__module__], "item_name", counting)
    monkeypatch.setattr("afspec.source.pointer.item_name", counting)
    assert len(problems("logins: [" + "1," * 3000 + "]\n")) == 3000
    assert calls == 3000


SECTIONS = [name for name in Facility.model_fields if name not in {"afspec", "name", "title", "declared_by"}]
KEYS = st.sampled_from(
    ["name", "stance", "scheduler", "ssh", "hosts", "partitions", "queues", "models", "kind", "note"]
)
WORDS = st.sampled_from(["slurm", "htcondor", "promised", "a", "hub_vm", "https://a.org", "4 h", "1 GB", "/a", "oidc"])
LIKELY = st.recursive(
    st.one_of(WORDS, TEXT, st.integers(-1, 3), st.booleans(), st.none()),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=12,
)


@given(st.dictionaries(st.sampled_from(SECTIONS), st.one_of(LIKELY, JSON), max_size=3))
def test_any_data_is_a_facility_or_diagnostics(data: dict[str, Any]) -> None:
    text = HEAD + (yaml.safe_dump(data) if data else "")
    result = parsed(text)
    assume(not result.diagnostics)
    assert isinstance(result.root, Mapping)
    try:
        assert validate(Document(result.root, (SourceFile("spec.yaml", text, ""),))).name == "toy"
    except AfspecError as error:
        lines = text.splitlines()
        for found in error.diagnostics:
            assert found.code.startswith("AF2")
            assert found.hint
            assert found.span is not None
            assert found.span.line <= len(lines)
            assert found.span.column <= len(lines[found.span.line - 1]) + 1


def test_facility_is_immutable_and_has_defaults() -> None:
    made = facility()
    assert (made.batch, made.stale_after, made.access.ssh) == ((), 365 * 86400, None)
    with pytest.raises(ValueError, match="frozen"):
        made.name = "other"  # type: ignore[misc]


def test_document_keeps_the_lines() -> None:
    assert document(HEAD).lines == {"spec.yaml": HEAD.splitlines()}

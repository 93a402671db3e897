"""What comes of answers: whatever they are, a spec that validates, compiles, and whose examples hold."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from support import AS_OF, TEXT

from afspec.diagnostics import Severity
from afspec.facility import validate
from afspec.facts import ledger
from afspec.generators import all_generators
from afspec.init import QUESTIONS, UNKNOWN, AnswerError, Answers, Question, asked, check, compose, preset, unused
from afspec.init.questions import NONE
from afspec.rules import check as check_rules
from afspec.source import Document, Mapping
from afspec.source.parser import parse
from afspec.source.text import SourceFile

SCHEMA = "../facility.schema.json"
# Warnings that say what is honest: a promise whose document, address, login, members, cluster or pool nobody gave.
HONEST = {"AF3003", "AF3202", "AF3203", "AF3502", "AF3702", "AF3705", "AF3706", "AF3915", "AF3918", "AF3971", "AF3972"}
# Errors of the answers themselves: one address for two services, or one that is none for a cluster.
CONTRADICTIONS = {"AF3911", "AF3914"}
_EXAMPLE = re.compile(r"^(\s*)#(?! \S)(.*)$")
# Answers that people may give, by the type of what is asked; hostile text goes wherever text may.
_FREE: dict[str, list[str]] = {
    "host": ["login.example.org", "login[01-04]", "a"],
    "ssh_host": ["login.example.org", "login[01-04]", "a"],
    "bastion": ["gate.example.org"],
    "contact": ["help@example.org", "https://example.org/help?a=b&c=d#e"],
    "docs": ["https://example.org"],
    "account": ["atlas:usatlas", "group_atlas.general", "yes", "1"],
    "slots": ["roma", "short", "debug", "no", "0x1f", "1_000", "null", "7", "1.50", "2026-03"],
    "cores": ["1", "128"],
    "memory": ["1 GB", "480G", "2.5 GiB", "512 MiB"],
    "walltime": ["72 h", "10-00:00:00", "30 min"],
    "gpu": ["a100", "h100", "2080ti", "on", "1e5"],
    "gpu_count": ["4", "100"],
    "gpus_per_node": ["1", "4", "8"],
    "cvmfs": ["atlas.cern.ch", "unpacked.cern.ch, atlas.cern.ch"],
    "dask_disk": ["4 GB"],
    "source_date": ["2026-03-14", "2026-03", "2026", "1999"],
    "home": ["/home/<user>", "/", "/group/atlas", "/shared/group"],
    "data": ["/data/<u>/<user>/", "/home/<user>", "/shared/group"],
    "scratch": ["/scratch", "/group/atlas/"],
    "triton_url": ["http://triton.example.org:8000"],
    "identity_providers": ["CERN", "a, b", "no, yes", "x: y, {z}"],
}


def choice(question: Question, given: Answers) -> st.SearchStrategy[Any]:
    """Whatever may be said to a question."""
    words = question.words(given)
    free = _FREE.get(question.key, [])
    # One in three says nothing, wherever that is possible.
    options: list[st.SearchStrategy[Any]] = [st.just(UNKNOWN)]
    if question.many and words:
        options.append(st.lists(st.sampled_from(words), max_size=3, unique=True))
    elif words and not free:
        options.append(st.sampled_from(words))
    if free:
        options.append(st.sampled_from([*free, *(words if NONE in words else ())]))
    if not words and not free:
        options.append(st.sampled_from(["https://example.org/a", "plain words"]) | TEXT)
    return st.one_of(*options, options[-1])


@st.composite
def answers(draw: st.DrawFn) -> Answers:
    """Any answers that the questions let pass."""
    given: Answers = {}
    for question in QUESTIONS:
        if not question.when(given):
            continue
        said = draw(choice(question, given), label=question.key)
        try:
            answer = check(question, said, given)
        except AnswerError:
            answer = preset(question, "toy", given)
        if answer is not None:
            given[question.key] = list(answer) if isinstance(answer, tuple) else answer
    return given


def document(text: str) -> Document:
    found = parse(SourceFile("spec.yaml", text, ""))
    assert found.diagnostics == [], text
    assert isinstance(found.root, Mapping)
    return Document(found.root, (SourceFile("spec.yaml", text, ""),))


def problems(text: str) -> set[str]:
    """The codes of what the rules find; validation must let it pass."""
    made = document(text)
    found = check_rules(validate(made), made, AS_OF)
    errors = [one.message for one in found if one.severity is Severity.ERROR and one.code not in CONTRADICTIONS]
    assert errors == [], text
    return {one.code for one in found} - CONTRADICTIONS


def uncommented(text: str, which: int | None = None) -> tuple[str, int]:
    """The text with every example made YAML, or the one of that number; and how many there are."""
    made, number, inside, margin = [], -1, False, ""
    for line in text.splitlines():
        found = _EXAMPLE.match(line)
        # An example goes on while lines are marked at its column, and deeper than its first key.
        begins = found is not None and not (inside and found[2][:1] in {" ", "-"} and found[1] == margin)
        if found is not None:
            number, margin = number + begins, found[1]
        inside = found is not None
        made.append(f"{found[1]}{found[2]}" if found and which in {None, number} else line)
    return "\n".join(made) + "\n", number + 1


@given(answers())
@example({})
@settings(max_examples=150)
def test_any_answers_give_a_valid_spec(given: Answers) -> None:
    text = compose("toy", given, SCHEMA)
    stale = {"AF3002"} if given.get("source_date", "2026-") < "2025-11-22" else set()
    assert problems(text) <= HONEST | stale, text
    assert unused(given) == []
    assert all(
        len(line) <= 120 for line in text.splitlines() if not re.search(r"title|doc|organisation|CERN|[\[{]", line)
    )


@given(answers())
@settings(max_examples=60)
def test_answers_are_found_in_the_facility_as_they_were_given(given: Answers) -> None:
    facility = validate(document(compose("toy", given, SCHEMA)))
    assert facility.title == given.get("title", "toy")
    assert facility.organisation == given.get("organisation")
    assert [pool.scheduler for pool in facility.batch] == [given[key] for key in ("scheduler",) if key in given]
    assert [slots.name for pool in facility.batch for slots in pool.slots] == [
        given[key] for key in ("slots",) if key in given
    ]
    areas = {area.name: area.path for area in facility.storage.areas} if facility.storage else {}
    assert areas == {key: given[key].rstrip("/") or "/" for key in ("home", "data", "scratch") if key in given}
    providers = [name for login in facility.logins for name in login.identity_providers]
    assert providers == given.get("identity_providers", [])
    assert {source.doc for source in facility.sources.values()} == {given[key] for key in ("source",) if key in given}


@given(answers())
@settings(max_examples=40)
def test_every_example_holds_alone_and_with_all_others(given: Answers) -> None:
    text = compose("toy", given, SCHEMA)
    whole, count = uncommented(text)
    assert count >= 6
    problems(whole)
    for number in range(count):
        problems(uncommented(text, number)[0])


@given(answers())
@settings(max_examples=40)
def test_a_document_covers_all_that_was_answered(given: Answers) -> None:
    assume("source" in given)
    facility = validate(document(compose("toy", given, SCHEMA)))
    assert ledger(facility, AS_OF).uncovered == ()


@given(answers())
@settings(max_examples=15)
def test_it_compiles(given: Answers) -> None:
    facility = validate(document(compose("toy", given, SCHEMA)))
    for generator in all_generators().values():
        if generator.applies(facility):
            assert all(artifact.path for artifact in generator.render(facility))


def test_a_worker_of_dask_fits_where_it_is_sent() -> None:
    given: Answers = {"scheduler": "slurm", "slots": "small", "memory": "1 GB", "dask": "jobqueue"}
    assert problems(compose("toy", given, SCHEMA)) <= HONEST


def test_a_service_runs_in_the_cluster_that_was_named() -> None:
    given: Answers = {"scheduler": "htcondor", "services": ["coffea_casa", "triton"]}
    assert problems(compose("toy", given, SCHEMA)) - {"AF3702"} == {"AF3705"}
    given["cluster"] = "okd"
    assert problems(compose("toy", given, SCHEMA)) - {"AF3702"} == {"AF3972"}


def test_what_was_not_said_is_a_comment_only() -> None:
    text = compose("toy", {}, SCHEMA)
    said = [line for line in text.splitlines() if line and not line.startswith("#")]
    assert said == ["afspec: 1", "name: toy", "title: toy", "declared_by: site"]


@pytest.mark.parametrize("key", ["gpu", "runtime", "jupyter", "dask"])
def test_none_is_a_no(key: str) -> None:
    section = {"gpu": "gpus", "runtime": "images"}.get(key, key)
    facility = validate(document(compose("toy", {key: NONE}, SCHEMA)))
    found = getattr(facility, section)
    assert [item.standing for item in (found if isinstance(found, tuple) else (found,))] == ["not_promised"]


def test_questions_have_one_key_each_and_a_reason() -> None:
    keys = [question.key for question in QUESTIONS]
    assert len(set(keys)) == len(keys)
    assert all(question.text and question.why.endswith(".") for question in QUESTIONS)
    # A key that depends on others depends on earlier ones: nobody is asked twice.
    assert next(asked({})).key == "title"

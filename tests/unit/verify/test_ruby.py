"""Templates of Open OnDemand."""

from __future__ import annotations

from verify_support import ask, compiled, found

from afspec.verify import State


def test_ruby_that_does_not_end() -> None:
    files = {"ood/submit.yml.erb": "a: 1\n<%- 3.times do |n| -%>\nb: <%= n + %>\n"}
    places = [(path, line) for path, line, _ in found("ruby", files)]
    assert ("ood/submit.yml.erb", 3) in places


def test_ruby_is_not_executed() -> None:
    assert found("ruby", {"a.erb": "<% raise 'executed' %>\n"}) == []


def test_compiled_templates_are_fine() -> None:
    assert ask("ruby", compiled("slac")).state is State.FINE

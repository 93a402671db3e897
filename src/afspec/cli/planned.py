"""What `afspec compile` says without writing: the plan of --diff, and the answer to --what-if."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from collections.abc import Sequence

    from afspec.compiler import Checked, Outcome
    from afspec.diff.asked import Asked
    from afspec.diff.plan import Plan
    from afspec.diff.whatif import WhatIf
    from afspec.fleet import Fleet


@dataclass(frozen=True)
class Plans:
    """The plans of a command: in words for people, and as data for scripts."""

    fleet: Fleet
    form: str
    full: bool

    def _plan(self, outcome: Outcome) -> Plan | None:
        from afspec.diff.plan import make_plan  # noqa: PLC0415

        return make_plan(outcome, self.fleet.frontend)

    def describe(self, outcome: Outcome) -> str:
        """The plan of one site in the form that was asked for."""
        plan = self._plan(outcome)
        if plan is None:
            return f"{outcome.folder}: no changes"
        if self.form == "markdown":
            from afspec.diff.markdown import plan_markdown  # noqa: PLC0415

            return plan_markdown(plan, full=self.full).rstrip("\n")
        from afspec.diff.text import plan_text  # noqa: PLC0415

        return plan_text(plan, full=self.full).rstrip("\n")

    def summary(self, outcome: Outcome) -> dict[str, Any]:
        """The plan of one site for scripts, beside the outcome's own summary."""
        from afspec.diff.data import plan_data  # noqa: PLC0415

        plan = self._plan(outcome)
        return {"plan": plan_data(plan) if plan else None}


def what_if(fleet: Fleet, texts: Sequence[str], form: str, *, full: bool, as_json: bool) -> None:
    """Say what each spec would be with other values, and what it would take; nothing is written.

    Raises:
        click.UsageError: a name means nothing, or more than one thing, or there is no value.
    """
    from afspec.diagnostics import AfspecError  # noqa: PLC0415

    answers = []
    for path, checked in fleet.checked(show_warnings=False):
        try:
            answer = _imagined(fleet, path, checked, texts)
        except AfspecError as error:
            fleet.report(error.diagnostics, path)
            continue
        except ValueError as error:
            raise click.UsageError(str(error)) from error
        asked = _asked(answer)
        if as_json:
            from afspec.diff.data import what_if_data  # noqa: PLC0415

            answers.append(what_if_data(answer, asked))
        else:
            fleet.say(_answer_words(answer, asked, form, full=full))
    if as_json:
        click.echo(json.dumps(answers, indent=2))


def _imagined(fleet: Fleet, path: str, checked: Checked, texts: Sequence[str]) -> WhatIf:
    from afspec.diff.whatif import PLACE, assume, imagine  # noqa: PLC0415

    # What was given has lines to point to, as a file has.
    fleet.frontend.loader.sources[PLACE] = list(texts)
    return imagine(path, checked, assume(texts, checked.facility), fleet.as_of)


def _asked(answer: WhatIf) -> list[Asked]:
    """The requirements of the catalogue that would be asked, and are not today."""
    from afspec.conformance.catalogue import catalogue  # noqa: PLC0415
    from afspec.conformance.plan import instances  # noqa: PLC0415
    from afspec.diff.asked import Asked  # noqa: PLC0415

    requirements = catalogue().requirements
    old, new = (
        {instance.id: instance for instance in instances(state.facility, requirements) if not instance.context}
        for state in (answer.comparison.old, answer.comparison.new)
    )
    offered = {name for name, instance in old.items() if instance.subject.promise.offered}
    return [
        Asked(name.removesuffix("[]"), instance.requirement.level.value, instance.requirement.title)
        for name, instance in new.items()
        if instance.subject.promise.offered and name not in offered
    ]


def _answer_words(answer: WhatIf, asked: list[Asked], form: str, *, full: bool) -> str:
    if form == "markdown":
        from afspec.diff.markdown import what_if_markdown  # noqa: PLC0415

        return what_if_markdown(answer, asked, full=full).rstrip("\n")
    from afspec.diff.text import what_if_text  # noqa: PLC0415

    return what_if_text(answer, asked, full=full).rstrip("\n")

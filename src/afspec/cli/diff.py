"""afspec diff: what changes between two states of a facility."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click

from afspec.cli.shared import EXIT_DIFFERS, as_of_option, finish, fleet_of

if TYPE_CHECKING:
    import datetime as dt

    from afspec.diff import Comparison, State
    from afspec.fleet import Fleet


@click.command("diff")
@click.argument("old", metavar="OLD")
@click.argument("new", metavar="NEW")
@as_of_option
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "markdown", "json"]),
    default="text",
    show_default=True,
    help="How it is printed: markdown for a comment in a pull request, json for scripts.",
)
@click.option("--full", is_flag=True, help="Shorten nothing: every source, every file, every value whole.")
@click.option("--exit-code", "tell", is_flag=True, help="Exit 3 if anything changes, as --check does.")
def diff(old: str, new: str, as_of: dt.datetime | None, form: str, *, full: bool, tell: bool) -> None:
    """What changes from OLD to NEW, by what it means to users, and which files each change touches.

    OLD and NEW are specs, or folders that `afspec compile` wrote.

    \b
      afspec diff sites/2023/slac.yaml sites/slac.yaml     what became of SDF
      afspec diff build/slac sites/slac.yaml               what the spec changes against what is compiled
      afspec diff old.yaml new.yaml --format markdown      for a pull request
    """
    from afspec.diff import compare_states  # noqa: PLC0415 - keeps --help fast

    changes = False
    with fleet_of([], as_of, "text") as fleet:
        states = [state for state in (_read(fleet, name) for name in (old, new)) if state]
        if len(states) == 2:  # noqa: PLR2004 - OLD and NEW
            found = compare_states(*states)
            changes = found.differs
            fleet.say(_rendered(found, form, full=full).rstrip("\n"))
    finish(fleet, EXIT_DIFFERS if tell and changes else 0)


def _rendered(found: Comparison, form: str, *, full: bool) -> str:
    """What is printed, in the form that was asked for."""
    if form == "json":
        from afspec.diff.data import diff_data  # noqa: PLC0415

        return json.dumps(diff_data(found), indent=2)
    if form == "markdown":
        from afspec.diff.markdown import diff_markdown  # noqa: PLC0415

        return diff_markdown(found, full=full)
    from afspec.diff.text import diff_text  # noqa: PLC0415

    return diff_text(found, full=full)


def _read(fleet: Fleet, name: str) -> State | None:
    """A state by what the user called it; what is wrong with it is reported."""
    from afspec.diagnostics import AfspecError  # noqa: PLC0415
    from afspec.diff import read_state  # noqa: PLC0415

    try:
        return read_state(name, fleet.frontend)
    except AfspecError as error:
        fleet.report(error.diagnostics, name)
        return None

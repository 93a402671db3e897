"""afspec facts: how old the facts of a spec are, and how far they can be trusted."""

from __future__ import annotations

import shutil
import sys
from typing import TYPE_CHECKING

import click

from afspec.cli.shared import as_of_option, day_of, finish, fleet_of, specs_argument, wants_colour

if TYPE_CHECKING:
    import datetime as dt


def _words(_: click.Context, __: click.Parameter, value: tuple[str, ...]) -> frozenset[str]:
    """The states that were asked for: --state may be repeated, and takes several with commas."""
    if not value:
        return frozenset()
    from afspec.diagnostics import nearest  # noqa: PLC0415 - keeps --help fast
    from afspec.facts import STATES  # noqa: PLC0415

    words = [word.strip() for part in value for word in part.split(",")]
    for word in words:
        if word not in STATES:
            near = nearest(word, STATES)
            meant = f"did you mean `{near}`? " if near else ""
            raise click.BadParameter(f"{word!r} is no state: {meant}there are {', '.join(STATES)}")
    return frozenset(words)


@click.command()
@specs_argument
@click.option(
    "--state",
    "states",
    multiple=True,
    metavar="STATE[,STATE]...",
    callback=_words,
    help="Only these: conflict, unverified, published, resolved, verified; stale, undated.",
)
@click.option("--older-than", metavar="AGE", help="Only what was said longer ago: 12mo, 90d, 6w, 1y.")
@click.option(
    "--sort",
    type=click.Choice(["age", "state", "fact"]),
    default="age",
    show_default=True,
    help="Oldest first, least trusted first, or by pointer.",
)
@as_of_option
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "markdown", "json", "csv"]),
    default="text",
    show_default=True,
    help="How the facts are printed.",
)
def facts(
    specs: tuple[str, ...],
    states: frozenset[str],
    older_than: str | None,
    as_of: dt.datetime | None,
    *,
    sort: str,
    form: str,
) -> None:
    """Facts by age and state, and who settled what.

    A fact is an entry of `sources`; it covers its field and all below that has no source of its own. Stale facts
    (older than the spec's `stale_after`) are marked with !. At the end stands what no source covers.

    \b
      afspec facts sites/slac.yaml                                  the oldest first
      afspec facts sites/slac.yaml --state stale,conflict,unverified   what should be looked at
      afspec facts 'sites/*.yaml' --older-than 12mo --format csv    for a spreadsheet
    """
    from afspec.facts import AgeError, ledger, oldest_day, render_facts  # noqa: PLC0415
    from afspec.facts.render import Paper  # noqa: PLC0415

    today = day_of(as_of)
    try:
        before = oldest_day(today, older_than) if older_than else None
    except AgeError as error:
        raise click.BadParameter(str(error), param_hint="--older-than") from error
    with fleet_of(specs, as_of, "text") as fleet:
        whole = [ledger(checked.facility, today) for _, checked in fleet.checked(show_warnings=False)]
        pairs = [(found.chosen(states, before, sort), found) for found in whole]
        if pairs or form == "json":
            # On a terminal, lines are broken where it ends; a pipe gets a line a fact.
            width = shutil.get_terminal_size().columns if sys.stdout.isatty() else 0
            click.echo(render_facts(pairs, form, Paper(width, wants_colour(sys.stdout))), nl=False)
    finish(fleet)

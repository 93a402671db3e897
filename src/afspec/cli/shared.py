"""What the commands share: the options on specs, how diagnostics are printed, exit codes."""

from __future__ import annotations

import datetime as dt
import gc
import os
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from afspec.diagnostics import Diagnostic, Selection
    from afspec.fleet import Fleet

EXIT_SPEC, EXIT_DIFFERS, EXIT_OUTPUT, EXIT_DEFECT = 1, 3, 4, 70
_OBJECTS_BEFORE_GARBAGE = 20_000

as_of_option = click.option(
    "--as-of",
    type=click.DateTime(["%Y-%m-%d"]),
    default=None,
    metavar="DATE",
    help="Judge the age of facts as of this day (default: today).",
)
format_option = click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json", "github", "sarif"]),
    default="text",
    show_default=True,
    help="How diagnostics are printed: json for scripts, github for annotations in a pull request, sarif (2.1.0) for"
    " code scanning.",
)
select_option = click.option(
    "--select",
    multiple=True,
    metavar="CODES",
    help="Show only these warnings: AF31,AF3202; the beginning of a code stands for all. Errors are always shown.",
)
ignore_option = click.option(
    "--ignore",
    multiple=True,
    metavar="CODES",
    help="Leave these warnings out, today; to live with one, say why under `ignored:` in the spec.",
)
specs_argument = click.argument("specs", nargs=-1, required=True, metavar="SPEC...")


def wants_colour(stream: Any) -> bool:
    """Colour is for terminals, and not for those who refuse it (no-color.org)."""
    return bool(stream.isatty()) and "NO_COLOR" not in os.environ


def day_of(as_of: dt.datetime | None) -> dt.date:
    """The day that was given, or today."""
    # The one place that looks at the clock; everything below is told the day.
    return as_of.date() if as_of else dt.datetime.now(tz=dt.UTC).date()


def exit_code(diagnostics: Sequence[Diagnostic]) -> int:
    """What a command ends with after these diagnostics."""
    errors = {d.code[:3] for d in diagnostics if d.is_error}
    if "AF9" in errors:
        return EXIT_DEFECT
    if errors - {"AF4"}:
        return EXIT_SPEC
    return EXIT_OUTPUT if errors else 0


def selection_of(select: Sequence[str], ignore: Sequence[str]) -> Selection:
    """The warnings that a person wants to see; a code that there is not is wrong usage."""
    from afspec.diagnostics import Selection, SelectionError, selection  # noqa: PLC0415

    if not select and not ignore:
        return Selection()
    from afspec.catalogue import meanings  # noqa: PLC0415

    try:
        return selection(select, ignore, meanings())
    except SelectionError as error:
        raise click.UsageError(str(error)) from error


@contextmanager
def fleet_of(
    specs: Sequence[str], as_of: dt.datetime | None, form: str, selection: Selection | None = None
) -> Iterator[Fleet]:
    """The specs of one command; its diagnostics are printed as they come (text), or at the end (json, sarif)."""
    # Classes and specs live as long as the command does: looking through all of them for garbage again and again while
    # they are made takes a tenth of a cold start.
    usual = gc.get_threshold()
    gc.set_threshold(_OBJECTS_BEFORE_GARBAGE, *usual[1:])
    from afspec.diagnostics import Selection  # noqa: PLC0415
    from afspec.fleet import Fleet  # noqa: PLC0415 - keeps --help fast

    colour = wants_colour(sys.stderr)
    fleet = Fleet(tuple(specs), day_of(as_of), form, colour=colour, selection=selection or Selection())
    try:
        yield fleet
    finally:
        fleet.close()
        gc.set_threshold(*usual)


def finish(fleet: Fleet, code: int = 0) -> None:
    """End the command: by the errors that there were, else by `code`."""
    sys.exit(exit_code(fleet.diagnostics) or code)

"""afspec explain: why a line of an output is as it is, and what a value of a spec reaches."""

from __future__ import annotations

import json
import re
import sys
from typing import TYPE_CHECKING, Any

import click

from afspec.cli.shared import exit_code, wants_colour

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

# What was named is not there: wrong usage, and neither the spec nor the outputs are at fault.
_WRONG_QUESTION = {"AF4020", "AF4021", "AF4022", "AF4023", "AF4024"}
_PLACE = re.compile(r"(?P<file>.+?):(?P<first>[0-9]{1,7})(?:-(?P<last>[0-9]{1,7}))?\Z", re.DOTALL)


def _lines(target: str) -> tuple[str, tuple[int, int] | None]:
    """A file and the lines that were asked for: FILE:10, FILE:10-20, FILE."""
    found = _PLACE.match(target)
    if found is None:
        return target, None
    first = int(found["first"])
    last = int(found["last"] or first)
    if not 0 < first <= last:
        raise click.UsageError(f"lines count from 1, the lower number comes first: {target}")
    return found["file"], (first, last)


def _bar(trials: Iterable[Any], length: int) -> Iterator[Any]:
    """What each value did, with a bar on a terminal."""
    hidden = not sys.stderr.isatty()
    with click.progressbar(trials, length=length, label="Asking what if", file=sys.stderr, hidden=hidden) as bar:
        yield from bar


@click.command()
@click.argument("target", metavar="FILE[:LINE[-LINE]] | SPEC")
@click.argument("pointer", required=False, metavar="[POINTER]")
@click.option("--spec", metavar="SPEC", help="The spec that FILE was made from, where it is not found by its lock.")
@click.option("--json", "as_json", is_flag=True, help="Print everything that was found as JSON.")
def explain(target: str, pointer: str | None, spec: str | None, *, as_json: bool) -> None:
    """Say which lines of the spec made a line of an output; or which lines of outputs a value of the spec reaches.

    FILE is one that `afspec compile` wrote. What it says is found by asking "what if": each value that its generator
    reads is changed in a copy of the spec, the file is made again in memory, and the lines that are no longer there are
    that value's. Nothing is written.

    \b
      afspec explain build/slac/slurm/roma/cpu.sh:12      what made this line, through which base
      afspec explain build/slac/slurm/roma/cpu.sh:8-16    the values behind each of these
      afspec explain build/slac/ssh/config                the whole file in short
      afspec explain sites/slac.yaml /batch/slurm/qos     where this shows
    """
    if pointer is not None and spec is not None:
        raise click.UsageError("--spec goes with FILE; SPEC POINTER names its spec already")
    from afspec.diagnostics import AfspecError, printable, render_text  # noqa: PLC0415 - keeps --help fast

    colour = wants_colour(sys.stdout)
    try:
        out = _of_pointer(target, pointer, as_json=as_json, colour=colour) if pointer is not None else None
        out = out or _of_file(target, spec, as_json=as_json, colour=colour)
    except AfspecError as error:
        for diagnostic in error.diagnostics:
            click.echo(render_text(diagnostic, {}, colour=wants_colour(sys.stderr)), err=True)
        asked_wrongly = {diagnostic.code for diagnostic in error.diagnostics} <= _WRONG_QUESTION
        sys.exit(2 if asked_wrongly else exit_code(error.diagnostics))
    click.echo(printable(out, keep="\n\t\x1b" if colour else "\n\t"), nl=False)


def _of_file(target: str, spec: str | None, *, as_json: bool, colour: bool) -> str:
    from afspec.explain import explain_file, file_data, file_text  # noqa: PLC0415

    file, wanted = _lines(target)
    answer = explain_file(file, wanted, spec, _bar)
    return json.dumps(file_data(answer), indent=2) + "\n" if as_json else file_text(answer, colour=colour)


def _of_pointer(target: str, pointer: str, *, as_json: bool, colour: bool) -> str:
    from afspec.compiler import look_up  # noqa: PLC0415
    from afspec.explain import explain_pointer, pointer_data, pointer_text  # noqa: PLC0415

    answer = explain_pointer(look_up(target)[0], pointer, _bar)
    return json.dumps(pointer_data(answer), indent=2) + "\n" if as_json else pointer_text(answer, colour=colour)

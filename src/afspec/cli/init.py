"""afspec init: a new facility's first spec, from the answers to a few questions."""

from __future__ import annotations

import os
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from afspec.cli.asking import Asker, introduce
from afspec.cli.shared import day_of, exit_code, wants_colour

if TYPE_CHECKING:
    from collections.abc import Mapping

    from afspec.diagnostics import Diagnostic, Span

EXIT_INTERRUPTED = 130
_SCHEMA = Path("specs/facility.schema.json")


class Given(NamedTuple):
    """An answer that came with the command, and where from."""

    value: Any
    place: str
    span: Span | None = None

    def wrong(self, code: str, message: str, hint: str) -> Diagnostic:
        """What is wrong with it."""
        from afspec.diagnostics import Diagnostic, Severity  # noqa: PLC0415 - keeps --help fast

        return Diagnostic(code, Severity.ERROR, message, self.span, hint, place=self.place)


@click.command()
@click.argument("name", required=False)
@click.option("-o", "--output", metavar="PATH", help="File, or folder, to write to.  [default: specs/sites/NAME.yaml]")
@click.option("--answers", metavar="FILE", help="Answers as YAML, by key; what is not there takes its default.")
@click.option("--set", "pairs", multiple=True, metavar="KEY=VALUE", help="One answer (may be repeated).")
@click.option("--defaults", is_flag=True, help="Ask nothing: what --set does not say takes its default.")
@click.option("--extends", multiple=True, metavar="BASE", help="Build on a base, named relative to the new file.")
@click.option("--questions", is_flag=True, help="Print every question as a file for --answers, and end.")
@click.option("--force", is_flag=True, help="Overwrite a file that is there.")
def init(
    name: str | None,
    output: str | None,
    answers: str | None,
    pairs: tuple[str, ...],
    extends: tuple[str, ...],
    *,
    defaults: bool,
    questions: bool,
    force: bool,
) -> None:
    """Write a new facility's first spec, from a few questions.

    Each question has a reason and a default, and may be answered `unknown`: then the fact is left out, for silence
    is not a promise. The spec validates, compiles, and says in comments what to add next.

    \b
      afspec init nebraska                                 asks, and writes specs/sites/nebraska.yaml
      afspec init nebraska --defaults --set scheduler=htcondor --set ssh_host=login.example.org
      afspec init --questions > answers.yaml               the questions, to be answered in a file
      afspec init nebraska --answers answers.yaml -o nebraska.yaml
    """
    if questions:
        from afspec.init.form import form  # noqa: PLC0415 - keeps --help fast

        click.echo(form(), nl=False)
        return
    if name is None:
        raise click.UsageError("name the facility: `afspec init NAME`; the output folder will be called so")
    ask = not (answers or defaults)
    if ask and not sys.stdin.isatty():
        raise click.UsageError(
            "the questions are asked on a terminal, and this is none: give --answers FILE, or --defaults with --set "
            "KEY=VALUE (`afspec init --questions` prints the keys)"
        )
    from afspec.diagnostics import AfspecError  # noqa: PLC0415
    from afspec.init.save import refuse_existing  # noqa: PLC0415

    sources: dict[str, list[str]] = {}
    try:
        name = _checked_name(name)
        path = _place(name, output)
        if not force:
            refuse_existing(path)
        known = _gather(name, _given(answers, pairs, sources), ask=ask)
        _write(name, path, known, extends, sources, force=force)
    except AfspecError as error:
        _report(error.diagnostics, sources)
        sys.exit(exit_code(error.diagnostics))
    except (KeyboardInterrupt, click.Abort):
        click.echo("\nnothing was written", err=True)
        sys.exit(EXIT_INTERRUPTED)


def _report(diagnostics: list[Diagnostic], sources: Mapping[str, list[str]]) -> None:
    from afspec.diagnostics import render_text  # noqa: PLC0415

    for diagnostic in diagnostics:
        click.echo(render_text(diagnostic, sources, colour=wants_colour(sys.stderr)), err=True)


def _checked_name(name: str) -> str:
    from afspec.facility import Facility  # noqa: PLC0415
    from afspec.init import AnswerError, Question, check  # noqa: PLC0415
    from afspec.init.questions import Of  # noqa: PLC0415

    try:
        return str(check(Question("name", "", "Give a short name", "", Of(Facility, "name"), required=True), name, {}))
    except AnswerError as error:
        raise click.BadParameter(str(error), param_hint="NAME") from error


def _given(answers: str | None, pairs: tuple[str, ...], sources: dict[str, list[str]]) -> dict[str, Given]:
    """The answers that came with the command: those of the file, then those of --set, which win."""
    found: dict[str, Given] = {}
    if answers:
        from afspec.source import Loader, to_plain  # noqa: PLC0415

        loader = Loader()
        loader.sources = sources
        try:
            root = loader.load(answers).root
        finally:
            sources.update(loader.sources)
        found = {key: Given(to_plain(entry.value), answers, entry.value.span) for key, entry in root.entries.items()}
    for pair in pairs:
        key, equals, value = pair.partition("=")
        if not equals:
            raise click.BadParameter(f"{pair!r} is not KEY=VALUE", param_hint="--set")
        found[key] = Given(value, f"--set {key}")
    return found


def _unknown_keys(given: Mapping[str, Given], known: tuple[str, ...]) -> list[Diagnostic]:
    from afspec.diagnostics import nearest  # noqa: PLC0415

    wrong = []
    for key, one in given.items():
        if key not in known:
            near = nearest(key, known)
            hint = f"Did you mean `{near}`?" if near else "`afspec init --questions` lists the keys."
            wrong.append(one.wrong("AF2001", f"`{key}` is no question", hint))
    return wrong


def _gather(name: str, given: Mapping[str, Given], *, ask: bool) -> dict[str, Any]:
    """Every answer that is known: given with the command, asked, or the default.

    Raises:
        AfspecError: with everything that is wrong with those that were given.
    """
    from afspec.diagnostics import AfspecError  # noqa: PLC0415
    from afspec.init import QUESTIONS, AnswerError, check, preset  # noqa: PLC0415

    problems = _unknown_keys(given, tuple(question.key for question in QUESTIONS))
    if problems:
        raise AfspecError(problems)
    asker = Asker(name)
    if ask:
        introduce(name)
    answers: dict[str, Any] = {}
    left = dict(given)
    for question in QUESTIONS:
        if not question.when(answers):
            continue
        one = left.pop(question.key, None)
        try:
            if one is not None:
                answer = check(question, one.value, answers)
            elif ask:
                answer = asker.ask(question, answers)
            else:
                answer = preset(question, name, answers)
        except AnswerError as error:
            assert one is not None  # noqa: S101 - the asker asks again
            said = error.verdict
            problems.append(one.wrong(said.code, f"{question.key}: {said.message}", said.hint))
            continue
        if answer is not None:
            answers[question.key] = list(answer) if isinstance(answer, tuple) else answer
    meant = {key: one for key, one in left.items() if one.value not in ("", [], None, "unknown")}
    hint = "Give the answer that it is about, too, or take this one out; `afspec init --questions` shows the order."
    problems += [
        one.wrong("AF2001", f"`{key}` is not asked beside the other answers", hint) for key, one in meant.items()
    ]
    if problems:
        raise AfspecError(problems)
    return answers


def _place(name: str, output: str | None) -> Path:
    if output is None:
        return Path("specs/sites") / f"{name}.yaml"
    return Path(output) / f"{name}.yaml" if output.endswith("/") or Path(output).is_dir() else Path(output)


def _write(
    name: str,
    path: Path,
    answers: dict[str, Any],
    extends: tuple[str, ...],
    sources: dict[str, list[str]],
    *,
    force: bool,
) -> None:
    """Compose the spec, check it beside its place, give it its name, and say what next."""
    from afspec.compiler import Frontend, counted  # noqa: PLC0415
    from afspec.diagnostics import AfspecError  # noqa: PLC0415
    from afspec.init import asked, compose  # noqa: PLC0415
    from afspec.init.save import save  # noqa: PLC0415

    text = compose(name, answers, os.path.relpath(_SCHEMA, path.parent), extends)
    frontend = Frontend(day_of(None))
    warnings: list[Diagnostic] = []

    def verify(made: Path) -> None:
        try:
            warnings.extend(frontend.check(str(made)).warnings)
        except AfspecError as error:
            sources.update(frontend.lines, **{str(path): text.splitlines()})
            raise AfspecError([_moved(one, str(made), str(path)) for one in error.diagnostics]) from error

    save(path, text, force=force, verify=verify)
    click.echo(f"wrote {path}: valid, {counted(len(warnings), 'warning')}")
    # A title is never left out: it is the name.
    if unknown := [question.key for question in asked(answers) if question.key not in {"title", *answers}]:
        click.echo(click.wrap_text(f"unknown, so left out: {', '.join(unknown)}", 78, subsequent_indent="  "))
    click.echo(_next(name, path))


def _moved(diagnostic: Diagnostic, made: str, path: str) -> Diagnostic:
    """A diagnostic at the place that the file will have."""
    span = diagnostic.span
    if span is None or span.file != made:
        return diagnostic
    return replace(diagnostic, span=span._replace(file=path))


def _next(name: str, path: Path) -> str:
    spec = str(path.relative_to("specs")) if path.parts[:1] == ("specs",) else str(path)
    steps = (
        (f"afspec validate {spec}", "after each edit"),
        (f"afspec facts {spec}", "what has a source, and what has none"),
        (f"afspec compile {spec}", f"write build/{name}/"),
        (f"afspec twin doctor {path}", "what its miniature needs here; then `twin up`"),
        (f"afspec conform {path} --plan", "what would be asked of the facility"),
    )
    width = max(len(command) for command, _ in steps)
    lines = [f"  {command.ljust(width)}  {what}" for command, what in steps]
    editors = f"  {'afspec schema --write'.ljust(width)}  so that editors complete and check"
    schema = [] if _SCHEMA.exists() else [editors]
    return "\n".join(["next:", *lines, *schema])

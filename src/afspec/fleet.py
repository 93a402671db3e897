"""Many specs in one command: one after another, so that memory does not grow; one bad spec spoils no other."""

from __future__ import annotations

import json
import os
import sys
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, NamedTuple

import click

from afspec import __version__
from afspec.compiler import (
    Action,
    Checked,
    Frontend,
    Outcome,
    Site,
    compile_site,
    counted,
    look_up,
    render_site,
    unchanged,
)
from afspec.diagnostics import (
    CODES,
    AfspecError,
    Diagnostic,
    Reported,
    Selection,
    Severity,
    printable,
    render_github,
    render_json,
    render_text,
)
from afspec.generators import all_generators

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable, Iterator

ALL = Selection()  # of the warnings
_MANY = 20  # from here on a progress bar says more than lines do


@dataclass
class Fleet:
    """The specs of a command, and every diagnostic that they gave; `selection` is of warnings, errors are all told."""

    specs: tuple[str, ...]
    as_of: dt.date
    form: str = "text"
    colour: bool = False
    bar: bool = False
    selection: Selection = ALL
    reported: list[Reported] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.frontend = Frontend(self.as_of)

    @property
    def diagnostics(self) -> list[Diagnostic]:
        """What counts: everything but what the specs ignore."""
        return [diagnostic for _, diagnostic in self.reported if diagnostic.ignored is None]

    def say(self, text: str) -> None:
        """A line for a person; scripts that asked for another form get none."""
        if self.form == "text":
            self.make_room()
            click.echo(printable(text, keep="\n\t"))

    def make_room(self) -> None:
        """Wipe the progress bar's line, where there is one; the next step draws it again."""
        if self.bar:
            click.echo("\r\x1b[K", nl=False, err=True)

    def report(self, diagnostics: list[Diagnostic], spec: str = "") -> None:
        """Take note of diagnostics of a spec, and print them unless they are wanted as one document."""
        shown = self.selected(diagnostics)
        self.reported += [Reported(spec, diagnostic) for diagnostic in shown]
        for diagnostic in shown:
            # What a spec ignores is counted for people, and told to scripts.
            if diagnostic.ignored is not None:
                continue
            if self.form == "text":
                self.make_room()
                click.echo(render_text(diagnostic, self.frontend.lines, colour=self.colour), err=True)
            elif self.form == "github":
                click.echo(render_github(diagnostic))

    def selected(self, diagnostics: list[Diagnostic]) -> list[Diagnostic]:
        """Those that the person asked for."""
        return [diagnostic for diagnostic in diagnostics if self.selection.shows(diagnostic)]

    def close(self) -> None:
        """Print what is printed once."""
        if self.form == "json":
            click.echo(render_json(diagnostic for _, diagnostic in self.reported))
        elif self.form == "sarif":
            from afspec.catalogue import meanings  # noqa: PLC0415
            from afspec.diagnostics.sarif import render_sarif  # noqa: PLC0415

            click.echo(render_sarif(self.reported, meanings(), __version__, os.getcwd()))  # noqa: PTH109

    def paths(self) -> list[str]:
        """The paths of the specs; those that are not there are reported."""
        found: list[str] = []
        for spec in self.specs:
            try:
                found += look_up(spec)
            except AfspecError as error:
                self.report(error.diagnostics, spec)
        return found

    def checked(self, *, show_warnings: bool = True) -> Iterator[tuple[str, Checked]]:
        """Path and facility of every spec that has no errors; errors are reported on the way."""
        for path in self.paths():
            try:
                checked = self._check(path)
            except AfspecError as error:
                self.report(error.diagnostics, path)
                continue
            if show_warnings:
                self._report_warnings(checked, path)
            yield path, checked

    def _check(self, path: str) -> Checked:
        """The facility at `path`, with the warnings that were asked for."""
        checked = self.frontend.check(path)
        return replace(checked, warnings=self.selected(checked.warnings), ignored=self.selected(checked.ignored))

    def compile(
        self,
        output: str,
        only: tuple[str, ...],
        action: str,
        *,
        force: bool,
        quiet: bool,
        warnings: bool,
        describe: Callable[[Outcome], str] | None = None,
    ) -> Iterator[Outcome]:
        """Compile every spec; one that has errors is reported and has no outcome.

        `describe` says what came of a site, where that is more than the outcome's own words.
        """
        seen: dict[str, str] = {}
        paths = self.paths()
        self.bar = len(paths) >= _MANY and sys.stderr.isatty()
        written = same = 0
        with click.progressbar(paths, label="Compiling", file=sys.stderr, hidden=not self.bar) as specs:
            for spec in specs:
                outcome = self._compile_one(Site(spec, output, only, force, Action(action)), seen, warnings=warnings)
                if outcome is None:
                    continue
                written, same = written + outcome.differs, same + (not outcome.differs)
                # A bar says how far it is; beside it only what a person must look at has a line.
                if not quiet and (not self.bar or (outcome.differs and action != Action.WRITE)):
                    self.say(describe(outcome) if describe else outcome.describe(Action(action)))
                yield outcome
        if self.bar and not quiet:
            self.bar = False
            failed = len(paths) - written - same
            verb = "written" if action == Action.WRITE else "different"
            self.say(f"{counted(len(paths), 'site')}: {written} {verb}, {same} unchanged, {failed} with errors")

    def _compile_one(self, site: Site, seen: dict[str, str], *, warnings: bool) -> Outcome | None:
        try:
            if not site.only and not site.force and (outcome := unchanged(site)):
                self._claim(outcome.name, site.spec, seen)
                # Who asks for warnings gets them all: one that is missing counts as corrected.
                if warnings or self.form != "text":
                    self._report_warnings(self._check(site.spec), site.spec)
                return outcome
            checked = self._check(site.spec)
            self._claim(checked.facility.name, site.spec, seen)
            if warnings or self.form != "text":
                self._report_warnings(checked, site.spec)
            return compile_site(site, checked)
        except AfspecError as error:
            self.report(error.diagnostics, site.spec)
            return None

    def _report_warnings(self, checked: Checked, spec: str) -> None:
        self.report([*checked.warnings, *checked.ignored], spec)

    @staticmethod
    def _claim(name: str, path: str, seen: dict[str, str]) -> None:
        if name in seen:
            message = f"{seen[name]} and {path} both describe a site called {name}"
            raise AfspecError([Diagnostic("AF4010", Severity.ERROR, message, hint=CODES["AF4010"].advice, place=path)])
        seen[name] = path


class Target(NamedTuple):
    """A generator; `applies` is None where no facility was asked about."""

    name: str
    title: str
    applies: bool | None
    outputs: list[str]


def describe_targets(checked: Checked | None, *, as_json: bool) -> str:
    """The generators as a table or JSON; with a facility, what each would write."""
    rendered = render_site(checked) if checked else {}
    rows = [
        Target(
            name,
            type(generator).title(),
            bool(rendered.get(name)) if checked else None,
            [artifact.path for artifact in rendered.get(name, [])],
        )
        for name, generator in all_generators().items()
    ]
    if as_json:
        return json.dumps([row._asdict() for row in rows], indent=2) + "\n"
    lines: list[str] = []
    for row in rows:
        mark = "" if row.applies is None else ("* " if row.applies else "- ")
        lines.append(f"{mark}{row.name:<12} {row.title}")
        lines += [f"      {path}" for path in row.outputs]
    if checked:
        lines += ["", "* applies   - does not apply to this facility"]
    return "\n".join(lines) + "\n"

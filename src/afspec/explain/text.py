"""Answers for people: a line and the values that made it, with their place in the spec; or what a value reaches."""

from __future__ import annotations

from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

from afspec.diagnostics import excerpt
from afspec.explain.answers import Cause, How
from afspec.explain.facts import short, value_of, would_be

if TYPE_CHECKING:
    from collections.abc import Iterator

    from afspec.explain.answers import Reached
    from afspec.explain.facts import Value
    from afspec.explain.session import FileAnswer, PointerAnswer, Spec, Told

IN_FULL, IN_SHORT, RANGES = 4, 2, 6
_BOLD, _BLUE, _RESET = "\x1b[1m", "\x1b[1;34m", "\x1b[0m"


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def ranges(numbers: list[int]) -> list[range]:
    """Runs of numbers that follow each other."""
    runs = [list(run) for _, run in groupby(enumerate(numbers), lambda pair: pair[1] - pair[0])]
    return [range(run[0][1], run[-1][1] + 1) for run in runs]


def _span(lines: range) -> str:
    return str(lines[0]) if len(lines) == 1 else f"{lines[0]}-{lines[-1]}"


def template_line(folder: str, text: str) -> str:
    """Where a generator's templates have a line as it is, if that is one place."""
    places = [
        f"{template}:{number}"
        for template in sorted(Path(folder).glob("templates/**/*.j2"))
        for number, line in enumerate(template.read_text("utf-8").splitlines(), 1)
        if text.strip() and line.strip() == text.strip()
    ]
    return places[0] if len(places) == 1 else ""


class Paper:
    """What text is written on: whether it takes colour."""

    def __init__(self, *, colour: bool) -> None:
        """A terminal, or something else."""
        self.colour = colour
        self.bold, self.blue, self.reset = (_BOLD, _BLUE, _RESET) if colour else ("", "", "")

    def about(self, spec: Spec, value: Value) -> Iterator[str]:
        """The value with its line in the spec, and where it comes from."""
        yield f"{self.bold}{value.pointer} = {short(value.value)}{self.reset}"
        yield f"  {self.blue}-->{self.reset} {value.span}"
        yield from excerpt(value.span, spec.document.lines, colour=self.colour)
        for span, name in value.through:
            yield self.note(f"through: {span} extends {name}")
        for span, old in value.overrides:
            yield self.note(f"overrides: {short(old)} of {span}")
        if told := value.published:
            of_what = "" if told["pointer"] == value.pointer else f" for {told['pointer']}"
            as_of = f" as of {told['as_of']}" if "as_of" in told else ""
            yield self.note(f"{told['state']}{of_what}: {told['doc']}{as_of}")
            if "rival" in told:
                yield self.note(f"{told['rival_doc']} says: {told['rival']}")

    def note(self, text: str) -> str:
        """A remark, as diagnostics have them."""
        return f"   {self.blue}={self.reset} {text}"


def _own(answer: FileAnswer, line: Told) -> str:
    if line.is_digest:
        return (
            "It holds the digest of the merged spec, which is that of facility.json: any change of the spec changes it"
        )
    where = template_line(answer.folder, line.text)
    told = f"No value of the spec made it: it is the generator's own, {answer.folder}/"
    return f"{told} ({where})" if where else told


def _in_short(paper: Paper, title: str, causes: list[Cause]) -> Iterator[str]:
    if causes:
        yield ""
        yield f"{paper.bold}{title}{paper.reset}"
        yield from (f"  {c.leaf.pointer} = {short(c.leaf.node.text)}  ({c.leaf.node.span})" for c in causes)


def _one_line(answer: FileAnswer, paper: Paper) -> Iterator[str]:
    line = answer.lines[0]
    gutter = " " * len(str(line.number))
    yield f"{gutter} {paper.blue}|{paper.reset}"
    yield f"{line.number} {paper.blue}|{paper.reset} {line.text}"
    by_kind = {how: [cause for cause in line.causes if cause.how is how] for how in How}
    said = by_kind[How.TEXT]
    yield ""
    yield f"Made by {_counted(len(said), 'value')}:" if said else _own(answer, line)
    for cause in said[:IN_FULL]:
        yield ""
        value = value_of(answer.spec, cause.leaf)
        yield from paper.about(answer.spec, value)
        yield paper.note(would_be(cause))
    yield from _in_short(paper, "And by, among many other lines:", said[IN_FULL:])
    yield from _in_short(paper, "The spaces in it come from:", by_kind[How.LAYOUT])
    yield from _in_short(paper, "That the file is there, or is called so, comes from:", by_kind[How.FILE])


def _telling(line: Told) -> tuple[str, ...]:
    said = [cause for cause in line.causes if cause.how is How.TEXT]
    nearest = [f"{cause.leaf.pointer} = {short(cause.leaf.node.text)}  ({cause.leaf.node.span})" for cause in said]
    more = len(nearest) - IN_SHORT
    return (*nearest[:IN_SHORT], *([f"and {_counted(more, 'other value')}"] if more > 0 else []))


def _many_lines(answer: FileAnswer, paper: Paper) -> Iterator[str]:
    width = len(str(answer.lines[-1].number)) if answer.lines else 1
    for told, group in groupby(answer.lines, _telling):
        lines = list(group)
        if not told:
            run = _span(range(lines[0].number, lines[-1].number + 1))
            yield f"{paper.blue}{run:>{width}} | the generator's own{paper.reset}"
            continue
        yield from (f"{line.number:>{width}} {paper.blue}|{paper.reset} {line.text}" for line in lines)
        yield from (paper.note(text) for text in told)
    every = {cause.leaf.pointer: cause for line in answer.lines for cause in line.causes if cause.how is How.FILE}
    yield from _in_short(paper, "That the file is there, or is called so, comes from:", list(every.values()))


def file_text(answer: FileAnswer, *, colour: bool) -> str:
    """The answer about some lines of an output."""
    paper = Paper(colour=colour)
    place = f"{answer.file}:{answer.lines[0].number}" if answer.single else answer.file
    head = f"{paper.bold}{place}{paper.reset}: written by {answer.generator} from {answer.spec.path}"
    notes = [paper.note(note) for note in answer.notes]
    body = _one_line(answer, paper) if answer.single else _many_lines(answer, paper)
    return "\n".join([head, *notes, *body]) + "\n"


def _one_file(found: Reached, texts: list[str], paper: Paper) -> Iterator[str]:
    said = [line for line, how in found.lines.items() if how is How.TEXT]
    whole = len(found.lines) == len(texts)
    marks = [f"{_counted(len(said), 'line')} of {len(texts)}"] if said else []
    marks += ["that it is there, or is called so"] if found.gone and whole else []
    layout = sum(how is How.LAYOUT for how in found.lines.values())
    marks += [f"the spaces of {_counted(layout, 'line')}"] if layout else []
    marks += ["lines that are not there now"] if found.adds and not found.lines else []
    yield f"  {paper.bold}{found.path}{paper.reset}: {', '.join(marks)}"
    runs = ranges(said)
    for run in runs[:RANGES]:
        yield f"    {_span(run):>9} {paper.blue}|{paper.reset} {short(texts[run[0] - 1])}"
    if len(runs) > RANGES:
        yield f"    and {len(runs) - RANGES} other places"


def pointer_text(answer: PointerAnswer, *, colour: bool) -> str:
    """The answer about a pointer."""
    paper = Paper(colour=colour)
    out: list[str] = []
    if len(answer.leaves) == 1:
        out += paper.about(answer.spec, value_of(answer.spec, answer.leaves[0]))
    else:
        out.append(f"{paper.bold}{answer.pointer or '/'}{paper.reset}: {_counted(len(answer.leaves), 'value')}")
    if not answer.reached:
        why = f"{', '.join(answer.readers)} read it, and no other value that was tried changes a line"
        why = why if answer.readers else "no generator that applies to this facility reads it"
        why = "the language allows no other value" if answer.fixed else why
        why = why if answer.leaves else "it holds no value"
        return "\n".join([*out, "", f"Reaches nothing: {why}."]) + "\n"
    lines = sum(how is How.TEXT for found in answer.reached for how in found.lines.values())
    out += ["", f"Reaches {_counted(lines, 'line')} of {_counted(len(answer.reached), 'file')}:"]
    for generator, files in groupby(answer.reached, lambda found: found.generator):
        out.append(f"{paper.blue}{generator}{paper.reset}")
        for found in files:
            out += _one_file(found, answer.texts[found.path], paper)
    return "\n".join(out) + "\n"

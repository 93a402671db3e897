"""The documentation holds: every relative link leads somewhere, and every command that is shown exists."""

from __future__ import annotations

import re
import shlex
from contextlib import suppress
from typing import TYPE_CHECKING

import click
import pytest
from pages import ROOT, blocks, name

from afspec.cli import cli

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PAGES = sorted([ROOT / "README.md", *ROOT.glob("docs/**/*.md"), *ROOT.glob("generators/*/README.md")])
_LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)")
_CODE = re.compile(r"`[^`\n]+`")
_HEADING = re.compile(r"#+ +(.+)")
# What a shell does with a command's output, or does next; `#` begins what is said about it.
_ENDS = {"|", "||", "&&", ";", ">", ">>", "<", "2>&1", "&", "#"}


def prose(text: str) -> str:
    return "\n".join(_CODE.sub("", line) for is_code, line in blocks(text) if not is_code)


def anchors(path: Path) -> set[str]:
    """The anchors that a page's headings have on GitHub."""
    found = [_HEADING.fullmatch(line) for is_code, line in blocks(path.read_text()) if not is_code]
    return {re.sub(r"[^\w\- ]", "", head[1].lower()).strip().replace(" ", "-") for head in found if head}


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_links_lead_somewhere(page: Path) -> None:
    for target in _LINK.findall(prose(page.read_text())):
        if re.match(r"[a-z]+:", target):
            continue
        path, _, anchor = target.partition("#")
        there = (page.parent / path).resolve() if path else page
        assert there.exists(), target
        assert not anchor or anchor in anchors(there), target


def shown(text: str) -> Iterator[str]:
    """The command lines of afspec in a page: those of its code blocks, and those in its sentences."""
    joined = ""
    for is_code, line in blocks(text):
        if not is_code:
            yield from (code[1:-1] for code in _CODE.findall(line) if code.startswith("`afspec "))
            continue
        joined += line.strip().removesuffix("\\").removeprefix("$ ")
        if line.endswith("\\"):
            joined += " "
            continue
        yield from re.findall(r"(?:^|[|;&] *|\$\(|/)(afspec [^`]*)", joined)
        joined = ""


def words(line: str) -> list[str]:
    """A command's words after `afspec`, as far as they are its own."""
    lexer = shlex.shlex(line, posix=True, punctuation_chars=True)
    lexer.whitespace_split = True
    lexer.commenters = "#"
    found: list[str] = []
    with suppress(ValueError):  # an apostrophe in what is said about a command is no quote
        for word in lexer:
            if word in _ENDS or set(word) <= set("<>|&;()"):
                break
            found.append(word)
    return found[1:]


def parse(group: click.Group, given: list[str]) -> None:
    """Parse a command without running it; an option or a command that is not there is an error of click's."""
    context = click.Context(group, info_name="afspec")
    while given and isinstance(context.command, click.Group) and not given[0].startswith("-"):
        command = context.command.get_command(context, given[0])
        assert command is not None, f"no command {given[0]}"
        context = click.Context(command, info_name=given[0], parent=context, **command.context_settings)
        given = given[1:]
    command = context.command
    values, _, _ = command.make_parser(context).parse_args([word for word in given if word not in {"-h", "--help"}])
    for option in command.params:
        if (
            isinstance(option.type, click.Choice)
            and (value := values.get(option.name or ""))
            and value != str(value).upper()
        ):
            for one in value if isinstance(value, (list, tuple)) else [value]:
                option.type.convert(one, option, context)


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_commands_exist(page: Path) -> None:
    for line in shown(page.read_text()):
        # Three dots stand for whatever else.
        given = [word for word in words(line) if word not in {"...", "[...]"}]
        try:
            try:
                parse(cli, given)
            except click.BadOptionUsage:  # a sentence may name an option without its value
                parse(cli, [*given, "VALUE"])
        except (click.UsageError, AssertionError) as error:
            pytest.fail(f"{line}: {error}")


def commands(group: click.Group) -> Iterator[click.Command]:
    for command in group.commands.values():
        yield command
        if isinstance(command, click.Group):
            yield from commands(command)


@pytest.mark.parametrize("command", [cli, *commands(cli)], ids=lambda command: command.name)
def test_examples_of_help_exist(command: click.Command) -> None:
    for line in (command.help or "").splitlines():
        if line.strip().startswith("afspec "):
            try:
                # Two spaces end the command: what it does stands behind them.
                parse(cli, words(re.split(r"  +", line.strip())[0]))
            except click.UsageError as error:
                pytest.fail(f"{line}: {error.format_message()}")


@pytest.mark.parametrize(
    "line",
    [
        "afspec validat x",
        "afspec validate --stric x",
        "afspec matrix --format yaml",
        "afspec twin upp",
        "afspec facts a.yaml --sort name",
        "cd a && afspec nothing",
    ],
)
def test_a_wrong_command_would_be_seen(line: str) -> None:
    [found] = shown(f"    {line}\n")
    with pytest.raises((click.UsageError, AssertionError)):
        parse(cli, words(found))


def test_commands_are_found_where_they_are_shown() -> None:
    page = "Run `afspec rules AF3103`:\n\n    afspec validate a \\\n        --strict | head  # all\n\n"
    page += "```\n$ afspec agc\n```\n"
    assert [words(line) for line in shown(page)] == [["rules", "AF3103"], ["validate", "a", "--strict"], ["agc"]]


def test_a_dead_link_would_be_seen(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("# A: head-line!\n\n[a](none.md) `[b](c.md)` [d](page.md#a-head-line)\n")
    assert anchors(page) == {"a-head-line"}
    assert _LINK.findall(prose(page.read_text())) == ["none.md", "page.md#a-head-line"]

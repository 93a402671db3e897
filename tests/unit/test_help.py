"""`afspec --help`: every command is listed once, under what a person wants."""

from __future__ import annotations

import click
import pytest
from click.testing import CliRunner

from afspec.cli import COMMANDS, cli
from afspec.cli.grouped import SECTIONS, Grouped


def said(group: click.Group) -> str:
    return CliRunner().invoke(group, ["--help"]).stdout


def test_every_command_is_listed_once() -> None:
    text = said(cli)
    for command in COMMANDS:
        assert sum(line.startswith(f"  {command.name} ") for line in text.splitlines()) == 1, command.name


def test_headings_stand_in_their_order() -> None:
    text = said(cli)
    places = [text.index(f"\n{title}:\n") for title in SECTIONS]
    assert places == sorted(places)
    assert "\nOther:\n" not in text, "name the command in SECTIONS"


def test_each_command_stands_below_its_heading() -> None:
    text = said(cli)
    for title, names in SECTIONS.items():
        below = text.split(f"\n{title}:\n")[1].split("\n\n")[0]
        listed = [line.split()[0] for line in below.splitlines()]
        assert listed == [name for name in names if name in cli.commands]


def test_unknown_command_does_not_disappear() -> None:
    group = Grouped("g", commands=[click.Command("validate", help="V."), click.Command("novel", help="New.")])
    text = said(group)
    assert "Describe a facility:\n  validate  V.\n" in text
    assert "Other:\n  novel     New.\n" in text
    assert "Compile it" not in text


def test_hidden_command_is_hidden() -> None:
    group = Grouped("g", commands=[click.Command("validate", help="V.", hidden=True)])
    assert "validate" not in said(group)


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.name)
def test_every_command_teaches_with_examples(command: click.Command) -> None:
    lines = [line.strip() for line in (command.help or "").splitlines()]
    assert any(line.startswith(f"afspec {command.name}") for line in lines)


def test_every_command_says_what_it_is_for_in_one_line() -> None:
    for command in COMMANDS:
        first = (command.help or "").strip().splitlines()[0]
        assert first, command.name

"""The list of commands in `afspec --help`, by what a person wants."""

from __future__ import annotations

import click

# In the order in which a facility's spec lives. A command that is not named here is listed under "Other".
SECTIONS: dict[str, tuple[str, ...]] = {
    "Describe a facility": ("init", "validate", "facts", "rules", "schema"),
    "Compile it": ("compile", "diff", "explain", "verify", "lock", "targets"),
    "Prove that it delivers": ("twin", "conform", "report", "agc"),
    "Compare facilities": ("matrix",),
}


class Grouped(click.Group):
    """A group whose help lists its commands under headings."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names in the order of the headings, the others at the end."""
        known = [name for names in SECTIONS.values() for name in names]
        there = super().list_commands(ctx)
        return [name for name in known if name in there] + [name for name in there if name not in known]

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write a list a heading, all of one width."""
        shown = {
            name: command
            for name in self.list_commands(ctx)
            if (command := self.get_command(ctx, name)) is not None and not command.hidden
        }
        width = max(map(len, shown), default=0)
        limit = formatter.width - formatter.indent_increment - 2 - width
        rest = tuple(name for name in shown if all(name not in names for names in SECTIONS.values()))
        for title, names in (SECTIONS | {"Other": rest}).items():
            rows = [(name.ljust(width), shown[name].get_short_help_str(limit)) for name in names if name in shown]
            if rows:
                with formatter.section(title):
                    formatter.write_dl(rows)

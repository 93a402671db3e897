"""The command line: parses, calls, prints. Nothing heavy is imported before it is needed.

A module a command; `COMMANDS` lists them. Exit codes: 0 all is well; 1 a spec has errors; 2 the command was misused;
3 files on disk differ from what the spec gives (`compile --check`, `schema --check`), or two states do (`diff
--exit-code`); 4 outputs could not be made or written; 70 a defect of afspec; 130 it was interrupted.
"""

from __future__ import annotations

import errno
import os
import sys

import click

from afspec import __version__
from afspec.cli.agc import agc
from afspec.cli.compile import compile_
from afspec.cli.conform import conform
from afspec.cli.diff import diff
from afspec.cli.explain import explain
from afspec.cli.facts import facts
from afspec.cli.grouped import Grouped
from afspec.cli.init import init
from afspec.cli.lock import lock
from afspec.cli.matrix import matrix
from afspec.cli.report import report
from afspec.cli.rules import rules
from afspec.cli.schema import schema
from afspec.cli.shared import EXIT_DEFECT, EXIT_OUTPUT
from afspec.cli.targets import targets
from afspec.cli.twin import twin
from afspec.cli.validate import validate
from afspec.cli.verify import verify

# `--help` lists them by what a person wants: see `grouped`.
# Where the system has no more room, or the user no more of it.
_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
COMMANDS: tuple[click.Command, ...] = (
    init,
    validate,
    facts,
    compile_,
    diff,
    explain,
    verify,
    lock,
    matrix,
    targets,
    schema,
    rules,
    conform,
    twin,
    report,
    agc,
)


@click.group(cls=Grouped, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="afspec")
def cli() -> None:
    """Describe an analysis facility once, and compile it into what it deploys.

    A facility is one YAML file, its spec. A SPEC is looked up as given, then under specs/, then among those
    that come with afspec.

    \b
      afspec init nebraska                    a new facility: asks a few questions, writes a spec
      afspec validate sites/slac.yaml         check a spec
      afspec facts sites/slac.yaml            where each fact is from, and how old it is
      afspec compile sites/slac.yaml          write build/slac/
      afspec explain build/slac/ssh/config:9  which lines of the spec made this one
      afspec twin up slac                     a miniature of the facility on this machine
      afspec conform bnl                      prove what it promises, as an ordinary user
      afspec report show BUNDLE               what a conformance run found
      afspec agc run --generate 1_000_000     the Analysis Grand Challenge on this machine
      afspec matrix 'sites/*.yaml'            facilities side by side
      afspec rules AF3103                     what a diagnostic means

    Exit codes: 0 all is well, 1 a spec has errors, 2 wrong usage, 3 files differ (--check), 4 outputs cannot
    be written, 70 a defect of afspec.
    """


for command in COMMANDS:
    cli.add_command(command)


def main() -> None:
    """Run the command line; an unexpected failure is reported as AF9001, without a traceback."""
    try:
        sys.exit(cli.main(prog_name="afspec", standalone_mode=False))
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except click.Abort:
        # Not click's 1: that is the code of a spec with errors.
        click.echo("Interrupted.", err=True)
        sys.exit(130)
    except BrokenPipeError:
        # The reader went away (`| head`): end quietly, as other tools do.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(141)
    except Exception as error:
        if "AFSPEC_DEBUG" in os.environ:
            raise
        if isinstance(error, OSError) and error.errno in _FULL and error.filename is None:
            click.echo(f"error[AF4008]: what was said cannot be written: {error.strerror}", err=True)
            click.echo("   = Make room where standard output goes, and run it again.", err=True)
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            sys.exit(EXIT_OUTPUT)
        from afspec.diagnostics import CODES  # noqa: PLC0415

        click.echo(f"error[AF9001]: {type(error).__name__}: {error}\n   = {CODES['AF9001'].advice}", err=True)
        click.echo("   = AFSPEC_DEBUG=1 shows where it happened.", err=True)
        sys.exit(EXIT_DEFECT)

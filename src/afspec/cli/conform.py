"""The command `afspec conform`: pytest over the suite that comes with afspec, wherever it is installed."""

from __future__ import annotations

import sys

import click


@click.command(context_settings={"ignore_unknown_options": True, "allow_extra_args": True, "help_option_names": []})
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED, metavar="SITE [OPTION]...")
def conform(arguments: tuple[str, ...]) -> None:
    """Prove what a facility promises: ask it, as an ordinary user, and write a report.

    SITE is a name under specs/sites/ (bnl, uchicago, slac, local), or the path of a spec. Whatever else is given
    goes to pytest; in a checkout `pytest conformance --site SITE` is the same.

    \b
      afspec conform bnl --plan                   what would be asked, and what it may cost; asks nothing
      afspec conform bnl                          everything that can be asked from here
      afspec conform bnl --vantage session        inside a session: the main part
      afspec conform slac --twin                  its miniature on this machine
      afspec conform uchicago --profile agc-ready what an AGC user needs, whatever was promised
      afspec conform slac -k AF-BATCH -n 4        a part, in parallel; its report is partial
      afspec conform --help-options               every option

    Exit codes: 0 all that must hold was verified, 100 something is broken, 101 something is not demonstrated or
    degraded, 102 a fault of the kit, 4 wrong usage.
    """
    if not arguments or arguments[0] in {"-h", "--help"}:
        click.echo(conform.get_help(click.get_current_context()))
        return
    try:
        import pytest  # noqa: PLC0415 - only this command needs it

        from afspec.conformance.suite_folder import suite_folder  # noqa: PLC0415
    except ModuleNotFoundError as error:
        click.echo(f"error: {error.name} is not installed\n   = pip install 'afspec[conformance]'", err=True)
        sys.exit(2)
    folder = str(suite_folder())
    # The configuration of whatever project lies around here is not the kit's, and no folder of pytest's is left in it.
    own = [folder, f"--rootdir={folder}", "-c", f"{folder}/pytest.ini", "-p", "no:cacheprovider", "-p", "no:benchmark"]
    if arguments[0] == "--help-options":
        sys.exit(pytest.main([*own, "--help"]))
    sys.exit(pytest.main([*own, "--site", *arguments]))

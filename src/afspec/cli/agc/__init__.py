"""The commands `afspec agc ...`, one module each: they parse, call afspec.agc, and print."""

from __future__ import annotations

import click

from afspec.cli.agc.bench import bench
from afspec.cli.agc.compare import compare
from afspec.cli.agc.fit import fit
from afspec.cli.agc.generate import generate
from afspec.cli.agc.run import run


@click.group()
def agc() -> None:
    """The Analysis Grand Challenge: run the analysis, compare, fit and measure it.

    \b
      afspec agc run --generate 1_000_000           events made up here, histograms, plots
      afspec agc run nanoaod_inputs.json            the CMS open data, or a part of it
      afspec agc compare out/histograms.json --reference histos_1_file_per_process.json
      afspec agc fit out/histograms.json            the ttbar cross section, pulls, correlations
      afspec agc bench                              events a second, and where the time goes

    It needs more than the rest of afspec: pip install 'afspec[agc]', and 'afspec[fit]' for fits.
    """


for _command in (run, compare, fit, generate, bench):
    agc.add_command(_command)

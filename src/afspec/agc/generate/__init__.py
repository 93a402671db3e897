"""Synthetic NanoAOD: made-up events of each process, the same for a seed whatever the codec, clusters and form.

`draws` counts random numbers, `hard` makes and decays tops and W bosons, `detector` measures jets and leptons,
`nanoaod` and `fourleptons` give them the form of real files, `files` writes those, `fileset` all that an analysis
wants.
"""

from __future__ import annotations

from afspec.agc.generate.fileset import generate_fileset, generate_hzz_fileset
from afspec.agc.generate.fourleptons import write_hzz
from afspec.agc.generate.nanoaod import write

__all__ = ["generate_fileset", "generate_hzz_fileset", "write", "write_hzz"]

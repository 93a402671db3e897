"""Histograms against a reference: which are alike, where the others differ and by how much."""

from __future__ import annotations

from afspec.agc.compare.bins import Difference, Kind, Tolerance, exactly
from afspec.agc.compare.files import read
from afspec.agc.compare.sets import Checked, Comparison, compare
from afspec.agc.compare.words import told

__all__ = ["Checked", "Comparison", "Difference", "Kind", "Tolerance", "compare", "exactly", "read", "told"]

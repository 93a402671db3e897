"""Services at a glance: facilities side by side, as the 2023 talk's closing table had them."""

from afspec.matrix.cells import COLUMNS, Cell, cells
from afspec.matrix.render import FORMATS, render_matrix

__all__ = ["COLUMNS", "FORMATS", "Cell", "cells", "render_matrix"]

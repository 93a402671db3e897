"""Services at a glance: facilities side by side, as the 2023 talk's closing table had them."""

from afspec.matrix.cells import COLUMNS, Cell, cells
from afspec.matrix.files import Link, implementing
from afspec.matrix.render import FORMATS, Compiled, render_matrix

__all__ = ["COLUMNS", "FORMATS", "Cell", "Compiled", "Link", "cells", "implementing", "render_matrix"]

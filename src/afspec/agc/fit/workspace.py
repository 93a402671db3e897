"""From templates to a pyhf workspace, with cabinetry's way of symmetrising and of splitting yields from shapes."""

from __future__ import annotations

import io
import logging
import warnings
from contextlib import contextmanager, redirect_stdout
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from afspec.agc.errors import AgcError
from afspec.agc.fit.model import EDGES, config
from afspec.agc.ttbar.samples import NOMINAL

if TYPE_CHECKING:
    from collections.abc import Iterator

    from afspec.agc.fit.sense import Templates


def require() -> None:
    """Make sure that cabinetry and pyhf are there.

    Raises:
        AgcError: they are not.
    """
    try:
        import cabinetry  # noqa: F401, PLC0415 - only fits need it
        import pyhf  # noqa: F401, PLC0415
    except ImportError as error:
        raise AgcError(f"fits need {error.name}, which is not installed", "pip install 'afspec[agc,fit]'") from None


def build(templates: Templates, *, statistics: bool = True) -> dict[str, Any]:
    """The workspace, as pyhf's JSON schema has it.

    Arguments:
        templates: all of them.
        statistics: whether the simulation's own statistical uncertainty is part of the model.
    """
    import boost_histogram as bh  # noqa: PLC0415
    import cabinetry  # noqa: PLC0415

    router = cabinetry.route.Router()

    @router.register_template_builder()
    def _template(region: Any, sample: Any, systematic: Any, template: str | None) -> Any:
        variation = systematic[template]["VariationPath"] if template else NOMINAL
        found = templates.found[region["Name"], sample["Name"], variation]
        histogram = bh.Histogram(
            bh.axis.Variable(EDGES.tolist(), underflow=False, overflow=False), storage=bh.storage.Weight()
        )
        histogram.view().value, histogram.view().variance = found.yields, found.stdev**2
        return histogram

    with TemporaryDirectory(prefix="afspec-fit-") as folder, quiet():
        told = config(Path(folder), templates.present, statistics=statistics)
        cabinetry.templates.build(told, router=router)
        cabinetry.templates.postprocess(told)
        workspace: dict[str, Any] = cabinetry.workspace.build(told)
    return workspace


@contextmanager
def quiet() -> Iterator[None]:
    """Keep the libraries' words to themselves: what matters of them is told in a result's notes and errors."""
    loggers = [logging.getLogger(name) for name in ("cabinetry", "pyhf")]
    before = [each.level for each in loggers]
    for each in loggers:
        each.setLevel(logging.CRITICAL + 1)
    try:
        # Minuit prints what its caller cannot use.
        with warnings.catch_warnings(), redirect_stdout(io.StringIO()):
            # pyhf's schemas are read with a class that jsonschema is about to drop.
            warnings.filterwarnings("ignore", r"jsonschema\.RefResolver", DeprecationWarning)
            yield
    finally:
        for each, level in zip(loggers, before, strict=True):
            each.setLevel(level)

"""The fit, and what comes of it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from afspec.agc.errors import AgcError
from afspec.agc.fit.model import DATA, POI
from afspec.agc.fit.workspace import build, quiet, require
from afspec.agc.ttbar.samples import CROSS_SECTIONS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from afspec.agc.fit.sense import Templates

# Parameters of the simulation's statistics, one a bin.
_GAMMA: Final = "staterror_"


@dataclass(frozen=True, slots=True)
class Region:
    """A region before or after the fit.

    Attributes:
        yields: of each process, float64[11].
        error: float64[11], of their sum.
        data: float64[11], what was fitted.
    """

    yields: Mapping[str, NDArray[np.float64]]
    error: NDArray[np.float64]
    data: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class FitResult:
    """Maximum likelihood estimates.

    Attributes:
        labels: parameters; "staterror_4j1b[0]" and so on are the simulation's statistics.
        bestfit, uncertainty: float64[parameters]; uncertainties from the second derivatives at the maximum (HESSE).
        interval: of ttbar_norm, down and up, from where the likelihood has fallen by a half (MINOS); None where that
            cannot be found.
        correlation: float64[parameters, parameters].
        twice_nll: -2 log(likelihood) at its maximum.
        goodness: p value against the saturated model.
        digest: SHA-256 of the workspace, as pyhf computes it.
        workspace: that itself.
        before, after: regions as predicted, and as fitted.
        notes: what a reader should know.
    """

    labels: tuple[str, ...]
    bestfit: NDArray[np.float64]
    uncertainty: NDArray[np.float64]
    interval: tuple[float, float] | None
    correlation: NDArray[np.float64]
    twice_nll: float
    goodness: float
    digest: str
    workspace: Mapping[str, Any]
    before: Mapping[str, Region]
    after: Mapping[str, Region]
    notes: tuple[str, ...]

    @property
    def poi(self) -> tuple[float, float]:
        """ttbar_norm and its uncertainty."""
        index = self.labels.index(POI)
        return float(self.bestfit[index]), float(self.uncertainty[index])

    @property
    def cross_section(self) -> tuple[float, float]:
        """Of ttbar in pb, and its uncertainty."""
        value, error = self.poi
        return value * CROSS_SECTIONS["ttbar"], error * CROSS_SECTIONS["ttbar"]

    @property
    def pulls(self) -> dict[str, tuple[float, float]]:
        """Of each systematic source: by how many of its standard deviations it moved, and what is left of one."""
        rows = zip(self.labels, self.bestfit, self.uncertainty, strict=True)
        return {
            label: (float(value), float(error))
            for label, value, error in rows
            if label != POI and not label.startswith(_GAMMA)
        }

    def document(self) -> dict[str, Any]:
        """As fit.json has it."""
        value, error = self.poi
        section, section_error = self.cross_section
        return {
            "poi": {"name": POI, "value": value, "uncertainty": error, "interval": self.interval},
            "cross_section_pb": {"value": section, "uncertainty": section_error},
            "goodness_of_fit_p": None if math.isnan(self.goodness) else self.goodness,
            "twice_nll": self.twice_nll,
            "pulls": {name: {"value": pull, "uncertainty": left} for name, (pull, left) in self.pulls.items()},
            "labels": list(self.labels),
            "bestfit": self.bestfit.tolist(),
            "uncertainty": self.uncertainty.tolist(),
            "correlation": self.correlation.tolist(),
            "workspace_sha256": self.digest,
            "notes": list(self.notes),
        }


def fit(templates: Templates, *, statistics: bool = True) -> FitResult:
    """Fit the model to its pseudodata.

    Arguments:
        templates: what the model is made of.
        statistics: whether the simulation's own statistical uncertainty is part of it.

    Raises:
        AgcError: the fit does not converge, or its uncertainties mean nothing.
    """
    import cabinetry  # noqa: PLC0415 - heavy
    import pyhf  # noqa: PLC0415

    require()
    workspace = build(templates, statistics=statistics)
    with quiet():
        model, data = cabinetry.model_utils.model_and_data(workspace)
        found, careful = _best(model, data)
        predicted = cabinetry.model_utils.prediction(model)
        fitted = cabinetry.model_utils.prediction(model, fit_results=found)
    result = FitResult(
        tuple(found.labels),
        np.asarray(found.bestfit, np.float64),
        np.asarray(found.uncertainty, np.float64),
        found.minos_uncertainty.get(POI),
        np.asarray(found.corr_mat, np.float64),
        float(found.best_twice_nll),
        float(found.goodness_of_fit),
        pyhf.utils.digest(workspace),
        workspace,
        _regions(predicted, templates),
        _regions(fitted, templates),
        (*templates.notes, *((_CAREFUL,) if careful else ())),
    )
    value, error = result.poi
    if not (np.isfinite(result.bestfit).all() and np.isfinite(result.uncertainty).all() and error > 0.0):
        raise AgcError(f"the fit ends at {POI} = {value:.3g} +- {error:.3g}: its uncertainties mean nothing", _ADVICE)
    return result


def _best(model: Any, data: Any) -> tuple[Any, bool]:
    """Cabinetry's result, and whether Minuit had to be told to take care.

    Raises:
        AgcError: that did not help.
    """
    import cabinetry  # noqa: PLC0415
    import pyhf  # noqa: PLC0415

    trouble = ""
    for strategy in (None, 2):
        try:
            found = cabinetry.fit.fit(model, data, goodness_of_fit=True, minos=POI, strategy=strategy)
        except (pyhf.exceptions.FailedMinimization, RuntimeError) as failed:
            trouble = str(failed).strip() or type(failed).__name__
        else:
            return found, strategy is not None
    raise AgcError(f"the fit does not converge: {trouble}", _ADVICE)


_CAREFUL: Final = "Minuit's default strategy did not converge; its most careful one (2) did"
_ADVICE: Final = "Look at the templates' plots: too few events make templates that no fit can follow"


def _regions(prediction: Any, templates: Templates) -> dict[str, Region]:
    config = prediction.model.config
    return {
        region: Region(
            {
                process: np.asarray(row, np.float64)
                for process, row in zip(config.samples, prediction.model_yields[index], strict=True)
                if (region, process) in templates.present
            },
            # cabinetry adds the sum of all samples as the last row.
            np.asarray(prediction.total_stdev_model_bins[index][-1], np.float64),
            templates.found[region, DATA, "nominal"].yields,
        )
        for index, region in enumerate(config.channels)
    }

"""A histogram with flow and variances, and the JSON form that the analysis's references have."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from afspec.agc.errors import AgcError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Histogram:
    """Sums of weights in bins.

    Attributes:
        edges: float64[bins + 1], in GeV.
        contents: float64[bins + 2], with under- and overflow.
        variances: float64[bins + 2], sums of squared weights; None where a file does not tell them.
    """

    edges: NDArray[np.float64]
    contents: NDArray[np.float64]
    variances: NDArray[np.float64] | None

    def scaled(self, factor: float) -> Histogram:
        """The same with every weight multiplied."""
        variances = None if self.variances is None else self.variances * factor**2
        return Histogram(self.edges, self.contents * factor, variances)

    def __add__(self, other: Histogram) -> Histogram:
        both = None if self.variances is None or other.variances is None else self.variances + other.variances
        return Histogram(self.edges, self.contents + other.contents, both)

    def document(self) -> dict[str, list[float]]:
        """As JSON has it."""
        told = {"edges": self.edges.tolist(), "contents": self.contents.tolist()}
        return told if self.variances is None else {**told, "variances": self.variances.tolist()}


def of_document(name: str, document: Any) -> Histogram:
    """A histogram from its JSON form; variances may be absent, as they are upstream.

    Raises:
        AgcError: it is none; the message names the histogram.
    """
    try:
        edges, contents = (np.asarray(document[key], np.float64) for key in ("edges", "contents"))
        variances = np.asarray(document["variances"], np.float64) if "variances" in document else None
    except (KeyError, TypeError, ValueError) as error:
        raise AgcError(
            f"{name} is no histogram: {error}", "It wants edges, contents with flow, and variances"
        ) from None
    shapes = {contents.shape} | ({variances.shape} if variances is not None else set())
    if edges.ndim != 1 or shapes != {(len(edges) + 1,)}:
        raise AgcError(f"{name}: {len(edges)} edges want {len(edges) + 1} contents, under- and overflow among them")
    return Histogram(edges, contents, variances)


def of_documents(documents: Mapping[str, Any]) -> dict[str, Histogram]:
    """All histograms of a file.

    Raises:
        AgcError: one of them is none.
    """
    return {name: of_document(name, document) for name, document in documents.items()}

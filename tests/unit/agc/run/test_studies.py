"""What running knows of each analysis, and that kernels are compiled once, before the clock starts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from afspec.agc.errors import AgcError
from afspec.agc.hzz import samples as hzz
from afspec.agc.hzz import task as hzz_task
from afspec.agc.run.studies import analysis_of, study_of
from afspec.agc.run.timing import Watched, process_age, warm
from afspec.agc.ttbar import task
from afspec.agc.ttbar.samples import SAMPLES

if TYPE_CHECKING:
    from afspec.agc.tally import Tally


def filled(tally: Tally, events: int) -> Tally:
    """A tally whose row n holds n + 1 in each bin, with squares a tenth of that."""
    rows = np.arange(1.0, len(tally.sums) + 1)[:, None]
    tally.sums[:] = rows
    tally.squares[:] = rows / 10
    tally.flow[:] = events
    return tally


@pytest.mark.parametrize(("version", "systematics"), [(1, False), (2, True)])
def test_ttbar(version: int, systematics: bool) -> None:  # noqa: FBT001 - a parameter of the test
    study = study_of(analysis_of("ttbar", version=version, systematics=systematics))
    assert study.options == {"task": version, "systematics": systematics}
    assert study.luminosity == 3378
    roles = {sample: study.role(sample) for sample in SAMPLES}
    assert [sample for sample, role in roles.items() if role == "signal"] == [("ttbar", "nominal")]
    assert {sample[0] for sample, role in roles.items() if role == "alternative"} == {"ttbar"}
    for sample in SAMPLES:
        study.check(sample)
    tally = filled(study.analysis.tally(), 3378)
    assert study.weight(("ttbar", "nominal"), tally) == pytest.approx(729.84, rel=1e-12)
    region = study.yields(("ttbar", "nominal"), tally)["4j2b"]
    row = 1 + len(task.VARIATIONS)
    assert region.selected == 27 * row
    assert region.expected == pytest.approx(729.84 * 27 * row, rel=1e-12)
    assert region.uncertainty == pytest.approx(729.84 * (2.7 * row) ** 0.5, rel=1e-12)


def test_hzz() -> None:
    study = study_of(analysis_of("hzz"))
    assert study.luminosity == 10_000
    assert study.role(("data", "nominal")) == "data"
    assert study.role(("llll", "nominal")) == "background"
    assert study.role(("ZH125_ZZ4lep", "nominal")) == "signal"
    tally = filled(study.analysis.tally(), 5)
    assert study.weight(("data", "nominal"), tally) == 1.0
    assert study.cross_section(("data", "nominal")) == 0.0
    assert study.yields(("data", "nominal"), tally)["4l"].expected == hzz_task.FLOW_BINS * (hzz_task.COUNTED + 1)
    weight = hzz.SAMPLES["llll"].weight
    assert study.weight(("llll", "nominal"), tally) == weight
    assert study.yields(("llll", "nominal"), tally)["4l"].expected == pytest.approx(weight * hzz_task.FLOW_BINS)
    for sample in [("llll", "ME_var"), ("ttbar", "nominal")]:
        with pytest.raises(AgcError, match="hzz has no sample"):
            study.check(sample)


def test_what_is_not_known() -> None:
    with pytest.raises(AgcError, match="hzz does not run on cuda"):
        analysis_of("hzz", device="cuda")

    class Other:
        name = "other-1"

    other: Any = Other()
    with pytest.raises(AgcError, match="nothing is known of the analysis 'other-1'"):
        study_of(other)


@pytest.mark.parametrize("kind", ["ttbar", "hzz"])
def test_every_kind_can_be_warmed(kind: str) -> None:
    analysis = analysis_of(kind)
    assert warm(analysis) > 0
    watched = Watched(analysis)
    assert (watched.name, watched.layout, watched.steps) == (analysis.name, analysis.layout, analysis.steps)
    assert watched.first == []
    warm(watched)
    assert len(watched.first) == 1
    warm(watched)
    assert len(watched.first) == 1


def test_a_process_has_an_age() -> None:
    assert 0 < process_age() <= process_age() + 0.02

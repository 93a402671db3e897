"""Section `agc`: how the Analysis Grand Challenge finds its data at the facility, and what it should reach."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from afspec.facility.common import Capability, Model, Named
from afspec.facility.quantities import Rate
from afspec.facility.words import Count, EnvironmentName, ServiceUrl, Text, UserPath


class Dataset(Named):
    """A copy of the analysis's input at the facility."""

    path: UserPath = Field(description="The folder that holds it.")
    format: Literal["nanoaod", "ntuple"] = Field("nanoaod", description="What the files hold.")


class Rewrite(Model):
    """A prefix of file addresses, and what replaces it at the facility."""

    prefix: ServiceUrl = Field(description="What the public file list says.")
    replacement: ServiceUrl = Field(description="What works at the facility.")


class Agc(Capability):
    """The Analysis Grand Challenge at the facility."""

    outcome: Literal["ran", "ran_with_workarounds", "did_not_run"] | None = Field(
        None, description="What was reported the last time somebody tried."
    )
    datasets: tuple[Dataset, ...] = Field((), description="Copies of the input.")
    rewrites: tuple[Rewrite, ...] = Field((), description="How addresses in the file list are rewritten.")
    chunk: Count | None = Field(None, description="Events a worker takes at once; left out, the analysis decides.")
    workers: Count | None = Field(None, description="Workers of Dask that a run asks for.")
    rate: Rate | None = Field(None, description="Expected events a second and core.")
    environment: dict[EnvironmentName, Text] = Field(
        {}, description="Switches of the analysis's configuration.", examples=[{"AF": "local", "USE_DASK": "True"}]
    )

"""The pods on the facility's cluster that an HTCondor pool grows by, and what decides how many there are."""

from __future__ import annotations

from pydantic import Field

from afspec.facility.common import Model, SecretRef
from afspec.facility.quantities import Bytes
from afspec.facility.words import Count, DnsLabel, DnsName, EnvironmentName, Name, Reference, Text, Whole


class Workers(Model):
    """Execute pods, and htcondor-autoscale-manager, which says by how much their number should change."""

    namespace: DnsLabel | None = Field(None, description="Their namespace; left out, the pool's name.")
    image: Reference | None = Field(
        None, description="The image of execute pods; left out, the site has a Deployment of them already."
    )
    deployment: DnsName | None = Field(
        None, description="The Deployment whose pods they are; left out, the pool's name and -workers."
    )
    selector: Text | None = Field(
        None,
        description="Label selector of the site's own execute pods; left out, the labels that afspec's would have.",
        examples=["partition=long"],
    )
    manager: Reference | None = Field(
        None, description="The image of htcondor-autoscale-manager; left out, the site runs it already."
    )
    resource: Name | None = Field(
        None, description="GLIDEIN_ResourceName of the pods' machines; left out, the Deployment's name."
    )
    minimum: Count = Field(1, description="Fewest pods; the manager measures against those that run.")
    maximum: Count | None = Field(
        None, description="Most pods; left out, as many as the cores that the pool grows to need, or 10."
    )
    cores: Count = Field(4, description="Cores a pod.")
    memory: Bytes = Field(8 * 1024**3, description="Memory a pod.")
    gpus: Whole = Field(0, description="GPUs a pod.")
    gpu: Name | None = Field(None, description="GPU model, as named under `gpus: models:`; left out, the first.")
    velocity: Count = Field(1, description="Pods that are added at a time while jobs wait.")
    idle: Whole = Field(0, description="Pods that are kept without a job.")
    metric: EnvironmentName = Field("occupancy", description="The metric that the manager serves.")
    token: SecretRef | None = Field(
        None, description="Where the pods' token for the pool is; left out, in a Secret named after the Deployment."
    )

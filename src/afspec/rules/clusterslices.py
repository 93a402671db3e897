"""AF394, too: how the cluster's GPUs are cut, shared and told apart."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from afspec.diagnostics import Severity
from afspec.rules.base import Context, Finding, Rule
from afspec.rules.onsite import cluster_gpus

if TYPE_CHECKING:
    from collections.abc import Iterator

    from afspec.facility import Facility
    from afspec.facility.orchestration import Gpu


class AF3943(Rule):
    """Slices of a GPU and its MIG strategy contradict each other.

    With `mixed` each kind of slice is a resource of its own, nvidia.com/mig-1g.5gb, which must be known by name; with
    `none` there are no slices; and a slice is not shared by MPS: the device plugin does not start.
    """

    def check(self, facility: Facility, _: Context) -> Iterator[Finding]:
        """Name the slices of `mixed`, choose the strategy that the nodes have, and share slices by time slicing."""
        for gpu in facility.gpus.models if facility.gpus else ():
            here, mig = f"/gpus/models/{gpu.name}", gpu.mig
            if mig is None:
                continue
            if mig.strategy == "mixed" and not mig.profiles:
                yield Finding(f"{here}/mig/strategy", "`mixed`, and no slices")
            elif mig.strategy == "none" and mig.profiles:
                yield Finding(f"{here}/mig/strategy", f"`none`, and {', '.join(mig.profiles)}")
            if mig.strategy != "none" and gpu.sharing and gpu.sharing.by == "mps":
                yield Finding(f"{here}/sharing/by", "`mps` of slices")


class AF3944(Rule):
    """Product names another slice than the model has.

    With strategy `single` nodes are labelled with product and slice (-MIG-1g.5gb), by which pods find them: a node has
    one kind, and one label. Who chooses the other slice waits for a node that no label leads to.
    """

    def check(self, facility: Facility, _: Context) -> Iterator[Finding]:
        """Write the label as `kubectl get nodes -L nvidia.com/gpu.product` shows it, one model a kind of slice."""
        for gpu in cluster_gpus(facility):
            product, mark, labelled = (gpu.product or "").partition("-MIG-")
            if not mark:
                continue
            labelled = labelled.removesuffix("-SHARED")
            here, mig = f"/gpus/models/{gpu.name}/product", gpu.mig
            if mig is None or mig.strategy != "single":
                strategy = f"strategy `{mig.strategy}`" if mig else "no `mig:`"
                yield Finding(here, f"`{gpu.product}`, and {strategy}", product)
                continue
            # GPU feature discovery leaves out what a label may not have: +.
            others = [item for item in mig.profiles if item.replace("+", "") != labelled]
            if others:
                yield Finding(here, f"`{gpu.product}`, and {', '.join(others)}", f"{product}-MIG-{others[0]}")


def _resources(gpu: Gpu) -> frozenset[str]:
    """The resources that the nodes of a model list."""
    if gpu.mig and gpu.mig.strategy == "mixed" and gpu.mig.profiles:
        return frozenset(gpu.mig.profiles)
    return frozenset((gpu.resource or "",))


class AF3946(Rule):
    """Two GPU models cannot be told apart on the cluster.

    Models with one resource are told apart by nodes' product label alone. Without two different ones, who chooses the
    A100 gets the GTX 1080 as well.
    """

    severity: ClassVar[Severity] = Severity.WARNING

    def check(self, facility: Facility, _: Context) -> Iterator[Finding]:
        """Give each model its own `product:`, or describe them as one."""
        models = cluster_gpus(facility)
        for index, gpu in enumerate(models):
            for other in models:
                if other is gpu or not _resources(gpu) & _resources(other):
                    continue
                if gpu.product is None:
                    yield Finding(f"/gpus/models/{gpu.name}/product", f"`{gpu.name}` may be `{other.name}`")
                    break
                if gpu.product == other.product and other in models[:index]:
                    yield Finding(f"/gpus/models/{gpu.name}/product", f"`{gpu.product}` is `{other.name}`, too")
                    break


_LONGEST_LABEL = 63


class AF3949(Rule):
    """Label of a GPU is longer than a label may be.

    Nodes are chosen by product, slice and sharing in one label, of at most 63 characters (Kubernetes, Labels and
    Selectors). No pod can ask for one that is longer, and no node can have it.
    """

    def check(self, facility: Facility, _: Context) -> Iterator[Finding]:
        """Write the product as `kubectl get nodes -L nvidia.com/gpu.product` shows it."""
        for gpu in cluster_gpus(facility):
            label = gpu.product or ""
            if gpu.mig and gpu.mig.strategy == "single" and "-MIG-" not in label:
                label += "-MIG-" + max(gpu.mig.profiles, key=len, default="")
            if gpu.sharing and not label.endswith("-SHARED"):
                label += "-SHARED"
            if gpu.product and len(label) > _LONGEST_LABEL:
                yield Finding(f"/gpus/models/{gpu.name}/product", f"`{label}`, {len(label)} characters")

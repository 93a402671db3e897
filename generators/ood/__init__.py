"""Open OnDemand: the interactive app that starts notebooks on a Slurm pool (batch_connect, template `basic`).

`choices` works out what users may ask of the pool and in which images, `form` makes the form of it as data; the
templates are those that Open OnDemand's dashboard renders when a user presses the button. README.md says where the
files belong.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from afspec.facility.common import by_name
from afspec.facility.jupyter import JupyterKind, OnDemand
from afspec.generators import Artifact, Format, Generator
from afspec.generators.custom_images import LONGEST

from .choices import Choices
from .cluster import cluster
from .form import form, manifest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from afspec.facility import Facility
    from afspec.facility.batch import SlurmPool
    from afspec.facility.jupyter import Jupyter

__all__ = ["Ood"]

_SCRIPTS = ("before.sh", "script.sh", "after.sh")


class Ood(Generator):
    """An app of Open OnDemand that starts notebooks on Slurm."""

    name: ClassVar[str] = "ood"

    def applies(self, facility: Facility) -> bool:
        """Where Open OnDemand is offered, on a Slurm pool that is too, and there is something to run."""
        return any(True for _ in _apps(facility))

    def render(self, facility: Facility) -> Iterator[Artifact]:
        """The files of each app, in ood/APP, and the definitions of their clusters, each once."""
        clusters: set[str] = set()
        for jupyter, pool, choices in _apps(facility):
            app = jupyter.ondemand or OnDemand()
            folder = f"ood/{app.app}"
            title = jupyter.title or "Jupyter"
            name = app.cluster or pool.name
            if name not in clusters:
                clusters.add(name)
                about = f"{facility.title}: the cluster {name} of Open OnDemand"
                yield self.yaml(f"ood/clusters.d/{name}.yml", cluster(facility, pool, app), about)
            yield self.yaml(
                f"{folder}/manifest.yml",
                manifest(facility, title),
                f"{facility.title}: {title}, an app of Open OnDemand",
            )
            about = f"The form of {title}, {facility.title}"
            yield _as_erb(self.yaml(f"{folder}/form.yml.erb", form(name, choices), about))
            values: dict[str, Any] = {
                "facility": facility,
                "choices": choices,
                "title": title,
                "origin": _origin(jupyter),
                "longest": LONGEST,
                "images": [choice.value for choice in choices.images],
                "has_images": choices.policy is not None or any(choice.places for choice in choices.images),
            }
            yield self.template("submit.yml.erb.j2", f"{folder}/submit.yml.erb", Format.ERB, **values)
            for script in _SCRIPTS:
                yield self.template(
                    f"{script}.erb.j2",
                    f"{folder}/template/{script}.erb",
                    Format.ERB,
                    executable=script == "script.sh",
                    **values,
                )
            yield self.template("view.html.erb.j2", f"{folder}/view.html.erb", Format.ERB, **values)


def _apps(facility: Facility) -> Iterator[tuple[Jupyter, SlurmPool, Choices]]:
    """The ways to a notebook that are such apps, each with its pool."""
    for jupyter in facility.jupyter:
        if jupyter.kind is not JupyterKind.OPEN_ONDEMAND or not jupyter.offered:
            continue
        pools = facility.slurm_pools
        pool = by_name(pools, jupyter.pool) if jupyter.pool else next(iter(pools), None)
        if pool is None:
            continue
        choices = Choices.of(facility, jupyter, pool)
        if choices.images and choices.partitions:
            yield jupyter, pool, choices


def _as_erb(artifact: Artifact) -> Artifact:
    """A file without Ruby code as a template: whatever could be taken for a tag of ERB is text."""
    return artifact._replace(text=artifact.text.replace("<%", "<%%"), format=Format.ERB)


def _origin(jupyter: Jupyter) -> str | None:
    """Scheme and host of the dashboard, from which browsers talk to the notebook."""
    return "/".join(jupyter.url.split("/")[:3]) if jupyter.url and "<" not in jupyter.url else None

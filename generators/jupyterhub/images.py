"""Images that sessions run in: which ones a hub takes under the site's policy.

What starts a server in one is the batch system's (`slurm`, `condor`). It is the image's own server where that has one
for batch jobs, else the hub's, whose folder the container must see.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from afspec.generators.custom_images import LONGEST, Policy

if TYPE_CHECKING:
    from afspec.facility import Facility
    from afspec.facility.jupyter import Jupyter

# Whether an image has the server of a batch job. What runs there is batchspawner-singleuser, jupyterhub-singleuser and
# the options of both, which the hub gives with its own folder.
HAS_SERVER = "command -v batchspawner-singleuser >/dev/null && command -v jupyterhub-singleuser >/dev/null"
SERVER = "batchspawner-singleuser jupyterhub-singleuser"


class Images(NamedTuple):
    """What the template writes down."""

    custom: bool
    named: dict[str, str]
    policy: Policy

    @property
    def longest(self) -> int:
        """Characters of a request, at most."""
        return LONGEST


def images(facility: Facility, jupyter: Jupyter) -> Images | None:
    """What sessions of a hub may run in; None where they run in no image."""
    there = facility.images
    custom = bool(jupyter.custom_image)
    if there is None or not there.offered or not (custom or any(profile.image for profile in jupyter.profiles)):
        return None
    return Images(custom, {image.name: image.reference for image in there.named}, Policy.of(there))

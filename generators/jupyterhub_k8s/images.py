"""Images that users choose among, as the site's policy has it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from afspec.facility.dns import dns_label
from afspec.facility.words import REFERENCE
from afspec.generators.images import pull_reference, site_images

from .words import html

if TYPE_CHECKING:
    from afspec.facility import Facility
    from afspec.facility.images import Images
    from afspec.facility.jupyter import Jupyter, Profile

# KubeSpawner asks re.match, and the form the browser, which takes a dash inside brackets for itself only after a
# backslash. What follows is never anything, not even a line's end.
_REFERENCE = REFERENCE.pattern.removesuffix(r"\Z").replace("-]", r"\-]")
REGEX = rf"^(?:{_REFERENCE})(?![\s\S])"
_A_CHOICE = 2


def image_choice(
    facility: Facility, jupyter: Jupyter, profile: Profile | None
) -> tuple[dict[str, Any], dict[str, Any]]:
    """What a profile says of its image: a trait where there is one image alone, else an entry of profile_options."""
    known, there = site_images(facility), facility.images
    own = profile.image if profile else None
    if own and own not in known.values() and (there is None or there.policy != "allow_list"):
        known = {own.rpartition("/")[2]: own, **known}
    if own in known.values():
        known = dict(sorted(known.items(), key=lambda item: item[1] != own))
    free = there is not None and _free(there, jupyter)
    if own in known.values() and not (free or jupyter.custom_image):
        return {"image": pull_reference(str(own))}, {}
    if len(known) < _A_CHOICE and not free:
        return {}, {}
    return {}, {"image": _option(known, free=free)}


def _option(known: dict[str, str], *, free: bool) -> dict[str, Any]:
    choices: dict[str, Any] = {}
    for title, reference in known.items():
        override = {"image": pull_reference(reference)}
        choices[dns_label(title)] = {"display_name": html(title), "kubespawner_override": override}
    # KubeSpawner wants a choice to fall back on.
    choices = choices or {"usual": {"display_name": "The usual one", "kubespawner_override": {}}}
    next(iter(choices.values()))["default"] = True
    option: dict[str, Any] = {"display_name": "Image", "choices": choices}
    if free:
        option["unlisted_choice"] = {
            "enabled": True,
            "display_name": "Image",
            "display_name_in_choices": "Another image...",
            "validation_regex": REGEX,
            "validation_message": "A reference: registry/repository:tag",
            "kubespawner_override": {"image": "{value}"},
        }
    return option


def _free(images: Images, jupyter: Jupyter) -> bool:
    """Whether users may name images of their own; folders of CVMFS are none that a cluster can start."""
    custom = images.policy == "any" if jupyter.custom_image is None else jupyter.custom_image
    return images.offered and images.policy in {None, "any"} and custom

"""The Analysis Grand Challenge at a site: settings for upstream's code and for `afspec agc run`, and its file list.

`site` says what the site has, `upstream` puts that into the keys of upstream's own configuration; rewrite_inputs.py,
which needs nothing but Python, exchanges the addresses of a file list for those that work at the site.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from afspec.generators import Artifact, Format, Generator
from afspec.generators.inputs import first_cache, rewrites
from afspec.generators.quoting import one_line

from .site import copies, settings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from afspec.facility import Facility

__all__ = ["Agc"]


class Agc(Generator):
    """The AGC's settings at the site, and a script that rewrites its file list."""

    name: ClassVar[str] = "agc"

    def applies(self, facility: Facility) -> bool:
        """Where the spec says something of it, unless it says no."""
        agc = facility.agc
        return agc is not None and (agc.stance is None or agc.offered)

    def render(self, facility: Facility) -> Iterator[Artifact]:
        """`agc/site.yaml` and `agc/rewrite_inputs.py`."""
        about = f"The Analysis Grand Challenge at {facility.title}: for `afspec agc run --site`, and for upstream's own"
        yield self.yaml("agc/site.yaml", settings(facility), about)
        door = first_cache(facility)
        yield self.template(
            "rewrite_inputs.py.j2",
            "agc/rewrite_inputs.py",
            Format.PYTHON,
            executable=True,
            title=one_line(facility.title),
            rewrites=tuple(tuple(rule) for rule in rewrites(facility)),
            door=door.door if door else "",
            source_port=bool(door and door.source_port),
            copies=copies(facility),
        )

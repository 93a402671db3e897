"""A page for the users of a site: what it offers, how firmly, and the commands to paste.

`page` reads the spec and holds what the sections show; `doors` and `tables` lay out one table a topic, `glance` the
first of them; `problems` knows what goes wrong and what prevents it, `evidence` where each fact was published;
`layout` is Markdown itself. The text is in templates/sections, one file a section, each only where the spec has its
facts.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from afspec.generators import Artifact, Format, Generator

from .page import Page

if TYPE_CHECKING:
    from collections.abc import Iterator

    from afspec.facility import Facility

__all__ = ["Docs"]


class Docs(Generator):
    """A page for users: what is offered, how to log in, submit, store, and what to watch out for."""

    name = "docs"

    def applies(self, facility: Facility) -> bool:  # noqa: ARG002 - every facility has users
        """Always: even that little was declared is worth knowing."""
        return True

    def render(self, facility: Facility) -> Iterator[Artifact]:
        """`docs/index.md`."""
        made = self.template("index.md.j2", "docs/index.md", Format.MARKDOWN, facility=facility, page=Page(facility))
        # Sections without facts leave blank lines behind.
        yield made._replace(text=re.sub(r"\n{3,}", "\n\n", made.text).strip("\n") + "\n")

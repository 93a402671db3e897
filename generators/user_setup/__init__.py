"""What users source on login nodes, in sessions and in jobs, so that the site's settings need no copying.

`facts.py` reads the spec once; templates/setup.sh.j2 strings together one part a reason (templates/parts), each
only where the spec has its facts.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from afspec.generators import Artifact, Format, Generator

from .facts import Facts

if TYPE_CHECKING:
    from collections.abc import Iterator

    from afspec.facility import Facility

__all__ = ["UserSetup"]


class UserSetup(Generator):
    """A setup script for users, the text that starts Jupyter in an image, and a check of input files."""

    name = "user-setup"

    def applies(self, facility: Facility) -> bool:  # noqa: ARG002 - every facility has users
        """Always: even a bare site has a proxy to keep and storage to name."""
        return True

    def render(self, facility: Facility) -> Iterator[Artifact]:
        """`setup.sh`, `check_inputs.py`, and `jupyter.sh` where users choose their image by pasting a function."""
        facts = Facts(facility)
        yield self.template("setup.sh.j2", "user-setup/setup.sh", Format.SHELL, facility=facility, facts=facts)
        yield self.template("check_inputs.py.j2", "user-setup/check_inputs.py", Format.PYTHON, executable=True)
        if facts.paste_in and facts.apptainer:
            yield self.template("jupyter.sh.j2", "user-setup/jupyter.sh", Format.SHELL, facility=facility, facts=facts)

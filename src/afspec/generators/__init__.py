"""What a generator is, and where generators are found.

The interface lives here; each generator is a folder of the top-level `generators/` in a checkout, and a
sub-package of this one in an installed afspec. Either way it is imported as afspec.generators.NAME: in a
checkout this package's path is extended by the folder beside pyproject.toml.
"""

from pathlib import Path

_CHECKOUT = Path(__file__).resolve().parents[3]
if (_CHECKOUT / "pyproject.toml").is_file() and (_CHECKOUT / "generators").is_dir():
    __path__.append(str(_CHECKOUT / "generators"))

from afspec.generators.artifact import Artifact, Format  # noqa: E402 - the path comes first
from afspec.generators.interface import Chart, Generator  # noqa: E402
from afspec.generators.registry import all_generators  # noqa: E402

__all__ = ["Artifact", "Chart", "Format", "Generator", "all_generators"]

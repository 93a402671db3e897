"""Programs for the far side: sent to a session's kernel or Python and run there, never imported here.

They run in whatever Python users have there, need nothing of this project, and print one line of JSON. What they are
told is in `AFSPEC`, which `program` puts before their text.
"""

from __future__ import annotations

import json
from importlib.resources import files
from typing import Any


def program(*names: str, **told: Any) -> str:
    """The text of a program, in one or more parts, with what it is told."""
    text = "\n\n".join(files(__name__).joinpath(f"{name}.py.txt").read_text(encoding="utf-8") for name in names)
    # A string within a string: JSON's true and null are no Python.
    return f"import json\nAFSPEC = json.loads({json.dumps(told)!r})\n{text}"

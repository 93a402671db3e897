"""Why a line of an output is as it is, and what a value of a spec reaches: found by asking "what if".

`reads` finds which values a generator looks at, `alternatives` what else each could be, `counterfactual` renders the
files once more with that, and `changes` tells which lines are no longer there. Nothing here matches strings, and
nothing knows a generator or a field by name.
"""

from afspec.explain.asdata import file_data, pointer_data
from afspec.explain.session import explain_file, explain_pointer
from afspec.explain.text import file_text, pointer_text

__all__ = ["explain_file", "explain_pointer", "file_data", "file_text", "pointer_data", "pointer_text"]

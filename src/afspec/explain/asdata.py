"""Answers for scripts: everything that is known, also what the text leaves out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from afspec.explain.facts import cause_data, value_of

if TYPE_CHECKING:
    from afspec.explain.session import FileAnswer, PointerAnswer


def file_data(answer: FileAnswer) -> dict[str, Any]:
    """The answer about some lines of an output."""
    return {
        "file": answer.file,
        "spec": answer.spec.path,
        "generator": answer.generator,
        "notes": answer.notes,
        "lines": [
            {"line": line.number, "text": line.text, "causes": [cause_data(answer.spec, c) for c in line.causes]}
            for line in answer.lines
        ],
    }


def pointer_data(answer: PointerAnswer) -> dict[str, Any]:
    """The answer about a pointer; `how` is that of each line: text, layout or file."""
    return {
        "spec": answer.spec.path,
        "pointer": answer.pointer,
        "values": [value_of(answer.spec, leaf).data() for leaf in answer.leaves],
        "read_by": answer.readers,
        "reaches": [
            {
                "generator": found.generator,
                "file": found.path,
                "lines": [
                    {"line": line, "text": answer.texts[found.path][line - 1], "how": how.value}
                    for line, how in found.lines.items()
                ],
                "decides_that_it_is_there": found.gone,
                "adds": found.adds,
            }
            for found in answer.reached
        ],
    }

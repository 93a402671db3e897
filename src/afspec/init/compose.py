"""From answers to a spec: the sections that were answered, a note above each, and examples of what to add next."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from afspec.init.layout import Marked, known, lines
from afspec.init.resources import batch, dask, gpus, images, jupyter, orchestration, software
from afspec.init.users import access, logins, services, sources, storage

if TYPE_CHECKING:
    from collections.abc import Mapping

_HEADER = """\
# What this facility promises. A key that is left out says nothing, which is never a no; `stance: not_promised` is.
# A # with one space after it begins a remark. Every other # marks an example: take it out, and the example holds.
# docs/language.md has the whole language.
"""


def _who(name: str, answers: Mapping[str, Any], extends: tuple[str, ...]) -> dict[str, Any]:
    return known(
        afspec=1,
        name=name,
        title=answers.get("title", name),
        organisation=answers.get("organisation"),
        declared_by=answers.get("declared_by", "site"),
        extends=list(extends) or None,
        contact=answers.get("contact"),
        docs=answers.get("docs"),
    )


def compose(name: str, answers: Mapping[str, Any], schema: str, extends: tuple[str, ...] = ()) -> str:
    """The text of a spec.

    Args:
        name: the facility's short name.
        answers: what `check` let pass, by the questions' keys; what is absent is not known.
        schema: where the language's schema is, from the file.
        extends: bases, from the file.
    """
    who = _who(name, answers, extends)
    sections = {
        "access": access(answers),
        "batch": batch(answers),
        "orchestration": orchestration(answers),
        "gpus": gpus(answers),
        "software": software(answers),
        "images": images(answers),
        "jupyter": jupyter(answers),
        "dask": dask(answers),
        "storage": storage(answers),
        "services": services(answers),
        "logins": logins(answers),
    }
    written = [key for key in who if key in {"title", "organisation", "contact", "docs"}]
    written += [key for key, section in sections.items() if not isinstance(section.value, Marked)]
    sections["sources"] = sources(answers, written)
    text = [f"# yaml-language-server: $schema={schema}", _HEADER.rstrip(), *lines(who)]
    for key, section in sections.items():
        text += ["", *lines({key: section})]
    return "\n".join(text) + "\n"

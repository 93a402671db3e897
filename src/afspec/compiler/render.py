"""Plan and render: which generators apply, and the files they make. Pure."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from afspec.compiler.lock import LOCK_NAME
from afspec.compiler.verify import problem_of
from afspec.diagnostics import CODES, AfspecError, Diagnostic, Severity

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from afspec.facility import Facility
    from afspec.generators import Artifact, Generator


def _error(code: str, message: str, place: str) -> Diagnostic:
    return Diagnostic(code, Severity.ERROR, message, hint=CODES[code].advice, place=place)


def _where(error: Exception) -> str:
    """File and line that raised, for whoever mends the generator; lines of templates are told as such."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return f"{trace.tb_frame.f_code.co_filename}:{trace.tb_lineno}" if trace else ""


def _run(generator: Generator, facility: Facility) -> list[Artifact]:
    """One generator's files; whatever it raises becomes AF4001, never a traceback."""
    try:
        return list(generator.render(facility)) if generator.applies(facility) else []
    except Exception as error:
        message = f"generator {generator.name} failed: {type(error).__name__}: {error}"
        raise AfspecError([_error("AF4001", message, _where(error))]) from error


def render(facility: Facility, generators: Iterable[Generator]) -> Mapping[str, list[Artifact]]:
    """The files of each generator by its name, verified; a generator that does not apply has none.

    Raises:
        AfspecError: AF4001, AF4002 or AF4003, all of them in one pass.
    """
    problems: list[Diagnostic] = []
    rendered: dict[str, list[Artifact]] = {}
    owners = {LOCK_NAME: "afspec"}
    for generator in generators:
        try:
            rendered[generator.name] = _run(generator, facility)
        except AfspecError as error:
            problems += error.diagnostics
            continue
        for artifact in rendered[generator.name]:
            owner = owners.setdefault(artifact.path, generator.name)
            if owner != generator.name or sum(a.path == artifact.path for a in rendered[generator.name]) > 1:
                message = f"{owner} and {generator.name} both write {artifact.path}"
                problems.append(_error("AF4003", message, artifact.path))
            if problem := problem_of(artifact):
                code = "AF4004" if problem.startswith("path") else "AF4002"
                problems.append(_error(code, f"{artifact.path}: {problem}", artifact.path))
    for path, owner in owners.items():
        for folder in map(str, PurePosixPath(path).parents[:-1]):
            if folder in owners:
                message = f"{owners[folder]} writes the file {folder}, {owner} the file {path} below it"
                problems.append(_error("AF4003", message, folder))
    if problems:
        raise AfspecError(problems)
    return rendered

"""Jinja2 as generators use it: undefined names are errors, and every value is quoted for the file's format."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from afspec.facility.quantities import format_bytes, format_duration, mebibytes, slurm_time
from afspec.generators import quoting
from afspec.generators.artifact import Format
from afspec.generators.bytecode import bytecode_cache

if TYPE_CHECKING:
    from collections.abc import Callable

_QUOTING: dict[Format, Callable[[Any], str]] = {
    Format.SHELL: quoting.shell,
    Format.INI: quoting.ini,
    Format.MARKDOWN: quoting.markdown,
    Format.TEXT: quoting.ini,
    Format.PYTHON: quoting.python,
    Format.ERB: quoting.erb,
}
_FILTERS: dict[str, Callable[..., Any]] = {
    "raw": quoting.Raw,
    "comment": quoting.comment,
    "sh": lambda value: quoting.Raw(quoting.shell(value)),
    "shell_path": quoting.shell_path,
    "shell_list": quoting.shell_list,
    "condor_path": quoting.condor_path,
    "classad": quoting.classad,
    "code": quoting.code,
    "ruby": quoting.ruby,
    "size": format_bytes,
    "duration": format_duration,
    "mebibytes": mebibytes,
    "slurm_time": slurm_time,
}


@cache
def environment(folder: str, form: Format) -> Environment:
    """The environment for templates in `folder` that become files of a format."""
    quote = _QUOTING[form]

    def finalize(value: Any) -> str:
        # An undefined value must reach StrictUndefined's own error, and None is never meant to be printed.
        if value is None:
            raise ValueError("a template printed a value that the spec leaves out")
        return quote(value)

    env = Environment(
        loader=FileSystemLoader(folder),
        undefined=StrictUndefined,
        finalize=finalize,
        autoescape=False,  # noqa: S701 - not HTML: `finalize` quotes for the format at hand
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        auto_reload=False,
        bytecode_cache=bytecode_cache(form),
        optimized=False,  # there are no constants to fold, and looking for them makes a cold start slower
    )
    env.filters.update(_FILTERS)
    return env

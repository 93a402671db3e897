"""bash and shellcheck, on scripts that are wrong in ways that only one of them sees."""

from __future__ import annotations

from verify_support import ask, compiled, found

from afspec.verify import Compiled, State
from afspec.verify.checks.shell import scripts

HEAD = "#!/bin/bash\n"


def test_bash_finds_what_does_not_end() -> None:
    files = {"a.sh": HEAD + "if true; then\n", "b.sh": HEAD + "true\n"}
    assert found("bash", files) == [("a.sh", 3, "syntax error: unexpected end of file")]


def test_shellcheck_finds_what_bash_accepts() -> None:
    files = {"a.sh": HEAD + "rm $1\n"}
    assert found("bash", files) == []
    (only,) = ask("shellcheck", files).findings
    assert (only.path, only.line, only.column) == ("a.sh", 2, 4)
    assert only.message.startswith("SC2086: ")


def test_settings_of_shellcheck_do_not_hide_anything() -> None:
    """Neither the user's nor the folder's own."""
    assert found("shellcheck", {"a.sh": HEAD + "rm $1\n", ".shellcheckrc": "disable=SC2086\n"})


def test_scripts_are_told_by_name_or_first_line() -> None:
    files = {"a.sh": "true\n", "b": HEAD, "c.py": "#!/usr/bin/env python3\n", "d.sh.erb": HEAD}
    assert scripts(Compiled.of_texts("toy", files)) == ["a.sh", "b"]


def test_compiled_scripts_are_fine() -> None:
    files = compiled("slac-2023")
    assert ask("bash", files).state is State.FINE

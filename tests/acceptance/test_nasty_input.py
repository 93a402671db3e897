"""Input that was made to hurt: every file ends in diagnostics or success, never in a traceback or out of memory."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner
from support import HEAD

from afspec.cli import cli

if TYPE_CHECKING:
    from collections.abc import Callable

DEEP = 10_000
BOMB = HEAD + "x: &a0 [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"y{n}: &a{n + 1} [{', '.join([f'*a{n}'] * 10)}]\n" for n in range(12)
)  # fmt: skip
CHAIN = HEAD + "z:\n- &a0 1\n" + "".join(f"- &a{n + 1} {'[' * 25}*a{n}{']' * 25}\n" for n in range(34))

TEXTS: dict[str, str | bytes] = {
    "empty": b"",
    "blank": b" \n\n",
    "comments": "# nothing\n",
    "NUL": HEAD.encode() + b"label: a\0b\n",
    "UTF-16": HEAD.encode("utf-16"),
    "UTF-32": HEAD.encode("utf-32"),
    "latin-1": HEAD.encode() + "label: é\n".encode("latin-1"),
    "surrogates in UTF-8": HEAD.encode() + b"label: \xed\xa0\x80\n",
    "overlong UTF-8": HEAD.encode() + b"label: \xc0\xaf\n",
    "a program": Path(sys.executable).read_bytes()[:4096],
    "half a megabyte of noise": os.urandom(0) + bytes(range(256)) * 2048,
    "list": "- afspec: 1\n",
    "word": "afspec\n",
    "null": "~\n",
    "two documents": HEAD + "---\n" + HEAD,
    "tabs": HEAD + "access:\n\tssh: {}\n",
    "billion laughs": BOMB,
    "deep aliases": CHAIN,
    "self-reference": HEAD + "access: &a {ssh: *a}\n",
    "undefined alias": HEAD + "access: *nothing\n",
    "merge key": HEAD + "access: &a {}\nx: {<<: *a}\n",
    "deep flow lists": HEAD + "x: " + "[" * DEEP + "]" * DEEP,
    "deep flow maps": HEAD + "x: " + "{a: " * DEEP + "}" * DEEP,
    "deep block lists": HEAD + "x:\n" + "- " * DEEP + "a\n",
    "deep block maps": HEAD + "".join(" " * n + "a:\n" for n in range(1300)),
    "Python object": HEAD + 'x: !!python/object/apply:os.system ["touch pwned"]\n',
    "Python module": HEAD + "x: !!python/module:os.system\n",
    "binary tag": HEAD + "label: !!binary aGVsbG8=\n",
    "complex key": HEAD + "? {a: b}\n: c\n",
    "list key": HEAD + "? [a]\n: c\n",
    "numbers as keys": HEAD + "1: a\n2.5: b\ntrue: c\n~: d\n",
    "duplicate keys": HEAD + HEAD,
    "many errors": HEAD + "logins: [" + "1," * 5000 + "]\n",
    "many unknown keys": HEAD + "access: {" + ",".join(f"key{n}: 1" for n in range(2000)) + "}\n",
    "long line": HEAD + "lable: " + "x" * 500_000 + "\n",
    "long key": HEAD + "x" * 1000 + ": 1\n",
    "huge number": HEAD + "batch: [{name: a, scheduler: slurm, nodes: " + "9" * 5000 + "}]\n",
    "infinity": HEAD + "sources: {/name: {doc: d, conflict: {value: 1e999, doc: d}}}\n",
    "path in the name": HEAD.replace("toy", "../../toy"),
    "escape in the name": HEAD.replace("toy", '"\\e[31mtoy"'),
    "escape in a key": HEAD + '"\\e[2J\\a": 1\n',
    "template in the title": HEAD.replace("A toy", "'{{ 7*7 }}'"),
    "ERB in the title": HEAD.replace("A toy", "<%= `id` %>"),
    "shell in the title": HEAD.replace("A toy", "'$(touch pwned) `touch pwned`'"),
    "right-to-left": HEAD.replace("A toy", '"a\\u202eb"'),
    "extends itself": HEAD + "extends: toy.yaml\n",
    "extends a device": HEAD + "extends: /dev/zero\n",
    "extends /etc/passwd": HEAD + "extends: /etc/passwd\n",
    "extends a NUL": HEAD + 'extends: "a\\0b"\n',
    "extends a map": HEAD + "extends: {a: b}\n",
    "sources to nowhere": HEAD + "sources: {/no/such/thing: {doc: d}, '': {doc: d}, no slash: {doc: d}}\n",
    "YAML directive": "%YAML 9.9\n---\n" + HEAD,
    "tag directive": "%TAG ! tag:evil,2000:\n---\n" + HEAD + "label: !x y\n",
    "byte order mark twice": b"\xef\xbb\xbf\xef\xbb\xbf" + HEAD.encode(),
}


def check(*arguments: str) -> tuple[int, str]:
    """Exit code and all output of a command that must not fail in a way that it does not know."""
    done = CliRunner().invoke(cli, [*arguments, "--as-of", "2026-11-22"])
    assert done.exception is None or isinstance(done.exception, SystemExit), repr(done.exception)
    assert "Traceback" not in done.output
    assert all(c.isprintable() or c in "\n\t" for c in done.output)
    return done.exit_code, done.output


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
@pytest.mark.parametrize("command", ["validate", "compile", "matrix", "targets"])
def test_nasty_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str | bytes, command: str) -> None:
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "toy.yaml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    code, output = check(command, "toy.yaml")
    if code == 0:  # what is only strange is fine
        assert "error" not in output
    else:
        assert code == 1
        assert "error[AF" in output
        assert "error[AF9" not in output
    assert {entry.name for entry in tmp_path.iterdir()} <= {"toy.yaml", "build"}
    assert not (tmp_path / "pwned").exists()


@pytest.mark.parametrize("form", ["json", "github"])
@pytest.mark.parametrize("text", [TEXTS["escape in a key"], TEXTS["latin-1"], TEXTS["empty"], TEXTS["duplicate keys"]])
def test_nasty_file_for_scripts(tmp_path: Path, text: str | bytes, form: str) -> None:
    path = tmp_path / "toy.yaml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    code, output = check("validate", str(path), "--format", form)
    assert code == 1
    if form == "json":
        assert json.loads(output)
    else:
        assert all(line.startswith("::") for line in output.splitlines())


def a_folder(path: Path) -> None:
    path.mkdir()


def a_circle(path: Path) -> None:
    path.symlink_to(path)


def a_dangling_link(path: Path) -> None:
    path.symlink_to("nowhere")


def a_huge_file(path: Path) -> None:
    path.touch()
    os.truncate(path, 100_000_000)


@pytest.mark.parametrize("make", [a_folder, os.mkfifo, a_circle, a_dangling_link, a_huge_file])
def test_nasty_kind_of_file(tmp_path: Path, make: Callable[[Path], None]) -> None:
    make(tmp_path / "toy.yaml")
    code, output = check("validate", str(tmp_path / "toy.yaml"))
    assert code == 1
    assert "error[AF000" in output


@pytest.mark.parametrize("name", ["\udcff.yaml", "a\nb.yaml", "\x1b[31m.yaml", "-x.yaml", "a b.yaml", "é.yaml"])
@pytest.mark.parametrize("text", [HEAD, "- 1\n"])
def test_nasty_name_of_a_file(tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / name).write_text(text)
    script = Path(sys.executable).with_name("afspec")
    done = subprocess.run(
        [script, "validate", "--as-of", "2026-11-22", "--", tmp_path / name], capture_output=True, check=False
    )
    shown = (done.stdout + done.stderr).decode()
    assert done.returncode == (0 if text == HEAD else 1), shown
    assert "Traceback" not in shown
    assert all(c.isprintable() or c in "\n\t" for c in shown)


def test_little_memory_is_enough_for_the_worst(tmp_path: Path) -> None:
    path = tmp_path / "toy.yaml"
    path.write_text(BOMB)

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_AS, (400 << 20, 400 << 20))

    script = Path(sys.executable).with_name("afspec")
    done = subprocess.run([script, "validate", path], capture_output=True, text=True, preexec_fn=limit, check=False)
    assert done.returncode == 1, done.stderr
    assert "error[AF0010]" in done.stderr

"""A machine that is not there: absolute paths lead into a folder, secrets are made up, and nothing else is touched."""

from __future__ import annotations

import ast
import builtins
import io
import os
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_SECRET = "0123456789abcdef" * 4
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_TRUNC
_REFUSED = ("subprocess.Popen", "os.system", "os.exec", "os.posix_spawn", "os.fork", "socket.bind", "socket.connect")
_CHANGING = ("os.mkdir", "os.rename", "os.remove", "os.rmdir", "os.chmod", "os.chown", "os.link", "os.symlink")


class Elsewhere:
    """The folder that stands for the machine's root; while `inventing`, files that are read and not there are made."""

    def __init__(self, folder: str) -> None:
        self.folder = folder
        self.root = f"{folder}/own/machine"
        self.inventing = False
        self.guarding = False
        self._exists = os.path.lexists
        self._makedirs = os.makedirs

    def place(self, path: Any, *, write: bool = False, read: bool = False) -> Any:
        """Where a path leads: elsewhere, unless it is relative, of the folder, or there and only looked at."""
        text = os.fspath(path) if isinstance(path, (str, os.PathLike)) else None
        if not isinstance(text, str) or not text.startswith("/") or text.startswith((self.folder, "/dev/", "/proc/")):
            return path
        moved = self.root + text
        if self._exists(moved):
            return moved
        if write and self.inventing:
            Path(moved).parent.mkdir(parents=True, exist_ok=True)
            return moved
        if read and self.inventing and not self._exists(text):
            Path(moved).parent.mkdir(parents=True, exist_ok=True)
            Path(moved).write_text(_SECRET + "\n")
            Path(moved).chmod(0o600)
            return moved
        return path

    def divert(self) -> None:
        """Lead paths elsewhere, and from now on refuse what `guarding` refuses."""
        for module in (builtins, io):
            setattr(module, "open", self._open(open))  # noqa: B010 - modules are not known to have it
        os.open = self._os_open(os.open)
        for name, write in (("stat", False), ("lstat", False), ("access", False), ("mkdir", True), ("chmod", True)):
            setattr(os, name, self._first(getattr(os, name), write=write))
        sys.addaudithook(self._guard)

    def _open(self, real: Callable[..., Any]) -> Callable[..., Any]:
        def opened(file: Any, mode: str = "r", *args: Any, **more: Any) -> Any:
            write = bool(set(mode) & set("wax+"))
            return real(self.place(file, write=write, read=not write), mode, *args, **more)

        return opened

    def _os_open(self, real: Callable[..., Any]) -> Callable[..., Any]:
        def opened(path: Any, flags: int, *args: Any, **more: Any) -> Any:
            write = bool(flags & _WRITING)
            return real(self.place(path, write=write, read=not write), flags, *args, **more)

        return opened

    def _first(self, real: Callable[..., Any], *, write: bool) -> Callable[..., Any]:
        def called(path: Any, *args: Any, **more: Any) -> Any:
            return real(self.place(path, write=write), *args, **more)

        return called

    def _guard(self, event: str, args: Any) -> None:
        if not self.guarding:
            return
        if event in _REFUSED:
            raise PermissionError(f"{event} is not for a configuration that is only read")
        changes = event in _CHANGING or (event == "open" and isinstance(args[2], int) and args[2] & _WRITING)
        if changes and isinstance(args[0], str) and args[0].startswith("/"):
            if not args[0].startswith((self.folder, "/dev/null")):
                raise PermissionError(f"{event} of {args[0]} is not for a configuration that is only read")

    @contextmanager
    def reading(self) -> Iterator[None]:
        """While a configuration is executed."""
        self.inventing = True
        with self.settling():
            yield
        self.inventing = False

    @contextmanager
    def settling(self) -> Iterator[None]:
        """While a program makes itself ready by it."""
        before, self.guarding = self.guarding, True
        try:
            yield
        finally:
            self.guarding = before


def invent_environment(tree: ast.AST) -> None:
    """Give every variable a value that a configuration takes from the environment for granted."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Subscript) and isinstance(node.value, ast.Attribute) and node.value.attr == "environ":
            if isinstance(node.slice, ast.Constant) and isinstance(node.slice.value, str):
                os.environ.setdefault(node.slice.value, _SECRET)


def line_of(error: BaseException, path: str) -> int:
    """The last line of a file that an error came through; 0 where it never was there."""
    found = 0
    trace = error.__traceback__
    while trace:
        if trace.tb_frame.f_code.co_filename == path:
            found = trace.tb_lineno
        trace = trace.tb_next
    if isinstance(error, SyntaxError) and error.filename == path:
        found = error.lineno or 0
    return found


def lacking(error: BaseException) -> str:
    """The package that is not installed here, where that is the reason of an error; else nothing."""
    seen: BaseException | None = error
    while seen is not None:
        if isinstance(seen, ModuleNotFoundError) and seen.name:
            return seen.name.partition(".")[0]
        seen = seen.__cause__ or seen.__context__
    return ""


def told(error: BaseException) -> str:
    """An error on one line."""
    return f"{type(error).__name__}: {' '.join(str(error).split())}"

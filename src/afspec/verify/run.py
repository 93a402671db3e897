"""Making the checks: two at a time, each in a temporary folder of its own, of which nothing is left."""

from __future__ import annotations

import shutil
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from afspec.verify import memory
from afspec.verify.bench import Bench, Running, ToolError
from afspec.verify.check import Finding, NotCheckedError, Skipped
from afspec.verify.registry import all_checks
from afspec.verify.report import Report, State, Verdict

if TYPE_CHECKING:
    from collections.abc import Sequence

    from afspec.verify.check import Check
    from afspec.verify.compiled import Compiled
    from afspec.verify.tools import Located

_AT_A_TIME = 2


class Watcher(Protocol):
    """Hears how far the checks are; from several threads."""

    def starting(self, check: str) -> None:
        """A tool is asked."""

    def ended(self, check: str) -> None:
        """It answered, or did not."""


class _Nobody:
    def starting(self, check: str) -> None:
        """Nothing is done with it."""

    def ended(self, check: str) -> None:
        """Nothing is done with it."""


def verify(
    site: Compiled, checks: Sequence[Check] | None = None, watcher: Watcher | None = None, *, static: bool = False
) -> Report:
    """Have the files of a site checked by all checks that are about some of them, or by those that are given.

    Args:
        site: the files.
        checks: the checks to make; all by default.
        watcher: is told how far it is.
        static: whether checks that execute what they check are left out, and those whose tool is not here as well.
    """
    chosen = [(check, files) for check in checks or all_checks() if (files := check.files(site))]
    if static:
        chosen = [(check, files) for check, files in chosen if check.static and check.tool.locate()]
    running = Running()
    folder = Path(tempfile.mkdtemp(prefix="afspec-verify-"))
    # As the user that a root's tools run as must get to what is below it.
    folder.chmod(0o711)
    pool = ThreadPoolExecutor(_AT_A_TIME)
    try:
        one = _Round(site, folder, running, watcher or _Nobody())
        futures = [pool.submit(one.check, check, files) for check, files in chosen]
        return Report(site, tuple(future.result() for future in futures))
    finally:
        running.stop()
        pool.shutdown(cancel_futures=True)
        shutil.rmtree(folder, ignore_errors=True)


class _Round:
    """All checks of one site."""

    def __init__(self, site: Compiled, folder: Path, running: Running, watcher: Watcher) -> None:
        self.site = site
        self.folder = folder
        self.running = running
        self.watcher = watcher

    def check(self, check: Check, files: list[str]) -> Verdict:
        """Recall what came of a check, or make it."""
        tool = check.tool.locate()
        if tool is None:
            return self._unchecked(check, files, f"needs {check.tool.needs}")
        key = memory.key_of(check, tool, self.site, files)
        came = memory.recall(key)
        if came is not None:
            return self._verdict(check, files, came, tool, remembered=True)
        self.watcher.starting(check.name)
        folder = self.folder / check.name
        try:
            folder.mkdir()
            folder.chmod(0o755)
            bench = Bench(folder, tool, self.running, apart=check.apart)
            bench.lay_out(self.site, sorted({*files, *check.beside(self.site)}), check.probes)
            came = list(check.run(bench, self.site, files))
        except (NotCheckedError, ToolError) as error:
            # That a tool gave up says nothing about the files, and may be otherwise the next time.
            return self._unchecked(check, files, str(error))
        finally:
            self.watcher.ended(check.name)
            shutil.rmtree(folder, ignore_errors=True)
        memory.remember(key, came)
        return self._verdict(check, files, came, tool)

    def _verdict(
        self, check: Check, files: list[str], came: list[Finding | Skipped], tool: Located, *, remembered: bool = False
    ) -> Verdict:
        found = tuple(sorted(item for item in came if isinstance(item, Finding)))
        left = "; ".join(dict.fromkeys(item.message for item in came if isinstance(item, Skipped)))
        state = State.FOUND if found else State.UNCHECKED if left else State.FINE
        return Verdict(
            check.name,
            check.title(),
            check.code,
            tuple(files),
            state,
            found,
            left,
            check.by(self.site, tool),
            remembered=remembered,
        )

    @staticmethod
    def _unchecked(check: Check, files: list[str], reason: str) -> Verdict:
        return Verdict(check.name, check.title(), check.code, tuple(files), State.UNCHECKED, reason=reason)

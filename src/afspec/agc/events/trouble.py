"""Errors of others told as InputError: whose file, which branch, which entry, and whether to try again."""

from __future__ import annotations

import asyncio
import errno
import re
from typing import Final

from afspec.agc.errors import InputError

# What passes, on shared file systems; a file that was replaced there is stale.
_PASSING: Final = {errno.EIO, errno.ESTALE, errno.ETIMEDOUT, errno.EAGAIN, errno.EINTR, errno.ENETDOWN, errno.EHOSTDOWN}
_LASTING: Final = (FileNotFoundError, PermissionError, IsADirectoryError, NotADirectoryError)
# kXR_ArgInvalid, NotAuthorized, NotFound, Unsupported, isDirectory, AuthFailed (XProtocol.hh); the client tells its own
# errors, all of connections, without such a number.
_XROOTD_LASTING: Final = re.compile(r"\[(3000|3010|3011|3013|3016|3030)\]|[Nn]o such file|[Ii]nvalid (url|URL|hostid)")
# Request Timeout, Too Early, Too Many Requests.
_HTTP_PASSING: Final = {408, 425, 429}
_HTTP_SERVER: Final = 500


def is_remote(file: str) -> bool:
    """Whether an address leads to another machine."""
    return "://" in file and not file.startswith("file://")


def is_transient(error: BaseException, file: str) -> bool:
    """Whether trying again may help."""
    status = getattr(error, "status", None)
    if isinstance(status, int):
        return status in _HTTP_PASSING or status >= _HTTP_SERVER
    if isinstance(error, TimeoutError | asyncio.TimeoutError | ConnectionError):
        return True
    if type(error).__module__.partition(".")[0] == "aiohttp":
        return type(error).__name__ != "InvalidURL"
    return isinstance(error, OSError) and _passes(error, file)


def _passes(error: OSError, file: str) -> bool:
    if isinstance(error, _LASTING):
        return False
    if error.errno is not None:
        return error.errno in _PASSING
    return is_remote(file) and not _XROOTD_LASTING.search(str(error))


def told(error: BaseException, file: str, *, what: str = "", branch: str = "", entry: int | None = None) -> InputError:
    """An error of a library's as the user should see it. One of ours is that already, and must not come of itself."""
    transient = is_transient(error, file)
    if isinstance(error, FileNotFoundError) or (isinstance(error, OSError) and "[3011]" in str(error)):
        return InputError("there is no such file", file, branch=branch, entry=entry, hint="Check the file list")
    # Only the first line: uproot's messages go on for a page.
    reason = (str(error).strip() or type(error).__name__).splitlines()[0].rstrip(".: ")
    return InputError(
        f"{what or 'it cannot be read'}: {reason}",
        file,
        branch=branch,
        entry=entry,
        transient=transient,
        hint="The connection or the server is in trouble" if transient else "",
    )


def missing(wanted: list[str], names: list[str], file: str, tree: str, noun: str = "branches") -> InputError:
    """All branches that a file lacks, with what it has instead."""
    from difflib import get_close_matches  # noqa: PLC0415 (only where something is wrong)

    lacking = []
    for name in wanted:
        near = get_close_matches(name, names, 2, 0.75)
        lacking.append(f"{name} (it has {' and '.join(near)})" if near else name)
    return InputError(
        f"{tree} lacks the {noun} {', '.join(lacking)}",
        file,
        branch=wanted[0] if len(wanted) == 1 else "",
        hint="The analysis reads NanoAOD of another version, or not NanoAOD",
    )
